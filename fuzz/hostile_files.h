// One file for each way in which loading a model has hurt somebody: the CVEs of Keras's loader, and
// like holes without a number. Tests hold that each is refused; they are seeds for the fuzz targets.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "cornu/base/error.h"
#include "cornu/base/json.h"
#include "cornu/saving/byte_source.h"
#include "cornu/saving/hdf5_writer.h"
#include "cornu/saving/zip.h"

namespace cornu::saving::test {

struct HostileFile {
    std::string name;        // "CVE-2025-1550"; several files of one row have a word behind
    std::string extension;   // "keras", "h5", "npz"
    std::string refusal;     // part of the message with which load_model refuses it
    std::string suspicion;   // part of what inspect says about it
    std::vector<std::byte> bytes;
};

namespace hostile {

inline Json object(const char* module, const char* class_name, Json config) {
    return Json::object({{"module", module}, {"class_name", class_name}, {"config", std::move(config)}, {"registered_name", nullptr}});
}
inline Json input_layer() { return object("keras.layers", "InputLayer", Json::object({{"batch_shape", Json::array({nullptr, 4})}, {"dtype", "float32"}, {"name", "input"}})); }
inline Json sequential(Json layer) {
    return object("keras", "Sequential", Json::object({{"name", "model"}, {"trainable", true}, {"layers", Json::array({input_layer(), std::move(layer)})}, {"build_input_shape", Json::array({nullptr, 4})}}));
}
inline Json dense(Json units, const char* name = "dense") {
    return object("keras.layers", "Dense", Json::object({{"name", name}, {"trainable", true}, {"dtype", "float32"}, {"units", std::move(units)}, {"activation", "linear"}}));
}
inline Json lambda(Json function) { return object("keras.layers", "Lambda", Json::object({{"name", "lambda"}, {"function", std::move(function)}, {"arguments", Json::object()}})); }
inline Json marshalled() { return object("builtins", "__lambda__", Json::object({{"code", "4wEAAAAAAAAAAAAAAAEAAAADAAAA8woAAACXAHQAAAAAfAA="}, {"defaults", nullptr}, {"closure", nullptr}})); }

inline std::vector<std::byte> weights_of(const std::function<void(Hdf5Writer&)>& fill) {
    Hdf5Writer writer;
    fill(writer);
    MemorySink sink;
    writer.write(sink);
    return sink.take();
}
inline const std::vector<std::byte>& plain_weights() {
    static const std::vector<std::byte> zeros(4 * 3 * 4), bytes = weights_of([](Hdf5Writer& w) {
        w.dataset("layers/dense/vars/0", Shape{4, 3}, DType::float32, zeros);
        w.dataset("layers/dense/vars/1", Shape{3}, DType::float32, std::span(zeros).first(12));
    });
    return bytes;
}

inline std::vector<std::byte> keras_file(const Json& config, std::span<const std::byte> weights, const std::function<void(ZipWriter&)>& more = {}) {
    MemorySink sink;
    ZipWriter zip(sink);
    zip.add("metadata.json", R"({"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"})");
    zip.add("config.json", config.dump());
    zip.add("model.weights.h5", weights);
    if (more) more(zip);
    zip.finish();
    return sink.take();
}

// `name` of a member replaced by another of the same length, in both headers.
inline std::vector<std::byte> renamed(std::vector<std::byte> bytes, std::string_view from, std::string_view to) {
    CORNU_CHECK(from.size() == to.size());
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + 1)) text.replace(at, from.size(), to);
    const auto changed = std::as_bytes(std::span(text));
    return {changed.begin(), changed.end()};
}

// The last member of the archive becomes a symbolic link.
inline std::vector<std::byte> with_link(std::vector<std::byte> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const size_t entry = text.rfind("PK\x01\x02");
    bytes[entry + 5] = std::byte(3);      // made on Unix,
    bytes[entry + 40] = std::byte(0xff);  // where the attributes say what it is: 0120777
    bytes[entry + 41] = std::byte(0xa1);
    return bytes;
}

}  // namespace hostile

