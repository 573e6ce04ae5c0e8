#include "cornu/saving/keras_file.h"

#include <ctime>

#include "cornu/layers/weight_budget.h"
#include "cornu/models/model_config.h"
#include "cornu/saving/atomic_file.h"
#include "cornu/saving/model_state.h"
#include "cornu/saving/zip.h"

namespace cornu {

namespace saving {

namespace {

constexpr const char* config_member = "config.json";
constexpr const char* metadata_member = "metadata.json";
constexpr const char* weights_member = "model.weights.h5";
constexpr const char* keras_version = "3.15.1";   // whose format this is

Json parse_member(const ZipReader& zip, const char* name, const LoadLimits& limits) {
    const ByteSource bytes = zip.open(name);
    try {
        return Json::parse(bytes.text(0, bytes.size()), {.max_bytes = static_cast<size_t>(limits.max_json_bytes), .max_depth = limits.max_json_depth});
    } catch (const ValueError& e) {
        throw FileError(str(bytes.name(), ": ", e.what()));
    }
}

uint64_t elements_in(const Hdf5Group& group) {
    uint64_t count = 0;
    for (const std::string& name : group.names())
        count += group.contains_group(name) ? elements_in(group.group(name)) : static_cast<uint64_t>(group.dataset(name).shape().size());
    return count;
}

std::string now() {
    const std::time_t time = std::time(nullptr);
    std::tm local{};
    localtime_r(&time, &local);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d@%H:%M:%S", &local);
    return text;
}

// What the file's words mean for this model is the file's fault, whoever finds it.
template <class F>
auto as_file_error(const std::string& where, F&& f) {
    try {
        return f();
    } catch (const ValueError& e) {
        throw FileError(str(where, ": ", e.what()));
    } catch (const UnsupportedError& e) {
        throw UnsupportedError(str(where, ": ", e.what()));
    }
}

void compile_from_config(CustomModel& model, const Json& config) {
    if (!config.is_object() || config.size() == 0) return;
    model.compile(read_compile_config(config));
    if (model.built()) model.optimizer().build(Model(Layer(model.shared_from_this())).trainable_variables());
}

}  // namespace

Model load_model(const ByteSource& file, const LoadOptions& options) {
    const ZipReader zip(file, options.limits);
    for (const char* name : {config_member, weights_member})
        if (!zip.contains(name)) throw FileError(str(file.name(), ": a .keras file must hold ", name, ". There is none."));
    const Hdf5Group weights = Hdf5Group::open(zip.open(weights_member), options.limits);
    const Json config = parse_member(zip, config_member, options.limits);
    const std::string where = str(file.name(), ", ", config_member);

    // A weight that the file does not hold would be refused later; a config may not ask for more.
    const WeightBudget budget(std::min(options.limits.max_parameters, elements_in(weights)));
    const Model model = as_file_error(where, [&] {
        const ObjectSharing sharing;
        const auto impl = std::dynamic_pointer_cast<CustomModel>(deserialize_operation(config));
        if (!impl) throw ValueError(str("the file must hold a model. Received: class ", config.get("class_name")));
        return Model(impl);
    });
    if (options.compile) as_file_error(where + ", compile_config", [&] { compile_from_config(model.model_impl(), config.get("compile_config")); });

    const StateValues state = read_state(state_of(model), weights);
    if (options.report) *options.report = state.report;
    LoadReport wanted = state.report;
    // Without compiling there is no place for the optimizer's state.
    if (!model.model_impl().compiled())
        std::erase_if(wanted.unexpected, [](const LoadReport::Entry& e) { return e.place.starts_with("optimizer/"); });
    if (options.strict) require_complete(wanted, file.name());
    state.assign();
    return model;
}

Json model_config(const Model& model) {
    const ObjectSharing sharing;
    Json config = serialize_operation(model.model_impl());
    ObjectSharing::drop_unshared(config);
    return config;
}

void add_model(ZipWriter& zip, const Model& model, const Json& config) {
    Hdf5Writer weights;
    Tensors keep;
    write_state(state_of(model), weights, keep);
    zip.add(metadata_member, std::string_view(Json::object({{"keras_version", keras_version}, {"date_saved", now()}}).dump()));
    if (!config.is_null()) zip.add(config_member, std::string_view(config.dump()));
    weights.write(zip.begin(weights_member, weights.size()));
    zip.end();
}

void save_model(const Model& model, const std::filesystem::path& path) {
    if (path.extension() != ".keras")
        throw ValueError(str("Invalid `filepath` argument: expected a `.keras` extension. Received: filepath=", path.string()));
    const Json config = model_config(model);
    AtomicFile file(path);
    ZipWriter zip(file);
    add_model(zip, model, config);
    zip.finish();
    file.commit();
}

}  // namespace saving

Model load_model(const std::filesystem::path& path, const LoadOptions& options) {
    return saving::load_model(saving::ByteSource::open(path), options);
}

void Model::save(const std::string& path) const { saving::save_model(*this, path); }

}  // namespace cornu
