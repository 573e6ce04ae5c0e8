#include "cornu/saving/hdf5.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <numeric>

#include "cornu/saving/atomic_file.h"
#include "cornu/saving/files_for_tests.h"
#include "cornu/saving/hdf5_writer.h"
#include "cornu/saving/zip.h"

using namespace cornu;
using namespace cornu::saving;
using namespace cornu::saving::test;

namespace {

Shape shape_of(const Json& json) {
    Shape shape;
    for (const Json& dim : json.as_array()) shape.push_back(dim.as_int());
    return shape;
}

void check_attributes(const Hdf5Object& object, const Json& expected) {
    CHECK(object.attribute_names().size() == expected.size());
    for (const auto& entry : expected.as_object()) {
        const auto& name = entry.first;
        const auto& value = entry.second;
        CAPTURE(name);
        CHECK(object.attribute(name) == value);
    }
}

void check_dataset(const Hdf5Dataset& dataset, const Json& expected) {
    CHECK(dataset.shape() == shape_of(expected["shape"]));
    REQUIRE(dataset.dtype() == parse_dtype(expected["dtype"].as_string()));
    if (dataset.dtype() == DType::string) {
        Json::Array strings;
        for (const std::string& text : dataset.strings()) strings.emplace_back(text);
        CHECK(Json(strings) == expected["strings"]);
        return;
    }
    std::vector<std::byte> bytes(dataset.nbytes());
    dataset.read(bytes);
    CHECK(crc32(bytes) == expected["crc"].as_int());
    if (const auto view = dataset.view())
        CHECK(std::equal(bytes.begin(), bytes.end(), view->begin(), view->end()));
}

void check_tree(const Hdf5Group& root, const Json& expected) {
    for (const auto& entry : expected.as_object()) {
        const auto& path = entry.first;
        const auto& node = entry.second;
        CAPTURE(path);
        if (const Json* names = node.find("names")) {
            const Hdf5Group group = path.empty() ? root : root.group(path);
            Json::Array found;
            for (const std::string& name : group.names()) found.emplace_back(name);
            CHECK(Json(found) == *names);
            CHECK(group.path() == "/" + path);
            check_attributes(group, node["attributes"]);
        } else {
            check_dataset(root.dataset(path), node);
            check_attributes(root.dataset(path), node["attributes"]);
        }
    }
}

// Everything that a file offers, as a reader of unknown files would ask for it.
void read_all(const Hdf5Group& group) {
    for (const std::string& name : group.attribute_names()) {
        try {
            (void)group.attribute(name);
        } catch (const FileError&) {
        }
    }
    for (const std::string& name : group.names()) {
        if (group.contains_group(name)) {
            read_all(group.group(name));
            continue;
        }
        const Hdf5Dataset dataset = group.dataset(name);
        try {
            for (const std::string& attribute : dataset.attribute_names())
                (void)dataset.attribute(attribute);
            if (dataset.dtype() == DType::string) {
                (void)dataset.strings();
            } else if (dataset.nbytes() < 1 << 20) {
                std::vector<std::byte> bytes(dataset.nbytes());
                dataset.read(bytes);
            }
        } catch (const FileError&) {
        }
    }
}

// A tree with something of everything that the writer can write.
Hdf5Writer sample_writer(const std::vector<float>& large) {
    static const std::vector<int32_t> small = {1, -2, 3, -4, 5, -6};
    static const std::vector<bfloat16> half = {bfloat16(1.0f), bfloat16(-2.5f)};
    static const std::vector<std::complex<float>> complex = {{1, 2}, {3, -4}};
    static const std::vector<uint8_t> booleans = {1, 0, 1};
    Hdf5Writer writer;
    writer.dataset("layers/dense/vars/0", Shape{2, 3}, DType::int32,
                   std::as_bytes(std::span(small)));
    writer.dataset("layers/dense/vars/1", Shape{static_cast<int64_t>(large.size())}, DType::float32,
                   std::as_bytes(std::span(large)));
    writer.dataset("bfloat16", Shape{2}, DType::bfloat16, std::as_bytes(std::span(half)));
    writer.dataset("complex64", Shape{2}, DType::complex64, std::as_bytes(std::span(complex)));
    writer.dataset("bool", Shape{3}, DType::bool_, std::as_bytes(std::span(booleans)));
    writer.dataset("empty", Shape{0, 3}, DType::float64, std::span<const std::byte>());
    writer.dataset("scalar", Shape{}, DType::int32, std::as_bytes(std::span(small).first(1)));
    writer.group("no/children");
    writer.attribute("", "keras_version", Hdf5Value::bytes("3.15.1"));
    writer.attribute("", "layer_names",
                     Hdf5Value::bytes(std::vector<std::string>{"dense", "dense_1"}));
    writer.attribute("layers", "texts", Hdf5Value::texts({"eins", "zwölf", ""}));
    writer.attribute("layers/dense", "name", Hdf5Value::text("dense"));
    writer.attribute("layers/dense", "count", Hdf5Value::integer(-3));
    writer.attribute("layers/dense", "rate", Hdf5Value::real(2.5));
    writer.attribute("layers/dense", "trainable", Hdf5Value::boolean(true));
    writer.attribute("scalar", "none", Hdf5Value::texts({}));
    for (int i = 0; i < 700; ++i) writer.group(str("many/layer_", i));  // three levels of B-tree
    return writer;
}

std::vector<std::byte> written(const Hdf5Writer& writer) {
    MemorySink sink;
    writer.write(sink);
    CHECK(sink.size() == writer.size());
    return sink.take();
}

void expect_refused(const std::vector<std::byte>& bytes, const std::string& reason) {
    try {
        read_all(Hdf5Group::open(ByteSource::own("hostile.h5", bytes)));
        FAIL("must be refused: ", reason);
    } catch (const FileError& error) {
        CHECK_MESSAGE(std::string(error.what()).find(reason) != std::string::npos, error.what());
        CHECK(std::string(error.what()).find("hostile.h5, byte ") != std::string::npos);
    }
}

size_t find_bytes(const std::vector<std::byte>& bytes, std::string_view text, size_t from = 0) {
    const auto* data = reinterpret_cast<const char*>(bytes.data());
    const size_t at = std::string_view(data, bytes.size()).find(text, from);
    REQUIRE(at != std::string_view::npos);
    return at;
}

void put(std::vector<std::byte>& bytes, size_t at, uint64_t value, int width) {
    const Fields fields = Fields().uint(value, width);
    std::copy(fields.bytes().begin(), fields.bytes().end(),
              bytes.begin() + static_cast<ptrdiff_t>(at));
}

}  // namespace

