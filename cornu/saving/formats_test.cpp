// Every format that Keras writes, read; every format that Cornu writes, read again. Keras reads the
// latter in tools/oracle/check_files.py.
#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>

#include "cornu/base/log.h"
#include "cornu/layers/layers.h"
#include "cornu/saving/atomic_file.h"
#include "cornu/saving/files_for_tests.h"
#include "cornu/saving/keras_file.h"
#include "cornu/saving/safetensors.h"
#include "cornu/saving/weights_file.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/messages.h"

using namespace cornu;
using cornu::testing::difference;
using cornu::testing::Golden;
using saving::test::TemporaryFolder;

namespace {

const Golden& formats() {
    static const Golden golden(golden_path("formats.zip"));
    return golden;
}
const char* const models[] = {"two_inputs", "nested"};

void write(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}
std::string put(const TemporaryFolder& folder, const std::string& name, const Json& reference) {
    write(folder.path / name, formats().file(reference).bytes());
    return (folder.path / name).string();
}

void check_weights(const Model& model, const Json& wanted) {
    const Variables weights = model.weights();
    REQUIRE(weights.size() == wanted.size());
    for (size_t i = 0; i < weights.size(); ++i) {
        CAPTURE(wanted[i]["path"].as_string());
        CHECK(difference(weights[i].value(), formats().tensor(wanted[i]["value"]), 0) == "");
    }
}
void check_predictions(const Model& model, const Json& row) {
    const Tensors got = model.predict(model.input().pack(formats().tensors(row["x"])), {.verbose = Verbose::silent}).flatten();
    const Tensors wanted = formats().tensors(row["predictions"]);
    REQUIRE(got.size() == wanted.size());
    for (size_t i = 0; i < got.size(); ++i) CHECK(difference(got[i], wanted[i], 1e-5) == "");
}
void check_optimizer(const Model& model, const Json& row) {
    const Variables& slots = model.optimizer().variables();
    REQUIRE(slots.size() == row["optimizer"].size());
    for (size_t i = 0; i < slots.size(); ++i) CHECK(difference(slots[i].value(), formats().tensor(row["optimizer"][i]), 0) == "");
}
void clear(const Model& model) {
    Tensors zeros;
    for (const Variable& v : model.weights()) zeros.push_back(Tensor::full(v.shape(), 0, v.dtype()));
    model.set_weights(zeros);
}

}  // namespace

TEST_CASE("whole models of every format load as in Keras") {
    for (const char* name : models) {
        const Json& row = formats().find(name);
        for (const char* file : {"keras", "h5", "keras2"}) {
            CAPTURE(name);
            CAPTURE(file);
            saving::LoadReport report;
            const Model model = saving::load_model(formats().file(row[file]), {.report = &report});
            CHECK(report.to_string() == "");
            CHECK(report.read.size() == row["weights"].size() + row["optimizer"].size());
            check_weights(model, row["weights"]);
            check_predictions(model, row);
            check_optimizer(model, row);
            CHECK_FALSE(saving::load_model(formats().file(row[file]), {.compile = false}).model_impl().compiled());
        }
    }
}

TEST_CASE("weights of every format load as in Keras") {
    const TemporaryFolder folder;
    for (const char* name : models) {
        const Json& row = formats().find(name);
        CAPTURE(name);
        const Model model = saving::load_model(formats().file(row["keras"]));
        for (const auto& [shard, reference] : row["shards"].as_object()) put(folder, shard, reference);
        std::vector<std::string> paths = {put(folder, "m.keras", row["keras"]), put(folder, "m.h5", row["h5"]), put(folder, "m.hdf5", row["keras2"]),
                                          put(folder, "m.weights.h5", row["weights_h5"]), (folder.path / "m.weights.json").string()};
        // The names of these are Keras's paths, which begin with the model's name in a Sequential one.
        if (std::string(name) == "two_inputs") paths.push_back(put(folder, "m.safetensors", row["safetensors"]));
        for (const std::string& path : paths) {
            CAPTURE(path);
            clear(model);
            CHECK(saving::load_weights(model, path).mismatched.empty());
            check_weights(model, row["weights"]);
            if (path.ends_with(".weights.h5") || path.ends_with(".json")) check_optimizer(model, row);
        }
    }
}

