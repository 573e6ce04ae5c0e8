#include "cornu/saving/legacy_file.h"

#include <set>

#include "cornu/base/error.h"
#include "cornu/models/model_config.h"
#include "cornu/saving/atomic_file.h"

namespace cornu::saving {

namespace {

constexpr const char* top_level = "top_level_model_weights";
constexpr size_t attribute_bytes = 60'000;   // of names in one attribute; HDF5 allows little more

// A list of names, which may be spread over attributes "NAME0", "NAME1", … when it is long.
std::vector<std::string> read_names(const Hdf5Object& object, const std::string& attribute) {
    std::vector<std::string> names;
    const auto add = [&](const Json& list) {
        try {
            for (const Json& name : list.as_array()) names.push_back(name.as_string());
        } catch (const ValueError& e) {
            throw FileError(str(object.source().name(), ", ", object.path(), ": the attribute `", attribute, "` must be a list of names: ", e.what()));
        }
    };
    if (object.has_attribute(attribute)) {
        add(object.attribute(attribute));
        return names;
    }
    for (size_t i = 0; object.has_attribute(attribute + std::to_string(i)); ++i) add(object.attribute(attribute + std::to_string(i)));
    return names;
}

void write_names(Hdf5Writer& writer, const std::string& path, const std::string& attribute, const std::vector<std::string>& names) {
    std::vector<std::vector<std::string>> parts(1);
    size_t longest = 1;
    for (const std::string& name : names) longest = std::max(longest, name.size());
    const size_t room = std::max<size_t>(1, attribute_bytes / longest);
    for (const std::string& name : names) {
        if (parts.back().size() == room) parts.emplace_back();
        parts.back().push_back(name);
    }
    for (size_t i = 0; i < parts.size(); ++i)
        writer.attribute(path, parts.size() == 1 ? attribute : attribute + std::to_string(i), Hdf5Value::bytes(parts[i]));
}

// The order of weights in these files.
Variables legacy_order(const Layer& layer) {
    Variables all = layer.trainable_weights();
    for (const Variable& variable : layer.non_trainable_weights()) all.push_back(variable);
    return all;
}

// The model's own, beside those of its layers.
Variables top_level_variables(const Model& model) {
    Variables all;
    for (const bool trainable : {true, false})
        for (const Variable& variable : model.impl().own_variables())
            if (variable.trainable() == trainable && variable.name() != "seed_generator_state") all.push_back(variable);
    return all;
}

class LegacyReader {
public:
    LegacyReader(const Hdf5Group& weights, bool skip_mismatch) : weights_(weights), skip_(skip_mismatch) {}
    StateValues state;

    std::vector<std::string> weight_names(const std::string& layer) const { return read_names(group(layer), "weight_names"); }
    Hdf5Group group(const std::string& layer) const { return weights_.group(layer); }
    bool has(const std::string& layer) const { return weights_.contains_group(layer); }