TEST_CASE("files of h5py and Keras hold what was recorded") {
    for (const auto& entry : expected()["hdf5"].as_object()) {
        const auto& name = entry.first;
        const auto& tree = entry.second;
        CAPTURE(name);
        const size_t inside = name.find(" > ");
        if (inside == std::string::npos) {
            check_tree(Hdf5Group::open(ByteSource::open(golden(name))), tree);
        } else {
            const ZipReader zip(ByteSource::open(golden(name.substr(0, inside))));
            check_tree(Hdf5Group::open(zip.open(name.substr(inside + 3))), tree);
        }
    }
}

TEST_CASE("contiguous data are used in place and outlive the reader") {
    const std::vector<float> large(2000, 1.5f);
    std::optional<std::span<const std::byte>> view;
    std::shared_ptr<const void> owner;
    {
        const auto dataset =
            Hdf5Group::open(ByteSource::own("written", written(sample_writer(large))))
                .dataset("layers/dense/vars/1");
        view = dataset.view();
        owner = dataset.owner();
    }
    REQUIRE(view);
    CHECK(bytes_of(ByteSource::view("", *view)) == bytes_of(large));
    const auto file = Hdf5Group::open(ByteSource::open(golden("earliest.h5")));
    CHECK_FALSE(file.dataset("types/float64_big").view());
    CHECK_FALSE(file.dataset("chunks/gzip").view());
}

