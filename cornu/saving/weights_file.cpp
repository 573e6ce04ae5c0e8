#include "cornu/saving/weights_file.h"

#include "cornu/saving/atomic_file.h"
#include "cornu/saving/model_state.h"

namespace cornu {

namespace saving {

namespace {
void check(const Model& model, const std::filesystem::path& path, const char* verb) {
    if (!path.string().ends_with(".weights.h5"))
        throw ValueError(str("The filename must end in `.weights.h5`. Received: filepath=", path.string()));
    if (!model.built())
        throw ValueError(str("You are ", verb, " weights of the model '", model.name(), "' that has not yet been built. Build it first by calling it on some data."));
}
}  // namespace

void save_weights(const Model& model, const std::filesystem::path& path) {
    check(model, path, "saving");
    Hdf5Writer writer;
    Tensors keep;
    write_state(state_of(model), writer, keep);
    AtomicFile file(path);
    writer.write(file);
    file.commit();
}

LoadReport load_weights(const Model& model, const std::filesystem::path& path, const LoadWeightsOptions& options) {
    check(model, path, "loading");
    const Hdf5Group weights = Hdf5Group::open(ByteSource::open(path), options.limits);
    if (model.model_impl().compiled()) model.optimizer().build(model.trainable_variables());
    const StateValues state = read_state(state_of(model), weights);
    LoadReport wanted = state.report;
    if (!model.model_impl().compiled())
        std::erase_if(wanted.unexpected, [](const LoadReport::Entry& e) { return e.place.starts_with("optimizer/"); });
    if (options.strict) require_complete(wanted, path.string());
    state.assign();
    return state.report;
}

}  // namespace saving

void Model::save_weights(const std::string& path) const { saving::save_weights(*this, path); }
void Model::load_weights(const std::string& path) const { saving::load_weights(*this, path); }

}  // namespace cornu
