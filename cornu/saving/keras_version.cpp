#include "cornu/saving/keras_version.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "cornu/base/error.h"

namespace cornu::saving {

namespace {

struct Since {
    const char* name;       // of a class or function: "keras.layers.Dense"
    const char* argument;   // of its constructor; empty: the class itself; "=": that name of the class
    KerasVersion version;
    const char* value;      // what is done without the argument, as JSON; empty when nothing is known;
                            //   the name until then
};

constexpr Since table[] = {
#include "cornu/saving/keras_versions.inc"
};

// Forms that came later; no signature tells of them.
constexpr KerasVersion dtype_policies_are_objects{3, 4, 0};   // before, "mixed_float16"
constexpr KerasVersion tensors_are_nested{3, 4, 0};           // before, a list or a dict of places
constexpr KerasVersion heads_output_lists{3, 7, 0};           // MultiHeadAttention(output_shape=[5]); before, 5
constexpr KerasVersion nulls_among_tensors{3, 4, 0};          // mask=[None, mask]
constexpr KerasVersion ellipsis_is_written{3, 3, 0};
constexpr KerasVersion keys_are_lists{3, 2, 0};               // x[:, 1:], which JSON makes a list of

constexpr auto key_of = [](const Since& s) { return std::pair<std::string_view, std::string_view>(s.name, s.argument); };
static_assert(std::is_sorted(std::begin(table), std::end(table), [](const Since& a, const Since& b) { return key_of(a) < key_of(b); }));

const Since* find(std::string_view name, std::string_view argument) {
    const std::pair wanted(name, argument);
    const auto at = std::lower_bound(std::begin(table), std::end(table), wanted, [&](const Since& s, const auto& k) { return key_of(s) < k; });
    return at != std::end(table) && key_of(*at) == wanted ? at : nullptr;
}

// An argument that is off by default is None or False there, and may be the other in a config.
bool is_off(const Json& value) { return value.is_null() || value == Json(false); }

bool says_nothing(const Json& value, const Since& since) {
    // A label: nodes of a graph name their layers themselves.
    if (std::string_view(since.argument) == "name" || value.is_null()) return true;
    if (std::string_view(since.argument) == "data_format" && value == Json("channels_last")) return true;   // what Keras is set to by default
    if (*since.value == '\0') return false;
    const Json without = Json::parse(since.value);
    return value == without || (is_off(value) && is_off(without));
}

std::string text_of(const Json& json, std::string_view key) {
    const Json& value = json.get(key);
    return value.is_string() ? value.as_string() : std::string();
}

// [[name, node, output], …]: one place is a list that begins with a name.
bool is_place(const Json& json) { return json.is_array() && json.size() == 3 && json[0].is_string(); }

// Where in the model: the path of the innermost thing with a name.
class Downgrade {
public:
    explicit Downgrade(const KerasVersion& version) : version_(version) {}

    void any(Json& json, const std::string& path) const {
        if (json.is_array())
            for (Json& item : json.as_array()) any(item, path);
        if (!json.is_object()) return;
        if (json.get("class_name").is_string()) return object(json, path);
        for (auto& [key, value] : json.as_object()) any(value, path);
    }

private:
    void object(Json& json, const std::string& outer) const {
        const std::string class_name = text_of(json, "class_name"), module = text_of(json, "module");
        const std::string name = str(module, ".", class_name);
        if (name == "keras.DTypePolicy" && version_ < dtype_policies_are_objects) {
            json = Json(json["config"]["name"]);
            return;
        }
        if (class_name == "__ellipsis__") require(ellipsis_is_written, "an ellipsis", "", outer);
        const std::string own = text_of(json.get("config"), "name");
        const std::string path = own.empty() ? outer : outer.empty() ? own : str(outer, "/", own);
        const std::string where = str("[", module.starts_with("keras.") ? module.substr(6) : module, ".", class_name, " \"", path, "\"] ");
        if (const Since* since = find(name, "")) require(since->version, "the class", "", where);
        if (const Since* since = find(name, "="); since && since->version > version_) rename(json, since->value);
        if (Json* config = json.find("config"); config && config->is_object()) arguments(name, *config, where);
        if (Json* nodes = json.find("inbound_nodes")) calls(name, *nodes, where);
        for (auto& [key, value] : json.as_object())
            if (key == "compile_config" && value.is_object()) compile_config(value, path);
            else any(value, path);
    }

    static void rename(Json& json, std::string_view name) {
        const size_t dot = name.rfind('.');
        json.set("module", name.substr(0, dot));
        json.set("class_name", name.substr(dot + 1));
    }