TEST_CASE("what the writer writes, the reader reads") {
    std::vector<float> large(5000);
    std::iota(large.begin(), large.end(), -7.0f);
    const Hdf5Writer writer = sample_writer(large);
    const auto bytes = written(writer);
    CHECK(bytes == written(sample_writer(large)));
    const auto root = Hdf5Group::open(ByteSource::own("written", bytes));
    CHECK(root.names() == std::vector<std::string>{"bfloat16", "bool", "complex64", "empty",
                                                   "layers", "many", "no", "scalar"});
    const auto vars = root.group("layers/dense/vars");
    CHECK(vars.size() == 2);
    CHECK(vars.path() == "/layers/dense/vars");
    std::vector<int32_t> small(6);
    vars.dataset("0").read(std::as_writable_bytes(std::span(small)));
    CHECK(small == std::vector<int32_t>{1, -2, 3, -4, 5, -6});
    CHECK(vars.dataset("0").shape() == Shape{2, 3});
    const auto view = vars.dataset("1").view();
    REQUIRE(view);
    CHECK(std::equal(view->begin(), view->end(), std::as_bytes(std::span(large)).begin()));
    CHECK(root.dataset("bfloat16").dtype() == DType::bfloat16);
    CHECK(root.dataset("complex64").dtype() == DType::complex64);
    CHECK(root.dataset("bool").dtype() == DType::bool_);
    CHECK(root.dataset("empty").nbytes() == 0);
    CHECK(root.dataset("empty").shape() == Shape{0, 3});
    CHECK(root.dataset("scalar").shape() == Shape{});
    CHECK(root.attribute("keras_version") == Json("3.15.1"));
    CHECK(root.attribute("layer_names") == Json::array({"dense", "dense_1"}));
    CHECK(root.group("layers").attribute("texts") == Json::array({"eins", "zwölf", ""}));
    const auto dense = root.group("layers/dense");
    CHECK(dense.attribute("name") == Json("dense"));
    CHECK(dense.attribute("count") == Json(-3));
    CHECK(dense.attribute("rate") == Json(2.5));
    CHECK(dense.attribute("trainable") == Json(true));
    CHECK(root.dataset("scalar").attribute("none") == Json::array());
    CHECK(root.group("many").size() == 700);
    CHECK(root.contains_group("many/layer_699"));
    CHECK(root.group("no/children").size() == 0);
}

TEST_CASE("large datasets begin at multiples of 64, in archives too") {
    const std::vector<float> large(2000, 1.5f);
    const Hdf5Writer writer = sample_writer(large);
    MemorySink sink;
    ZipWriter zip(sink);
    zip.add("config.json", "{}");
    writer.write(zip.begin("model.weights.h5", writer.size()));
    zip.end();
    zip.finish();
    TemporaryFolder folder;
    {
        AtomicFile file(folder.path / "m.keras");
        file.write(sink.bytes());
        file.commit();
    }
    const ZipReader read(ByteSource::open(folder.path / "m.keras"));
    const auto root = Hdf5Group::open(read.open("model.weights.h5"));
    const auto view = root.dataset("layers/dense/vars/1").view();
    REQUIRE(view);
    CHECK(reinterpret_cast<uintptr_t>(view->data()) % 64 == 0);
}