// `golden(NAME)` gives a recorded file of tests/golden/files, which h5py made.
inline std::vector<HostileFile> hostile_files(const std::function<ByteSource(const std::string&)>& golden) {
    using namespace hostile;
    std::vector<HostileFile> files;
    const auto keras = [&](const char* name, const Json& layer, const char* refusal, const char* suspicion) {
        files.push_back({name, "keras", refusal, suspicion, keras_file(sequential(layer), plain_weights())});
    };
    const auto raw = [&](const char* name, const char* refusal, const char* suspicion, std::vector<std::byte> bytes, const char* extension = "keras") {
        files.push_back({name, extension, refusal, suspicion, std::move(bytes)});
    };
    const auto with_weights = [&](const char* name, const char* file, const char* refusal, const char* suspicion) {
        const ByteSource source = golden(file);
        raw(name, refusal, suspicion, keras_file(sequential(dense(3)), source.bytes()));
    };
    const Json system = object("builtins", "function", "os.system");

    // Code and names of code.
    keras("CVE-2024-3660", lambda(marshalled()), "is a Python lambda", "Python code");
    keras("CVE-2025-1550", object("os", "system", Json::object({{"command", "touch /tmp/owned"}})), "Could not locate class", "Python module \"os\"");
    keras("CVE-2025-1550_inner", object("keras.layers", "Activation", Json::object({{"name", "a"}, {"activation", object("subprocess", "run", Json::object())}})), "config.json", "Python module \"subprocess\"");
    keras("CVE-2025-8747", lambda(object("keras.src.utils.file_utils", "function", "get_file")), "Could not locate the function 'get_file'", "keras.src.utils.file_utils");
    keras("CVE-2025-9906", object("keras.config", "enable_unsafe_deserialization", Json::object()), "Could not locate class", "enable_unsafe_deserialization");
    raw("CVE-2025-9905", "must be a registered function", "Python code", weights_of([](Hdf5Writer& w) {
        w.group("model_weights");
        w.attribute("model_weights", "layer_names", Hdf5Value::bytes(std::vector<std::string>{}));
        const Json config = Json::object({{"class_name", "Sequential"}, {"config", Json::object({{"name", "m"}, {"layers", Json::array({Json::object({{"class_name", "Lambda"}, {"config", Json::object({{"name", "l"}, {"function", Json::array({"4wEA", nullptr, nullptr})}})}})})}})}});
        w.attribute("", "model_config", Hdf5Value::bytes(config.dump()));
    }), "h5");
    keras("CVE-2025-49655", object("keras.layers", "TorchModuleWrapper", Json::object({{"name", "t"}, {"module", "gASVCgAAAAAAAACMAm9zlIwGc3lzdGVtlJOULg=="}})), "is a Python pickle", "pickle");
    keras("CVE-2026-12481", object("keras.layers", "TimeDistributed", Json::object({{"name", "t"}, {"layer", lambda(marshalled())}})), "config.json", "Python code");
    keras("function", object("keras.layers", "Dense", Json::object({{"name", "dense"}, {"units", 3}, {"activation", system}})), "config.json", "Python function");

    // Paths.
    keras("CVE-2025-12058", object("keras.layers", "StringLookup", Json::object({{"name", "s"}, {"vocabulary", "/etc/passwd"}})), "config.json", "path or address");
    keras("CVE-2026-1462", object("keras.layers", "TFSMLayer", Json::object({{"name", "t"}, {"filepath", "//attacker/share/model"}})), "Could not locate class", "foreign SavedModel");
    const auto extra = [](ZipWriter& zip) { zip.add("assets/xx/evil", "1"); };
    const auto plain = keras_file(sequential(dense(3)), plain_weights(), extra);
    raw("CVE-2024-55459", "member name", "member name", renamed(plain, "assets/xx/evil", "../../xx/.evil"));
    raw("CVE-2025-12060", "links are not followed", "links are not followed", with_link(plain));
    raw("GHSA-hqp4-2352-xf5r", "member name", "member name", renamed(plain, "assets/xx/evil", "/etc/cron.evil"));
    keras("CVE-2026-12479", dense(3, "../../escape"), "", "is a path");   // loads: names are no paths here

    // Sizes.
    with_weights("CVE-2026-0897", "hostile_bomb_earliest.h5", "max_ratio", "max_ratio");
    with_weights("CVE-2026-12570", "hostile_bomb_latest.h5", "max_ratio", "max_ratio");
    with_weights("nothing", "hostile_nothing_latest.h5", "the weights do not fit", "no layer for this array");
    keras("units", dense(int64_t(1) << 40), "larger than all that the file holds", "is huge");
    raw("bomb_config", "max_ratio", "max_ratio", [] {
        MemorySink sink;
        ZipWriter zip(sink);
        zip.add("metadata.json", "{}");
        zip.add("config.json", std::string(64 << 20, ' '), ZipMethod::deflated);
        zip.add("model.weights.h5", plain_weights());
        zip.finish();
        return sink.take();
    }());

    // HDF5 that leads out of the file, or round in it.
    with_weights("CVE-2026-1669_data", "hostile_external_data_earliest.h5", "external files are not read", "external files");
    with_weights("CVE-2026-1669_link", "hostile_external_link_latest.h5", "links are not followed", "links are not followed");
    with_weights("CVE-2026-1669_soft", "hostile_soft_link_latest.h5", "soft links are not followed", "soft links");
    with_weights("virtual", "hostile_virtual_earliest.h5", "virtual datasets are not read", "virtual datasets");
    with_weights("cycle", "hostile_cycle_latest.h5", "overlap or form a cycle", "cycle");
    return files;
}

}  // namespace cornu::saving::test
