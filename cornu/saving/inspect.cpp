#include "cornu/saving/inspect.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "cornu/base/error.h"
#include "cornu/base/naming.h"
#include "cornu/layers/registry.h"
#include "cornu/saving/hdf5_format.h"
#include "cornu/saving/legacy_file.h"
#include "cornu/saving/npy.h"
#include "cornu/saving/safetensors.h"
#include "cornu/saving/shards.h"
#include "cornu/saving/zip.h"

namespace cornu::saving {

namespace {

constexpr int64_t huge = int64_t(1) << 31;   // a size in a config that no published model comes near

// Classes by which loading such a file in Python has run code, or opened files.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> dangerous = {{
    {"Lambda", "a Lambda layer calls a function that the file names, or brings as Python code"},
    {"__lambda__", "Python code"},
    {"TorchModuleWrapper", "holds a Python pickle or a TorchScript program, which runs code when it is loaded"},
    {"TFSMLayer", "loads a foreign SavedModel from a path"},
    {"function", "names a Python function"},
}};
// Arguments that Keras has opened as files or addresses.
constexpr std::array<std::string_view, 8> path_keys = {"vocabulary", "filepath", "file_path", "path", "fname", "origin", "url", "idf_weights"};

class Inspector {
public:
    Inspector(const ByteSource& source, const LoadLimits& limits) : source_(source), limits_(limits) {}
    Json out = Json::object();

    void suspect(const std::string& where, const std::string& what) {
        for (const Json& item : suspicious_)
            if (item["where"] == Json(where) && item["what"] == Json(what)) return;
        suspicious_.push_back(Json::object({{"where", where}, {"what", what}}));
    }

    template <class F>
    void attempt(const std::string& where, F&& f) {
        try {
            f();
        } catch (const Error& e) {
            suspect(where, e.what());
        }
    }

    void keras() {
        std::optional<ZipReader> zip;
        attempt("archive", [&] { zip.emplace(source_, limits_); });
        if (!zip) return;
        members(*zip);
        std::optional<Json> config;
        for (const char* name : {"metadata.json", "config.json"}) {
            if (!zip->contains(name)) {
                suspect(name, "a .keras file must hold it");
                continue;
            }
            attempt(name, [&] {
                const Json json = parse(zip->open(name).bytes());
                if (std::string_view(name) == "config.json") config = json;
                else metadata(json);
            });
        }
        if (config) attempt("config.json", [&] { read_config(*config); });
        if (!zip->contains("model.weights.h5")) suspect("model.weights.h5", "a .keras file must hold it");
        else attempt("model.weights.h5", [&] { read_hdf5(zip->open("model.weights.h5"), config ? &*config : nullptr); });
    }

    void hdf5(const ByteSource& source) {
        attempt("file", [&] { read_hdf5(source, nullptr); });
    }

    void npz() {
        attempt("archive", [&] {
            const ZipReader zip(source_, limits_);
            members(zip, true);
            const NpzReader arrays(source_, limits_);
            Json list = Json::array();
            for (const std::string& name : arrays.names())
                attempt(name, [&] {
                    const NpyArray array = arrays.read(name);
                    list.push_back(weight(name, "", array.shape, array.dtype));
                });
            out.set("weights", std::move(list));
        });
    }

    void weights(const StoredWeights& stored, const Json* config) {
        Json list = Json::array();
        int64_t parameters = 0;
        for (const auto& [place, array] : stored.arrays) {
            const size_t slash = place.rfind('/');
            const auto name = slash == std::string::npos ? stored.names.end() : stored.names.find(place.substr(0, slash));
            list.push_back(weight(place, name == stored.names.end() ? "" : name->second, array.shape, array.dtype));
            if (!place.starts_with("optimizer")) parameters += array.shape.size();
        }
        out.set("weights", std::move(list));
        out.set("parameters", parameters);
        attempt("weights", [&] { (void)stored.elements(limits_); });
        if (config) report(stored, *config);
    }