TEST_CASE("the writer refuses what the format cannot hold") {
    Hdf5Writer writer;
    const std::vector<std::byte> four(4);
    writer.dataset("a/b", Shape{1}, DType::float32, four);
    CHECK_THROWS_AS(writer.dataset("a/b", Shape{1}, DType::float32, four), ValueError);
    CHECK_THROWS_AS(writer.group("a/b"), ValueError);
    CHECK_THROWS_AS(writer.group("a/b/c"), ValueError);
    CHECK_THROWS_AS(writer.group("a//c"), ValueError);
    CHECK_THROWS_AS(writer.group("a/./c"), ValueError);
    CHECK_THROWS_AS(writer.dataset("", Shape{1}, DType::float32, four), ValueError);
    CHECK_THROWS_AS(writer.dataset("s", Shape{1}, DType::string, four), ValueError);
    CHECK_THROWS_AS(writer.dataset("u", Shape{None}, DType::float32, four), ValueError);
    CHECK_THROWS_AS(writer.attribute("missing", "x", Hdf5Value::integer(1)), ValueError);
    writer.attribute("a", "x", Hdf5Value::integer(1));
    CHECK_THROWS_AS(writer.attribute("a", "x", Hdf5Value::integer(1)), ValueError);
    CHECK_THROWS_AS(writer.attribute("a", "y", Hdf5Value::bytes(std::string(70'000, 'x'))),
                    ValueError);
    Hdf5Writer wrong;
    wrong.dataset("d", Shape{2}, DType::float32, four);
    MemorySink sink;
    CHECK_THROWS_AS(wrong.write(sink), ValueError);
}

TEST_CASE("asking for what is not there is an error that says where") {
    const auto root = Hdf5Group::open(ByteSource::open(golden("earliest.h5")));
    CHECK_THROWS_WITH_AS(root.group("types/nothing"),
                         doctest::Contains("/ must hold a group types/nothing. Received: nothing"),
                         FileError);
    CHECK_THROWS_WITH_AS(root.group("types/int8"), doctest::Contains("Received: a dataset."),
                         FileError);
    CHECK_THROWS_WITH_AS(root.dataset("types"), doctest::Contains("Received: a group."), FileError);
    CHECK_THROWS_WITH_AS(root.attribute("x"), doctest::Contains("/ has no attribute x"), FileError);
    CHECK_FALSE(root.contains(""));
    CHECK_FALSE(root.contains("types/"));
    CHECK_FALSE(root.contains("types/int8/x"));
    std::vector<std::byte> small(1);
    CHECK_THROWS_AS(root.dataset("types/float32").read(small), ValueError);
}

TEST_CASE("hostile HDF5: cycles, bombs, links and lies are refused") {
    const auto file = bytes_of(ByteSource::open(golden("earliest.h5")));
    SUBCASE("a group inside itself") {
        auto bytes = file;
        const size_t root = 96;
        const size_t node = find_bytes(bytes, "SNOD");
        put(bytes, node + 8 + 8, root, 8);  // the first child is the root
        expect_refused(bytes, "overlap or form a cycle");
    }
    SUBCASE("a B-tree that points to itself") {
        auto bytes = file;
        const size_t tree = find_bytes(bytes, "TREE");
        put(bytes, tree + 5, 1, 1);
        put(bytes, tree + 32, tree, 8);
        expect_refused(bytes, "descend by one");
    }
    SUBCASE("a soft link") {
        auto bytes = file;
        put(bytes, find_bytes(bytes, "SNOD") + 8 + 16, 2, 4);
        expect_refused(bytes, "soft links are not followed");
    }
    SUBCASE("external storage") {
        auto bytes = file;
        const size_t fill =
            find_bytes(bytes, std::string_view("\x05\0\x08\0\x01\0\0\0\x02\x02\x02\x01", 12));
        put(bytes, fill, 7, 2);
        expect_refused(bytes, "external files are not read");
    }
    SUBCASE("a virtual dataset") {
        auto bytes = file;
        const size_t layout =
            find_bytes(bytes, std::string_view("\x08\0\x18\0\0\0\0\0\x03\x01", 10));
        put(bytes, layout + 9, 3, 1);
        expect_refused(bytes, "virtual datasets are not read");
    }
    SUBCASE("a giant shape over little data") {
        auto bytes = file;
        const size_t space =
            find_bytes(bytes, std::string_view("\x01\0\x28\0\0\0\0\0\x01\x02\x01", 11));
        put(bytes, space + 16, uint64_t(1) << 40, 8);
        expect_refused(bytes, "needs");
        put(bytes, space + 16, uint64_t(1) << 62, 8);
        put(bytes, space + 24, uint64_t(1) << 62, 8);
        expect_refused(bytes, "64 bits can count");
    }
    SUBCASE("a file cut short") {
        auto bytes = file;
        bytes.resize(bytes.size() - 1);
        expect_refused(bytes, "cut short");
    }
}

TEST_CASE("what HDF5's library follows or makes up is refused, in files of h5py's own") {
    const std::pair<const char*, const char*> files[] = {
        {"soft_link", "soft links are not followed"},
        {"external_link", "links are not followed"},  // symbol tables keep it as a soft link's kin
        {"external_data", "external files are not read"},
        {"virtual", "virtual datasets are not read"},
        {"cycle", "overlap or form a cycle"},
        {"hole", "chunks once"},
        {"nothing", "stores nothing"},
    };
    for (const auto& [name, reason] : files) {
        for (const char* version : {"earliest", "latest"}) {
            const std::string file = str("hostile_", name, "_", version, ".h5");
            CAPTURE(file);
            const auto read = [&] {
                const auto root = Hdf5Group::open(ByteSource::open(golden(file)));
                const auto dataset = root.dataset("x");
                std::vector<std::byte> bytes(std::min<uint64_t>(dataset.nbytes(), 1 << 20));
                dataset.read(bytes);
            };
            CHECK_THROWS_WITH_AS(read(), doctest::Contains(reason), FileError);
        }
    }
}

TEST_CASE("a dataset that declares a terabyte costs nothing until the caller brings the room") {
    for (const char* name : {"hostile_bomb_earliest.h5", "hostile_bomb_latest.h5"}) {
        CAPTURE(name);
        const auto dataset = Hdf5Group::open(ByteSource::open(golden(name))).dataset("x");
        CHECK(dataset.shape() == Shape{int64_t(1) << 40});
        CHECK(dataset.nbytes() == uint64_t(1) << 40);
        CHECK_FALSE(dataset.view());
        std::vector<std::byte> little(1000);
        CHECK_THROWS_WITH_AS(dataset.read(little), doctest::Contains("Received: 1000."), ValueError);
    }
}

TEST_CASE("limits are the caller's") {
    const auto source = ByteSource::open(golden("earliest.h5"));
    LoadLimits limits;
    limits.max_objects = 10;
    CHECK_THROWS_WITH_AS(Hdf5Group::open(source, limits), doctest::Contains("max_objects"),
                         FileError);
    limits = {};
    limits.max_group_depth = 1;
    CHECK_THROWS_WITH_AS(Hdf5Group::open(source, limits), doctest::Contains("max_group_depth"),
                         FileError);
    limits = {};
    limits.max_attribute_bytes = 8;
    const auto root = Hdf5Group::open(source, limits);
    CHECK_THROWS_WITH_AS(root.group("attributes").attribute("names"),
                         doctest::Contains("max_attribute_bytes"), FileError);
    limits = {};
    limits.max_inflated_bytes = 100;
    std::vector<std::byte> out(280);
    CHECK_THROWS_AS(Hdf5Group::open(source, limits).dataset("chunks/gzip").read(out), FileError);
}

TEST_CASE("damaged HDF5 files are read or refused, never worse") {
    for (const char* name :
         {"earliest.h5", "latest.h5", "v110.h5", "legacy.h5", "bfloat16.weights.h5"}) {
        CAPTURE(name);
        const auto bytes = bytes_of(ByteSource::open(golden(name)));
        const size_t step = std::max<size_t>(1, bytes.size() / 3000);
        CHECK(damage(bytes, step,
                     [](ByteSource source) { read_all(Hdf5Group::open(std::move(source))); }) > 0);
    }
    Hdf5Writer small;
    const std::vector<std::byte> data(24);
    small.dataset("a/b", Shape{2, 3}, DType::float32, data);
    small.attribute("a", "names", Hdf5Value::texts({"x", "yz"}));
    CHECK(damage(written(small), 1,
                 [](ByteSource source) { read_all(Hdf5Group::open(std::move(source))); }) > 0);
}