TEST_CASE("what another model takes over is what it takes over in Keras") {
    const TemporaryFolder folder;
    const Json &row = formats().find("partly"), &source = formats().find("two_inputs");
    put(folder, "m.h5", source["h5"]);
    put(folder, "m.weights.h5", source["weights_h5"]);
    const LogSink old = set_log_sink([](LogLevel, std::string_view) {});   // warns of what it skips
    for (const Json& load : row["loads"].as_array()) {
        CAPTURE(load.dump());
        const Model model = saving::load_model(formats().file(row["model"]));
        const Json& options = load["options"];
        const auto flag = [&](const char* key) { return options.contains(key) && options[key].as_bool(); };
        const std::string refused = message_of([&] {
            model.load_weights((folder.path / load["file"].as_string()).string(), {.by_name = flag("by_name"), .skip_mismatch = flag("skip_mismatch")});
        });
        CHECK((refused == "") == !load["after"].is_null());
        check_weights(model, load["after"].is_null() ? row["before"] : load["after"]);
    }
    // By the names that the groups of Keras 3's layout carry: what fits is taken over, wherever it lies.
    const Model model = saving::load_model(formats().file(row["model"]));
    model.load_weights((folder.path / "m.weights.h5").string(), {.by_name = true, .skip_mismatch = true});
    const Json& by_name = row["loads"][1];
    CHECK(by_name["options"].dump() == R"({"by_name": true, "skip_mismatch": true})");
    check_weights(model, by_name["after"]);
    set_log_sink(old);
}

TEST_CASE("weights written in every format are read again; files for the oracle") {
    const char* given = std::getenv("CORNU_WRITE_FILES");
    const TemporaryFolder temporary;
    const std::filesystem::path folder = given ? std::filesystem::path(given) : temporary.path;
    for (const char* name : models) {
        const Json& row = formats().find(name);
        const Model model = saving::load_model(formats().file(row["h5"]));
        const std::string base = (folder / (std::string("format_") + name)).string();
        model.save(base + ".keras");
        model.save(base + ".h5");
        model.save_weights(base + ".weights.h5");
        model.save_weights(base + ".weights.json", {.max_shard_size = 1000.0 / (1 << 30)});
        model.save_weights(base + ".safetensors");
        CHECK(std::filesystem::exists(base + "_00002.weights.h5"));
        for (const char* extension : {".keras", ".h5"}) {
            CAPTURE(extension);
            const Model again = load_model(base + extension);
            check_weights(again, row["weights"]);
            check_optimizer(again, row);
            check_predictions(again, row);
        }
        for (const char* extension : {".keras", ".h5", ".weights.h5", ".weights.json", ".safetensors"}) {
            CAPTURE(extension);
            clear(model);
            CHECK(saving::load_weights(model, base + extension).mismatched.empty());
            check_weights(model, row["weights"]);
        }
    }
}

TEST_CASE("wrong names and options of weights files") {
    const TemporaryFolder folder;
    const auto model = Sequential({layers::Input({.shape = {3}}), layers::Dense({.units = 2})});
    const auto path = [&](const char* name) { return (folder.path / name).string(); };
    CHECK(says(message_of([&] { model.save_weights(path("m.h5")); }), "must end in `.weights.h5`"));
    CHECK(says(message_of([&] { model.save_weights(path("m.weights.h5"), {.max_shard_size = 1.0}); }), "must end in `.weights.json`"));
    CHECK(says(message_of([&] { model.save_weights(path("m.weights.json"), {.max_shard_size = 8.0 / (1 << 30)}); }), "exceeds the maximum shard size"));
    CHECK(says(message_of([&] { model.load_weights(path("m.txt")); }), "are read from"));
    CHECK(says(message_of([&] { model.load_weights(path("m.weights.h5")); }), "No such file"));
    CHECK(std::filesystem::is_empty(folder.path));
    CHECK(says(message_of([&] { Sequential({layers::Dense({.units = 2})}).save_weights(path("m.weights.h5")); }), "has not yet been built"));
}

