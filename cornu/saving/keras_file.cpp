#include "cornu/saving/keras_file.h"

#include <ctime>

#include "cornu/layers/deferred_weights.h"
#include "cornu/layers/weight_budget.h"
#include "cornu/models/model_config.h"
#include "cornu/saving/atomic_file.h"
#include "cornu/saving/hdf5_format.h"
#include "cornu/saving/legacy_file.h"
#include "cornu/saving/model_state.h"
#include "cornu/saving/self_check.h"
#include "cornu/saving/zip.h"
#include "cornu/tensor/safe_mode.h"

namespace cornu {

namespace saving {

namespace {

constexpr const char* config_member = "config.json";
constexpr const char* metadata_member = "metadata.json";
constexpr const char* weights_member = "model.weights.h5";

Json parse_json(std::string_view text, const std::string& where, const LoadLimits& limits) {
    try {
        return Json::parse(text, {.max_bytes = static_cast<size_t>(limits.max_json_bytes), .max_depth = limits.max_json_depth});
    } catch (const ValueError& e) {
        throw FileError(str(where, ": ", e.what()));
    }
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

namespace {

Model make_model(const Json& config, const std::string& where) {
    return as_file_error(where, [&] {
        const ObjectSharing sharing;
        const auto impl = std::dynamic_pointer_cast<CustomModel>(deserialize_operation(config));
        if (!impl) throw ValueError(str("the file must hold a model. Received: class ", config.get("class_name")));
        return Model(impl);
    });
}

void take_over(const StateValues& state, DeferredWeights& deferred, const Model& model, const std::string& file, const LoadOptions& options) {
    if (options.report) *options.report = state.report;
    if (options.strict) require_complete(state.report, file, model.model_impl().compiled());
    state.assign();
    deferred.finish();
}

uint64_t budget_of(const StoredWeights& weights, const LoadOptions& options) {
    const uint64_t there = weights.elements(options.limits);
    return options.strict ? there : std::min(options.limits.max_parameters, there + options.limits.max_missing_parameters);
}

Model load_keras(const ByteSource& file, const LoadOptions& options) {
    const ZipReader zip(file, options.limits);
    for (const char* name : {config_member, weights_member})
        if (!zip.contains(name)) throw FileError(str(file.name(), ": a .keras file must hold ", name, ". There is none."));
    StoredWeights weights{.file = file.name(), .arrays = {}, .names = {}};
    add_hdf5(Hdf5Group::open(zip.open(weights_member), options.limits), weights);
    const std::string where = str(file.name(), ", ", config_member);
    const ByteSource text = zip.open(config_member);
    const Json config = parse_json(text.text(0, text.size()), where, options.limits);

    // A weight that the file does not hold would be refused later; a config may not ask for more.
    const WeightBudget budget(budget_of(weights, options));
    DeferredWeights deferred;
    const Model model = make_model(config, where);
    if (options.compile) as_file_error(where + ", compile_config", [&] { compile_from_config(model.model_impl(), config.get("compile_config")); });
    const std::vector<StateGroup> groups = state_of(model);
    StateValues state = read_state(groups, weights);
    read_assets(groups, zip, file.name(), options.limits, state);
    take_over(state, deferred, model, file.name(), options);
    if (options.self_check) run_self_check(model, zip, options.limits);
    return model;
}

Model load_legacy(const ByteSource& file, const LoadOptions& options) {
    const Hdf5Group root = Hdf5Group::open(file, options.limits);
    const auto json = [&](const char* name) {
        const Json text = root.attribute(name);
        if (!text.is_string()) throw FileError(str(file.name(), ": the attribute ", name, " must be a text."));
        return parse_json(text.as_string(), str(file.name(), ", ", name), options.limits);
    };
    if (!root.has_attribute("model_config"))
        throw FileError(str(file.name(), ": No model config found in the file; a file of weights alone is read by Model::load_weights."));
    if (options.self_check) throw FileError(str(file.name(), ": files of this kind hold no inputs to check the model with."));
    StoredWeights weights{.file = file.name(), .arrays = {}, .names = {}};
    add_hdf5(root, weights);
    const WeightBudget budget(budget_of(weights, options));
    const std::string where = str(file.name(), ", model_config");
    const Json config = as_file_error(where, [&] { return modern_model_config(json("model_config")); });
    DeferredWeights deferred;
    const Model model = make_model(config, where);
    if (options.compile && root.has_attribute("training_config"))
        as_file_error(str(file.name(), ", training_config"), [&] { compile_from_config(model.model_impl(), modern_compile_config(json("training_config"))); });
    StateValues state = read_legacy_state(model, legacy_weights(root), false, false);
    if (model.model_impl().compiled()) {
        StateValues optimizer = read_legacy_optimizer(model, root);
        state.append(std::move(optimizer));
    }
    take_over(state, deferred, model, file.name(), options);
    return model;
}

}  // namespace

Model load_model(const ByteSource& file, const LoadOptions& options) {
    const SafeMode safe_mode(options.safe_mode);
    const bool hdf5 = file.size() >= hdf5::signature.size() && file.text(0, hdf5::signature.size()) == hdf5::signature;
    return hdf5 ? load_legacy(file, options) : load_keras(file, options);
}

Json model_config(const Model& model) {
    const ObjectSharing sharing;
    Json config = serialize_operation(model.model_impl());
    ObjectSharing::drop_unshared(config);
    return config;
}

void add_model(ZipWriter& zip, const Model& model, const Json& config, const KerasVersion& version) {
    Hdf5Writer weights;
    Tensors keep;
    const std::vector<StateGroup> groups = state_of(model);
    write_state(groups, weights, keep);
    zip.add(metadata_member, std::string_view(Json::object({{"keras_version", to_string(version)}, {"date_saved", now()}}).dump()));
    if (!config.is_null()) zip.add(config_member, std::string_view(config.dump()));
    weights.write(zip.begin(weights_member, weights.size()));
    zip.end();
    write_assets(groups, zip);
}

void save_model(const Model& model, const std::filesystem::path& path, const SaveOptions& options) {
    if (path.extension() == ".h5" && !path.string().ends_with(".weights.h5")) {
        if (options.self_check) throw ValueError("self_check needs a .keras file.");
        if (!options.keras_version.empty()) throw ValueError("keras_version needs a .keras file.");
        for (const StateGroup& group : state_of(model))
            if (group.stored && !group.stored->asset_names().empty())
                throw ValueError(str("an .h5 file has no place for the vocabulary of the layer \"", group.name, "\"; save a .keras file. Received: filepath=", path.string()));
        save_legacy_model(model, path);
        return;
    }
    if (path.extension() != ".keras")
        throw ValueError(str("Invalid `filepath` argument: expected a `.keras` extension. Received: filepath=", path.string()));
    const std::vector<std::byte> self_check = options.self_check ? make_self_check(model, options.self_check_inputs) : std::vector<std::byte>();
    const KerasVersion version = options.keras_version.empty() ? written_keras_version : parse_keras_version(options.keras_version);
    const Json config = config_for_version(model_config(model), version);
    AtomicFile file(path);
    ZipWriter zip(file);
    add_model(zip, model, config, version);
    if (options.self_check) zip.add(self_check_member, self_check);
    zip.finish();
    file.commit();
}

}  // namespace saving

Model load_model(const std::filesystem::path& path, const LoadOptions& options) {
    return saving::load_model(saving::ByteSource::open(path), options);
}

void Model::save(const std::string& path) const { saving::save_model(*this, path); }
void Model::save(const std::string& path, const SaveOptions& options) const { saving::save_model(*this, path, options); }

}  // namespace cornu