    void calls(const std::string& name, Json& nodes, const std::string& where) const {
        if (!nodes.is_array()) return;
        for (Json& node : nodes.as_array()) {
            const Json& args = node.get("args");
            if (name == "keras.src.ops.numpy.GetItem" && args.size() == 2 && args[1].is_array()) require(keys_are_lists, "a key of several parts", args[1].dump(), where);
            Json* kwargs = node.find("kwargs");
            if (!kwargs || !kwargs->is_object()) continue;
            // A mask of null is no mask; older versions take it for an argument that is no tensor.
            std::erase_if(kwargs->as_object(), [](const Json::Member& m) { return m.first.ends_with("mask") && m.second.is_null(); });
            for (const auto& [key, value] : kwargs->as_object())
                if (value.is_array() && std::ranges::count(value.as_array(), Json()) > 0) require(nulls_among_tensors, str("null in the list ", key), "", where);
        }
    }

    void arguments(const std::string& name, Json& config, const std::string& where) const {
        std::erase_if(config.as_object(), [&](const Json::Member& m) {
            const Since* since = find(name, m.first);
            if (!since || since->version <= version_) return false;
            if (!says_nothing(m.second, *since)) require(since->version, m.first, str(m.first, "=", m.second), where);
            return true;
        });
        for (auto& [key, value] : config.as_object()) {
            if (key.ends_with("activation")) function(value, {"keras.activations."}, key, where);
            if (name == "keras.layers.MultiHeadAttention" && key == "output_shape" && value.is_array() && version_ < heads_output_lists) {
                if (value.size() != 1) require(heads_output_lists, "an output_shape of several dimensions", value.dump(), where);
                value = Json(value[0]);
            }
            if (key == "input_layers" || key == "output_layers") places(value, key, where);
        }
    }

    // Losses and metrics may be plain names.
    void compile_config(Json& config, const std::string& path) const {
        const std::string where = str("[compile \"", path, "\"] ");
        arguments("keras.Model.compile", config, where);
        for (auto& [key, value] : config.as_object()) {
            if (key == "loss") functions(value, {"keras.losses."}, key, where);
            if (key == "metrics" || key == "weighted_metrics") functions(value, {"keras.metrics.", "keras.losses."}, key, where);
            any(value, path);
        }
    }

    void functions(const Json& json, std::initializer_list<const char*> rooms, const std::string& key, const std::string& where) const {
        if (json.is_string()) function(json, rooms, key, where);
        if (json.is_array())
            for (const Json& item : json.as_array()) functions(item, rooms, key, where);
        if (json.is_object() && !json.contains("class_name"))
            for (const auto& [output, item] : json.as_object()) functions(item, rooms, key, where);
    }
    void function(const Json& json, std::initializer_list<const char*> rooms, const std::string& key, const std::string& where) const {
        if (!json.is_string()) return;
        for (const char* room : rooms)
            if (const Since* since = find(room + json.as_string(), "")) return require(since->version, str(key, "=", json), "", where);
    }

    // A lone tensor was a list of one; deeper structures there were none.
    void places(Json& json, const std::string& key, const std::string& where) const {
        if (version_ >= tensors_are_nested) return;
        if (is_place(json)) {
            json = Json::array({json});
            return;
        }
        const auto flat = [&](const Json& place) {
            if (!is_place(place)) require(tensors_are_nested, str(key, " nested deeper than a list or a dict"), "", where);
        };
        if (json.is_array()) for (const Json& item : json.as_array()) flat(item);
        if (json.is_object()) for (const auto& [name, item] : json.as_object()) flat(item);
    }

    void require(const KerasVersion& since, const std::string& what, const std::string& received, const std::string& where) const {
        if (since <= version_) return;
        throw ValueError(str(where, what, " came with Keras ", to_string(since), " and cannot be saved for keras_version=", to_string(version_), ".",
                             received.empty() ? "" : " Received: ", received));
    }

    const KerasVersion version_;
};

}  // namespace

KerasVersion parse_keras_version(std::string_view text) {
    KerasVersion version{0, 0, 0};
    int* const parts[] = {&version.major, &version.minor, &version.patch};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (size_t i = 0;; ++at) {
        const auto [rest, error] = std::from_chars(at, end, *parts[i]);
        const bool number = error == std::errc() && *at != '-';
        at = rest;
        if (number && at == end && i > 0) break;
        if (!number || at == end || *at != '.' || ++i == std::size(parts))
            throw ValueError(str("keras_version must be a version such as \"3.3.0\". Received: keras_version=\"", text, "\""));
    }
    if (version.major != written_keras_version.major)
        throw ValueError(str("keras_version must be one of Keras 3, whose files these are. Received: keras_version=\"", text, "\""));
    return std::min(version, written_keras_version);
}

std::string to_string(const KerasVersion& version) { return str(version.major, ".", version.minor, ".", version.patch); }

Json config_for_version(Json config, const KerasVersion& version) {
    if (version < written_keras_version) Downgrade(version).any(config, "");
    return config;
}

}  // namespace cornu::saving