TEST_CASE("a list of shards leads nowhere but to its folder") {
    const TemporaryFolder folder;
    const auto model = Sequential({layers::Input({.shape = {3}}), layers::Dense({.units = 2})});
    const std::string path = (folder.path / "m.weights.json").string();
    const auto refusal = [&](const std::string& text) {
        write(path, std::as_bytes(std::span(text)));
        return message_of([&] { model.load_weights(path); });
    };
    for (const char* name : {"../m_00000.weights.h5", "/etc/m.weights.h5", "a\\\\m.weights.h5", "C:m.weights.h5", ".m.weights.h5", "passwd", ""})
        CHECK(says(refusal(std::string(R"({"weight_map": {"/vars": ")") + name + "\"}}"), "a shard must be a file name"));
    CHECK(says(refusal(R"({"weight_map": {"/vars": 7}})"), "weight_map"));
    CHECK(says(refusal(R"({"weight_map": [1]})"), "weight_map"));
    CHECK(says(refusal("[]"), "weight_map"));
    CHECK(says(refusal("{"), "m.weights.json"));
    CHECK(says(refusal(R"({"weight_map": {"/vars": "m.weights.h5"}})"), "No such file"));
    model.save_weights((folder.path / "real.weights.h5").string());
    std::filesystem::create_symlink(folder.path / "real.weights.h5", folder.path / "m.weights.h5");
    CHECK(says(refusal(R"({"weight_map": {"/vars": "m.weights.h5"}})"), "must not be a link"));
    CHECK(refusal(R"({"weight_map": {"/vars": "real.weights.h5"}})") == "");
    std::filesystem::copy_file(folder.path / "real.weights.h5", folder.path / "again.weights.h5");
    CHECK(says(refusal(R"({"weight_map": {"/a": "real.weights.h5", "/b": "again.weights.h5"}})"), "two shards hold"));
}

TEST_CASE("a model proves that it computes what it did when saved") {
    const TemporaryFolder folder;
    const std::string path = (folder.path / "m.keras").string();
    for (const char* name : models) {
        const Model model = saving::load_model(formats().file(formats().find(name)["keras"]));
        model.save(path, {.self_check = true});
        CHECK_NOTHROW(load_model(path, {.self_check = true}));
        model.save(path);
        CHECK(says(message_of([&] { load_model(path, {.self_check = true}); }), "no member cornu/self_check.npz"));
        // Inputs of one's own; and another weight under the stored outputs.
        const Structure x = model.input().pack(formats().tensors(formats().find(name)["x"]));
        model.save(path, {.self_check = true, .self_check_inputs = x});
        CHECK_NOTHROW(load_model(path, {.self_check = true}));
        const saving::ZipReader right(saving::ByteSource::own("right", saving::test::bytes_of(saving::ByteSource::open(path))));
        clear(model);
        model.save(path);
        const saving::ZipReader wrong(saving::ByteSource::own("wrong", saving::test::bytes_of(saving::ByteSource::open(path))));
        saving::MemorySink sink;
        saving::ZipWriter zip(sink);
        zip.add("config.json", wrong.open("config.json").bytes());
        zip.add("model.weights.h5", wrong.open("model.weights.h5").bytes());
        zip.add("cornu/self_check.npz", right.open("cornu/self_check.npz").bytes());
        zip.finish();
        write(path, sink.bytes());
        CHECK_NOTHROW(load_model(path));
        CHECK(says(message_of([&] { load_model(path, {.self_check = true}); }), "self check failed"));
    }
}