    Json finish() {
        out.set("suspicious", Json(std::move(suspicious_)));
        return std::move(out);
    }

private:
    Json parse(std::span<const std::byte> bytes) const {
        return Json::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                           {.max_bytes = static_cast<size_t>(limits_.max_json_bytes), .max_depth = limits_.max_json_depth});
    }

    static Json weight(const std::string& path, const std::string& layer, const Shape& shape, DType dtype) {
        Json dims = Json::array();
        for (const int64_t dim : shape) dims.push_back(dim);
        Json row = Json::object({{"path", path}});
        if (!layer.empty()) row.set("layer", layer);
        row.set("shape", std::move(dims));
        row.set("dtype", name(dtype));
        return row;
    }

    void members(const ZipReader& zip, bool any_name = false) {
        Json list = Json::array();
        for (const ZipMember& m : zip.members()) {
            list.push_back(Json::object({{"name", m.name}, {"size", m.size}, {"stored_size", m.stored_size}, {"compressed", m.method == ZipMethod::deflated}}));
            const bool known = m.name == "metadata.json" || m.name == "config.json" || m.name == "model.weights.h5" || m.name.starts_with("assets/") || m.name == "cornu/self_check.npz";
            if (!known && !any_name) suspect(m.name, "a member that Keras does not write");
            for (const char* extension : {".pkl", ".pickle", ".py", ".pyc", ".so", ".dll", ".exe", ".sh"})
                if (m.name.ends_with(extension)) suspect(m.name, "code, or a pickle, has no place in a model file");
            attempt(m.name, [&] { (void)zip.open(m.name); });
        }
        out.set("members", std::move(list));
    }

    void metadata(const Json& json) {
        for (const char* key : {"keras_version", "date_saved"})
            if (const Json& value = json.get(key); value.is_string()) out.set(key, value);
    }

    // ---- configs ----

    void read_config(const Json& config) {
        scan(config, "config.json", 0);
        Json list = Json::array();
        layers(config, "", list);
        out.set("layers", std::move(list));
    }

    void layers(const Json& model, const std::string& prefix, Json& list) {
        const Json& items = model.get("config").is_array() ? model.get("config") : model.get("config").get("layers");
        if (!items.is_array()) return;
        for (const Json& layer : items.as_array()) {
            if (!layer.get("class_name").is_string()) {
                suspect("config.json", "a layer without a class name");
                continue;
            }
            const std::string class_name = layer["class_name"].as_string();
            std::string name = prefix;
            for (const Json* at : {&layer.get("name"), &layer.get("config").get("name")})
                if (at->is_string()) {
                    name = prefix + at->as_string();
                    break;
                }
            SerializedObject object{.module = {}, .class_name = class_name, .registered_name = {}};
            if (layer.get("module").is_string()) object.module = layer["module"].as_string();
            if (layer.get("registered_name").is_string()) object.registered_name = layer["registered_name"].as_string();
            if (const std::string own = name.substr(prefix.size()); own.find_first_of("/\\") != std::string::npos || own.find("..") != std::string::npos)
                suspect(name, "the name of the layer is a path");
            const bool is_model = layer.get("config").get("layers").is_array();
            const bool op = object.module.starts_with("keras.src.ops.");
            const bool known = is_model || op || layers::find_layer_class(object) != nullptr;
            Json row = Json::object({{"name", name}, {"class_name", class_name}});
            if (!object.registered_name.empty() && object.registered_name != class_name) row.set("registered_name", object.registered_name);
            row.set("known", known);
            list.push_back(std::move(row));
            if (!known) suspect(name, str("class ", describe_object(object), " is not known; loading the file would refuse it unless it is registered"));
            if (is_model) layers(layer, name + "/", list);
        }
    }

    // JSON is at most LoadLimits::max_json_depth deep, so that calls are too.
    void scan(const Json& json, const std::string& where, int depth) {
        if (json.is_array()) {
            for (const Json& item : json.as_array()) scan(item, where, depth + 1);
            return;
        }
        if (!json.is_object()) return;
        std::string here = where;
        if (const Json& name = json.get("name"); name.is_string()) here = name.as_string();
        else if (const Json& inner = json.get("config").get("name"); inner.is_string()) here = inner.as_string();
        if (const Json& class_name = json.get("class_name"); class_name.is_string()) {
            for (const auto& [name, what] : dangerous)
                if (class_name.as_string() == name) suspect(here, std::string(what));
            const Json& module = json.get("module");
            if (module.is_string() && !module.as_string().empty() && module.as_string() != "keras" && module.as_string() != "builtins" && !module.as_string().starts_with("keras."))
                suspect(here, str("names the Python module ", module.dump()));
            if (module == Json("builtins") && class_name != Json("function"))
                suspect(here, str("names Python's built-in ", class_name.dump()));
            if (class_name.as_string().find("unsafe") != std::string::npos || class_name.as_string() == "get_file") suspect(here, str("calls ", class_name.dump()));
            if (module.is_string() && (module.as_string().starts_with("keras.src.utils") || module.as_string().starts_with("keras.utils") || module.as_string().starts_with("keras.config") ||
                                       module.as_string().starts_with("keras.src.saving") || module.as_string().starts_with("keras.saving")))
                suspect(here, str("names ", module.as_string(), ".", class_name.as_string(), ", which is no part of a model"));
        }
        for (const auto& [key, value] : json.as_object()) {
            const bool path_key = std::find(path_keys.begin(), path_keys.end(), key) != path_keys.end();
            if (path_key && value.is_string() && !value.as_string().empty()) suspect(here, str("`", key, "` is a path or address: ", value.dump()));
            if (value.is_int() && (value.as_int() >= huge || value.as_int() <= -huge) && key != "seed" && key != "shared_object_id") suspect(here, str("`", key, "` is huge: ", value.dump()));
            scan(value, here, depth + 1);
        }
    }

    // ---- weights ----

    void read_hdf5(const ByteSource& source, const Json* config) {
        const Hdf5Group root = Hdf5Group::open(source, limits_);
        std::optional<Json> own;
        for (const char* key : {"keras_version", "backend"})
            if (root.has_attribute(key)) attempt(key, [&] { out.set(key, root.attribute(key)); });
        if (root.has_attribute("model_config"))
            attempt("model_config", [&] {
                own = parse(std::as_bytes(std::span(root.attribute("model_config").as_string())));
                read_config(*own);
            });
        StoredWeights stored{.file = source.name(), .arrays = {}, .names = {}};
        add_hdf5(root, stored);
        weights(stored, config);
    }

    // Which layer of the config each array belongs to, by the places that Keras gives them.
    static void expected_groups(const Json& model, const std::string& path, std::map<std::string, std::string>& groups) {
        const Json& items = model.get("config").get("layers");
        if (!items.is_array()) return;
        std::map<std::string, int> used;
        for (const Json& layer : items.as_array()) {
            const Json& class_name = layer.get("class_name");
            if (!class_name.is_string() || (layer.get("module").is_string() && layer["module"].as_string().starts_with("keras.src.ops."))) continue;
            if (class_name == Json("InputLayer") && model.get("class_name") == Json("Sequential")) continue;
            std::string place = utils::to_snake_case(class_name.as_string());
            if (const int seen = used[place]++; seen > 0) place += "_" + std::to_string(seen);
            place = path + "layers/" + place;
            const Json& name = layer.get("config").get("name");
            groups[place] = name.is_string() ? name.as_string() : place;
            expected_groups(layer, place + "/", groups);
        }
    }

    void report(const StoredWeights& stored, const Json& config) {
        std::map<std::string, std::string> groups;
        expected_groups(config, "", groups);
        Json read = Json::array(), unexpected = Json::array(), without = Json::array();
        std::set<std::string> used;
        for (const auto& [place, array] : stored.arrays) {
            bool known = place.starts_with("optimizer/") || place.starts_with("vars/");
            for (size_t slash = place.find('/'); slash != std::string::npos; slash = place.find('/', slash + 1))
                if (groups.contains(place.substr(0, slash))) {
                    known = true;
                    used.insert(place.substr(0, slash));
                }
            (known || groups.empty() ? read : unexpected).push_back(place);
        }
        for (const auto& [group, name] : groups)
            if (!used.contains(group)) without.push_back(name);
        for (const Json& place : unexpected.as_array()) suspect(place.as_string(), "the config has no layer for this array");
        out.set("report", Json::object({{"read", std::move(read)}, {"unexpected", std::move(unexpected)}, {"layers_without_weights", std::move(without)}}));
    }

    const ByteSource& source_;
    const LoadLimits& limits_;
    Json::Array suspicious_;
};