    void read(const std::string& name, const Variables& variables, const std::string& what) {
        const Hdf5Group layer = group(name);
        const std::vector<std::string> names = weight_names(name);
        if (names.size() != variables.size()) {
            const std::string detail = str("Weight count mismatch for ", what, ": it expects ", variables.size(), " weight(s), the file has ", names.size(), ".");
            if (!skip_) throw FileError(str(weights_.source().name(), ": ", detail));
            state.report.mismatched.push_back({name, {}, detail});
            return;
        }
        for (size_t i = 0; i < names.size(); ++i) state.take(variables[i], name + "/" + names[i], stored_array(layer.dataset(names[i])));
    }

private:
    Hdf5Group weights_;
    bool skip_;
};

void read_in_order(const Model& model, const Hdf5Group& weights, LegacyReader& reader) {
    std::vector<Layer> layers;
    for (const Layer& layer : model.layers())
        if (!legacy_order(layer).empty()) layers.push_back(layer);
    std::vector<std::string> names;
    for (const std::string& name : read_names(weights, "layer_names"))
        if (!reader.weight_names(name).empty()) names.push_back(name);
    if (names.size() != layers.size())
        throw FileError(str(weights.source().name(), ": Layer count mismatch when loading weights from file. Model expected ", layers.size(), " layers, found ",
                            names.size(), " saved layers."));
    for (size_t k = 0; k < names.size(); ++k)
        reader.read(names[k], legacy_order(layers[k]), str("layer #", k, " (named ", layers[k].name(), " in the current model, ", names[k], " in the save file)"));
}

void read_by_name(const Model& model, const Hdf5Group& weights, LegacyReader& reader) {
    std::map<std::string, std::vector<Layer>> by_name;
    for (const Layer& layer : model.layers()) by_name[layer.name()].push_back(layer);
    std::set<std::string> seen;
    for (const std::string& name : read_names(weights, "layer_names")) {
        const auto found = by_name.find(name);
        if (found == by_name.end()) {
            for (const std::string& weight : reader.weight_names(name)) reader.state.report.unexpected.push_back({name + "/" + weight, {}, "the model has no layer of this name"});
            continue;
        }
        seen.insert(name);
        for (const Layer& layer : found->second) reader.read(name, legacy_order(layer), str("layer ", name));
    }
    for (const auto& [name, layers] : by_name)
        for (const Layer& layer : layers)
            for (const Variable& variable : legacy_order(layer))
                if (!seen.contains(name)) reader.state.report.missing.push_back({name, variable.path(), "the file has no layer of this name"});
}

}  // namespace

bool is_legacy(const Hdf5Group& file) {
    return file.has_attribute("layer_names") || file.has_attribute("layer_names0") || file.contains_group("model_weights");
}

Hdf5Group legacy_weights(const Hdf5Group& file) {
    if (file.has_attribute("layer_names") || file.has_attribute("layer_names0")) return file;
    return file.group("model_weights");
}

StateValues read_legacy_state(const Model& model, const Hdf5Group& weights, bool by_name, bool skip_mismatch) {
    LegacyReader reader(weights, skip_mismatch);
    if (by_name) read_by_name(model, weights, reader);
    else read_in_order(model, weights, reader);
    if (reader.has(top_level)) reader.read(top_level, top_level_variables(model), "top-level weights");
    return std::move(reader.state);
}

StateValues read_legacy_optimizer(const Model& model, const Hdf5Group& file) {
    StateValues state;
    const Variables& variables = model.optimizer().variables();
    const std::string name = "optimizer_weights";
    const std::vector<std::string> names = file.contains_group(name) ? read_names(file.group(name), "weight_names") : std::vector<std::string>();
    if (names.size() == variables.size())
        for (size_t i = 0; i < names.size(); ++i) state.take(variables[i], "optimizer/" + names[i], stored_array(file.group(name).dataset(names[i])));
    if (!state.report.mismatched.empty() || names.size() != variables.size()) {
        state = {};
        for (const Variable& variable : variables)
            state.report.missing.push_back({"optimizer/", variable.path(), "the file holds no state of this optimizer for these variables"});
    }
    return state;
}

void save_legacy_model(const Model& model, const std::filesystem::path& path) {
    const ObjectSharing sharing;
    Json config = serialize_operation(model.model_impl());
    ObjectSharing::drop_unshared(config);
    const Json compiled = model.model_impl().compiled() ? config.get("compile_config") : Json();

    Hdf5Writer writer;
    Tensors keep;
    const auto write_weights = [&](const std::string& group, const Variables& variables) {
        writer.group(group);
        std::vector<std::string> names;
        for (const Variable& variable : variables) {
            keep.push_back(variable.value().to_host());
            names.push_back(variable.path());
            writer.dataset(group + "/" + names.back(), keep.back().shape(), keep.back().dtype(), bytes_of(keep.back()));
        }
        write_names(writer, group, "weight_names", names);
    };
    const std::string weights = "model_weights";
    writer.group(weights);
    std::vector<std::string> names;
    for (const Layer& layer : model.layers()) {
        names.push_back(layer.name());
        write_weights(weights + "/" + layer.name(), legacy_order(layer));
    }
    write_weights(weights + "/" + top_level, top_level_variables(model));
    write_names(writer, weights, "layer_names", names);
    for (const std::string& group : {std::string(), weights}) {
        writer.attribute(group, "backend", Hdf5Value::bytes("cornu"));
        writer.attribute(group, "keras_version", Hdf5Value::bytes("3.15.1"));
    }
    writer.attribute("", "model_config", Hdf5Value::bytes(Json::object({{"class_name", config["class_name"]}, {"config", config["config"]}}).dump()));
    if (!compiled.is_null()) {
        Json training = compiled;
        const Json& optimizer = compiled["optimizer"];
        training.set("optimizer_config", Json::object({{"class_name", optimizer["class_name"]}, {"config", optimizer["config"]}}));
        std::erase_if(training.as_object(), [](const Json::Member& m) { return m.first == "optimizer"; });
        writer.attribute("", "training_config", Hdf5Value::bytes(training.dump()));
        if (const Variables& slots = model.optimizer().variables(); !slots.empty()) write_weights("optimizer_weights", slots);
    }
    AtomicFile file(path);
    writer.write(file);
    file.commit();
}

}  // namespace cornu::saving
