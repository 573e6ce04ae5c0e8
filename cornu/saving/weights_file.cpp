#include "cornu/saving/weights_file.h"

#include "cornu/base/log.h"
#include "cornu/saving/atomic_file.h"
#include "cornu/saving/legacy_file.h"
#include "cornu/saving/model_state.h"
#include "cornu/saving/safetensors.h"
#include "cornu/saving/shards.h"
#include "cornu/saving/zip.h"

namespace cornu {

namespace saving {

namespace {

enum class Format : uint8_t { weights_h5, shards, keras, safetensors, h5, unknown };

Format format_of(const std::filesystem::path& path) {
    const std::string name = path.string();
    if (name.ends_with(".weights.h5")) return Format::weights_h5;
    if (name.ends_with(".weights.json")) return Format::shards;
    if (name.ends_with(".keras")) return Format::keras;
    if (name.ends_with(".safetensors")) return Format::safetensors;
    if (name.ends_with(".h5") || name.ends_with(".hdf5")) return Format::h5;
    return Format::unknown;
}

void need_built(const Model& model, const char* verb) {
    if (!model.built())
        throw ValueError(str("You are ", verb, " weights of the model '", model.name(), "' that has not yet been built. Build it first by calling it on some data."));
}

void save_safetensors(const Model& model, const std::filesystem::path& path) {
    NamedTensors tensors;
    for (const StateGroup& group : state_of(model)) {
        const std::vector<StateGroup::Array> arrays = group.arrays();
        for (size_t i = 0; i < arrays.size(); ++i) tensors.emplace_back(i < group.variables.size() ? group.key(i) : arrays[i].label, arrays[i].value);
    }
    AtomicFile file(path);
    write_safetensors(file, tensors, {{"format", "keras"}});
    file.commit();
}

StateValues read_file(const Model& model, const std::filesystem::path& path, Format format, const LoadWeightsOptions& options) {
    StoredWeights weights{.file = path.string(), .arrays = {}, .names = {}};
    if (format == Format::safetensors) {
        weights = read_safetensors(ByteSource::open(path), options.limits).weights;
        return read_state(state_of(model), weights, Match::keys, options.skip_mismatch);
    }
    if (format == Format::shards) {
        weights = read_shards(path, options.limits);
    } else {
        ByteSource source = ByteSource::open(path);
        if (format == Format::keras) source = ZipReader(source, options.limits).open("model.weights.h5");
        const Hdf5Group root = Hdf5Group::open(source, options.limits);
        if (format != Format::keras && is_legacy(root)) return read_legacy_state(model, legacy_weights(root), options.by_name, options.skip_mismatch);
        add_hdf5(root, weights);
    }
    return read_state(state_of(model), weights, options.by_name ? Match::names : Match::places, options.skip_mismatch);
}

}  // namespace

void save_weights(const Model& model, const std::filesystem::path& path, const SaveWeightsOptions& options) {
    const Format format = format_of(path);
    if (options.max_shard_size && format != Format::shards)
        throw ValueError(str("The filename must end in `.weights.json` when `max_shard_size` is specified. Received: filepath=", path.string()));
    if (format != Format::weights_h5 && format != Format::shards && format != Format::safetensors)
        throw ValueError(str("The filename must end in `.weights.h5`, `.weights.json` or `.safetensors`. Received: filepath=", path.string()));
    need_built(model, "saving");
    if (format == Format::safetensors) return save_safetensors(model, path);
    if (format == Format::shards) {
        const double gigabytes = options.max_shard_size.value_or(5);
        if (!(gigabytes > 0)) throw ValueError(str("`max_shard_size` must be positive. Received: ", gigabytes));
        return write_shards(state_of(model), path, gigabytes * double(1 << 30));
    }
    Hdf5Writer writer;
    Tensors keep;
    write_state(state_of(model), writer, keep);
    AtomicFile file(path);
    writer.write(file);
    file.commit();
}

LoadReport load_weights(const Model& model, const std::filesystem::path& path, const LoadWeightsOptions& options) {
    const Format format = format_of(path);
    if (format == Format::unknown)
        throw ValueError(str("Weights are read from .weights.h5, .weights.json, .keras, .safetensors and .h5 files. Received: filepath=", path.string()));
    if (options.by_name && format == Format::safetensors) throw ValueError("`by_name` is how safetensors files are read anyway.");
    need_built(model, "loading");
    const bool compiled = model.model_impl().compiled();
    if (compiled) model.optimizer().build(model.trainable_variables());
    const StateValues state = read_file(model, path, format, options);
    LoadReport wanted = state.report;
    if (options.by_name) wanted.missing.clear(), wanted.unexpected.clear();
    if (options.skip_mismatch) {
        if (!wanted.mismatched.empty()) log_message(LogLevel::warning, str(path.string(), ": what does not fit was skipped:\n", wanted.to_string()));
    } else if (options.strict || options.by_name) {
        require_complete(wanted, path.string(), compiled);
    }
    state.assign();
    return state.report;
}

}  // namespace saving

void Model::save_weights(const std::string& path) const { saving::save_weights(*this, path); }
void Model::save_weights(const std::string& path, const SaveWeightsOptions& options) const { saving::save_weights(*this, path, options); }
void Model::load_weights(const std::string& path) const { saving::load_weights(*this, path); }
void Model::load_weights(const std::string& path, const LoadWeightsOptions& options) const { saving::load_weights(*this, path, options); }

}  // namespace cornu