bool starts_with(const ByteSource& source, std::string_view text) { return source.size() >= text.size() && source.text(0, text.size()) == text; }

}  // namespace

Json inspect(const std::filesystem::path& path, const LoadLimits& limits) {
    const ByteSource source = ByteSource::open(path);
    Inspector look(source, limits);
    const std::string file = path.string();
    const auto describe = [&](const char* format) {
        look.out = Json::object({{"file", file}, {"format", format}, {"size", source.size()}});
    };
    if (starts_with(source, hdf5::signature)) {
        describe(file.ends_with(".weights.h5") ? "weights.h5" : "h5");
        look.hdf5(source);
    } else if (starts_with(source, "\x93NUMPY")) {
        describe("npy");
        look.attempt("file", [&] { (void)read_npy(source, limits); });
    } else if (starts_with(source, "PK")) {
        const bool npz = file.ends_with(".npz");
        describe(npz ? "npz" : "keras");
        npz ? look.npz() : look.keras();
    } else if (file.ends_with(".safetensors")) {
        describe("safetensors");
        look.attempt("file", [&] { look.weights(read_safetensors(source, limits).weights, nullptr); });
    } else if (file.ends_with(".weights.json")) {
        describe("weights.json");
        look.attempt("file", [&] { look.weights(read_shards(path, limits), nullptr); });
    } else if (file.ends_with(".keras") || file.ends_with(".h5") || file.ends_with(".hdf5") || file.ends_with(".npz")) {
        describe("unknown");
        look.suspect("file", "the content is not what the name says");
    } else {
        throw FileError(str(file, ": not a file of Keras's: neither a zip archive, nor HDF5, nor safetensors, nor .npy."));
    }
    return look.finish();
}