TEST_CASE("safetensors: what is written is read, mapped where it is aligned") {
    const TemporaryFolder folder;
    const auto path = folder.path / "a.safetensors";
    NamedTensors tensors = {{"odd", Tensor::from<int8_t>({1, 2, 3}, Shape{3})},
                            {"big", Tensor::full({300, 100}, 1.5, DType::float32)},
                            {"scalar", Tensor::full({}, 2, DType::float64)},
                            {"none", Tensor::full({0, 4}, 0, DType::bfloat16)},
                            {"zw\u00f6lf", Tensor::full({2, 2}, 1, DType::bool_)}};
    {
        saving::AtomicFile file(path);
        saving::write_safetensors(file, tensors, {{"format", "np"}});
        file.commit();
    }
    const saving::ByteSource source = saving::ByteSource::open(path);
    const saving::SafetensorsFile file = saving::read_safetensors(source);
    CHECK(file.metadata.at("format") == "np");
    REQUIRE(file.weights.arrays.size() == tensors.size());
    for (const auto& [name, tensor] : tensors) {
        const saving::StoredArray& array = file.weights.arrays.at(name);
        CHECK(array.dtype == tensor.dtype());
        CHECK(difference(array.read(), tensor, 0) == "");
    }
    const auto* at = static_cast<const std::byte*>(file.weights.arrays.at("big").read().raw());
    CHECK((at >= source.bytes().data() && at < source.bytes().data() + source.size()));
    CHECK_THROWS_AS(saving::write_safetensors(*std::make_unique<saving::MemorySink>(), {{"a", 1.0}, {"a", 2.0}}), ValueError);

    const auto bytes = saving::test::bytes_of(source);
    const size_t refused = saving::test::damage({bytes.begin(), bytes.begin() + 420}, 1, [](const saving::ByteSource& damaged) { saving::read_safetensors(damaged); });
    CHECK(refused > 1000);
}

TEST_CASE("safetensors: headers that lie are refused") {
    const auto refusal = [](std::string header, size_t data, std::optional<uint64_t> length = {}) {
        saving::MemorySink sink;
        sink.write(saving::Fields().u64(length.value_or(header.size())).text(header).pad(data).bytes());
        return message_of([&] {
            for (const auto& [name, array] : saving::read_safetensors(saving::ByteSource::own("f", sink.take())).weights.arrays) array.read();
        });
    };
    const auto entry = [](const char* dtype, const char* shape, const char* offsets) {
        return std::string(R"({"a": {"dtype": ")") + dtype + R"(", "shape": )" + shape + R"(, "data_offsets": )" + offsets + "}}";
    };
    CHECK(refusal(entry("F32", "[2]", "[0, 8]"), 8) == "");
    CHECK(refusal("{}", 0) == "");
    CHECK(says(refusal("{}", 1), "must fill the file"));
    CHECK(says(refusal("", 0), "begin with '{'"));
    CHECK(says(refusal("{}", 0, uint64_t(1) << 60), "longer than is allowed"));
    CHECK(says(refusal("{}", 0, 50), "the file ends before"));
    CHECK(says(refusal(entry("F33", "[2]", "[0, 8]"), 8), "dtype"));
    CHECK(says(refusal(entry("F32", "[2]", "[0, 7]"), 7), "must not have 7 bytes"));
    CHECK(says(refusal(entry("F32", "[-2]", "[0, 8]"), 8), "non-negative"));
    CHECK(says(refusal(entry("F32", "[2.5]", "[0, 8]"), 8), "non-negative"));
    CHECK(says(refusal(entry("F32", "[4294967296, 4294967296]", "[0, 0]"), 0), "too large"));
    CHECK(says(refusal(entry("F32", "[4611686018427387904]", "[0, 0]"), 0), "must not have"));
    CHECK(says(refusal(entry("F32", "[2]", "[8, 0]"), 8), "ascending"));
    CHECK(says(refusal(entry("F32", "[2]", "[-8, 0]"), 8), "ascending"));
    CHECK(says(refusal(entry("F32", "[2]", "[8, 16]"), 16), "neither overlap nor leave holes"));
    CHECK(says(refusal(entry("F32", "[2]", "[0, 8]"), 9), "must fill the file"));
    CHECK(says(refusal(R"({"a": {"dtype": "F32", "shape": [2]}})", 8), "data_offsets"));
    CHECK(says(refusal(R"({"a": 1})", 8), "a"));
    CHECK(says(refusal(R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "b": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}})", 1), "overlap"));
    CHECK(says(refusal(R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "a": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}})", 2), "a"));
    CHECK(says(refusal(R"({"__metadata__": {"a": 1}})", 0), "__metadata__"));
}
