#include <cstring>

#include "cornu/saving/atomic_file.h"
#include "cornu/saving/keras_file.h"
#include "cornu/saving/model_state.h"
#include "cornu/saving/npy.h"
#include "cornu/training/training_state.h"

namespace cornu {

namespace {

constexpr const char* state_member = "training/state.json";
constexpr const char* weights_member = "model.weights.h5";
constexpr std::string_view folder = "training/", suffix = ".npy";

// A class of one's own need not have a config; its weights are enough to go on.
Json config_if_any(const Model& model) {
    try {
        return saving::model_config(model);
    } catch (const Error&) {
        return {};
    }
}

Tensor tensor_of(const saving::ByteSource& member) {
    const saving::NpyArray array = saving::read_npy(member);
    if (array.dtype == DType::string) throw FileError(str(member.name(), ": training state holds numbers only."));
    Tensor out = Tensor::uninitialized(array.shape, array.dtype);
    std::memcpy(out.mutable_raw(), array.bytes.data(), array.bytes.size());
    return out;
}

}  // namespace

void write_training_state(Trainer& trainer, const TrainingState& state, const std::string& path) {
    const std::shared_ptr<Model> model = trainer.model_handle();
    const Json config = config_if_any(*model);
    saving::AtomicFile file(path);
    saving::ZipWriter zip(file);
    saving::add_model(zip, *model, config);
    zip.add(state_member, std::string_view(state.values.dump()));
    for (const auto& [name, value] : state.arrays) {
        const Tensor host = value.to_host();
        saving::MemorySink bytes;
        saving::write_npy(bytes, host.shape(), host.dtype(), saving::bytes_of(host));
        zip.add(str(folder, name, suffix), bytes.bytes());
    }
    zip.finish();
    file.commit();
}

TrainingState read_training_state(Trainer& trainer, const std::string& path) {
    const saving::ZipReader zip(saving::ByteSource::open(path));
    for (const char* name : {state_member, weights_member})
        if (!zip.contains(name)) throw FileError(str(path, ": a file to go on training from must hold ", name, ". There is none."));
    const std::shared_ptr<Model> model = trainer.model_handle();
    trainer.optimizer().build(model->trainable_variables());
    saving::StoredWeights stored{.file = path};
    saving::add_hdf5(saving::Hdf5Group::open(zip.open(weights_member)), stored);
    saving::StateValues weights = saving::read_state(saving::state_of(*model), stored);
    if (!weights.report.complete()) throw FileError(str(path, ": training cannot go on from this file: it is of another model:\n", weights.report.to_string()));
    TrainingState state{.source = path, .variables = std::move(weights.values)};
    const saving::ByteSource text = zip.open(state_member);
    try {
        state.values = Json::parse(text.text(0, text.size()));
    } catch (const ValueError& error) {
        throw FileError(str(text.name(), ": ", error.what()));
    }
    for (const saving::ZipMember& member : zip.members()) {
        if (!member.name.starts_with(folder) || !member.name.ends_with(suffix)) continue;
        const size_t length = member.name.size() - folder.size() - suffix.size();
        state.add(member.name.substr(folder.size(), length), tensor_of(zip.open(member.name)));
    }
    return state;
}

}  // namespace cornu