std::string inspection_text(const Json& json) {
    std::string text;
    const auto line = [&](const auto&... parts) { text += str(parts..., "\n"); };
    line(json["file"].as_string(), ": ", json["format"].as_string(), ", ", json["size"].as_int(), " bytes");
    for (const char* key : {"keras_version", "date_saved"})
        if (const Json& value = json.get(key); value.is_string()) line(key, ": ", value.as_string());
    const auto section = [&](const char* key, const auto& row) {
        const Json& list = json.get(key);
        if (!list.is_array() || list.size() == 0) return;
        line("\n", key, ":");
        for (const Json& item : list.as_array()) row(item);
    };
    section("members", [&](const Json& m) { line("  ", m["name"].as_string(), "  ", m["size"].as_int(), " bytes", m["compressed"].as_bool() ? str(" (", m["stored_size"].as_int(), " stored)") : ""); });
    section("layers", [&](const Json& l) { line("  ", l["name"].as_string(), "  ", l["class_name"].as_string(), l["known"].as_bool() ? "" : "  (not known)"); });
    section("weights", [&](const Json& w) {
        line("  ", w["path"].as_string(), w.contains("layer") ? str("  (", w["layer"].as_string(), ")") : "", "  ", w["dtype"].as_string(), " ", w["shape"].dump());
    });
    if (json.contains("parameters")) line("\nparameters: ", json["parameters"].as_int());
    if (json["suspicious"].size() == 0) line("\nnothing suspicious");
    section("suspicious", [&](const Json& s) { line("  ", s["where"].as_string(), ": ", s["what"].as_string()); });
    return text;
}

}  // namespace cornu::saving
