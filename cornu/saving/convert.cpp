#include "cornu/saving/convert.h"

#include "cornu/saving/atomic_file.h"
#include "cornu/saving/keras_file.h"
#include "cornu/saving/legacy_file.h"
#include "cornu/saving/safetensors.h"
#include "cornu/saving/shards.h"
#include "cornu/saving/weights_file.h"

namespace cornu::saving {

namespace {

bool ends_with(const std::filesystem::path& path, const char* extension) { return path.string().ends_with(extension); }
bool is_model(const std::filesystem::path& path) {
    return ends_with(path, ".keras") || ((ends_with(path, ".h5") || ends_with(path, ".hdf5")) && !ends_with(path, ".weights.h5"));
}
bool is_weights(const std::filesystem::path& path) {
    return ends_with(path, ".weights.h5") || ends_with(path, ".weights.json") || ends_with(path, ".safetensors");
}

StoredWeights read_weights(const std::filesystem::path& path, const LoadLimits& limits) {
    StoredWeights weights{.file = path.string(), .arrays = {}, .names = {}};
    if (ends_with(path, ".safetensors")) weights = read_safetensors(ByteSource::open(path), limits).weights;
    else if (ends_with(path, ".weights.json")) weights = read_shards(path, limits);
    else {
        const Hdf5Group root = Hdf5Group::open(ByteSource::open(path), limits);
        if (is_legacy(root)) throw FileError(str(path.string(), ": weights as Keras 2 wrote them need their model: load them into it."));
        add_hdf5(root, weights);
    }
    (void)weights.elements(limits);
    return weights;
}

bool is_place(const std::string& name) { return name.starts_with("vars/") || name.find("/vars/") != std::string::npos; }

}  // namespace

void convert(const std::filesystem::path& in, const std::filesystem::path& out, const LoadLimits& limits) {
    if (!is_model(in) && !is_weights(in)) throw FileError(str(in.string(), ": a model (.keras, .h5) or weights (.weights.h5, .weights.json, .safetensors) were expected."));
    if (!is_model(out) && !is_weights(out)) throw FileError(str("converted to .keras, .h5, .weights.h5, .weights.json or .safetensors. Received: ", out.string()));
    if (is_model(in)) {
        const Model model = cornu::load_model(in, {.limits = limits});
        if (is_model(out)) save_model(model, out);
        else save_weights(model, out);
        return;
    }
    if (is_model(out)) throw FileError(str(in.string(), ": weights alone make no model, for their config is missing."));
    if (ends_with(out, ".weights.json")) throw FileError(str(out.string(), ": sharded weights are written from a model."));
    const StoredWeights weights = read_weights(in, limits);
    AtomicFile file(out);
    if (ends_with(out, ".safetensors")) {
        NamedTensors tensors;
        for (const auto& [place, array] : weights.arrays) tensors.emplace_back(place, array.read());
        write_safetensors(file, tensors, {{"format", "keras"}});
    } else {
        Hdf5Writer writer;
        for (const auto& [place, array] : weights.arrays) {
            if (!is_place(place))
                throw FileError(str(in.string(), ": ", place, " is no place in Keras's layout (layers/dense/vars/0): load the weights into their model instead."));
            writer.dataset(place, array.shape, array.dtype, [array = array](Sink& sink) { const Tensor value = array.read(); sink.write(bytes_of(value)); });
        }
        for (const auto& [place, name] : weights.names) writer.attribute(place, "name", Hdf5Value::text(name));
        writer.write(file);
    }
    file.commit();
}

}  // namespace cornu::saving
