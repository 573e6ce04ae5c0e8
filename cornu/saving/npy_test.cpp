#include "cornu/saving/npy.h"

#include <doctest/doctest.h>

#include "cornu/saving/files_for_tests.h"

using namespace cornu;
using namespace cornu::saving;
using namespace cornu::saving::test;

namespace {

void check_array(const NpyArray& array, const Json& expected) {
    Shape shape;
    for (const Json& dim : expected["shape"].as_array()) shape.push_back(dim.as_int());
    CHECK(array.shape == shape);
    REQUIRE(array.dtype == parse_dtype(expected["dtype"].as_string()));
    if (array.dtype == DType::string) {
        Json::Array strings;
        for (const std::string& text : array.strings) strings.emplace_back(text);
        CHECK(Json(strings) == expected["strings"]);
    } else {
        CHECK(static_cast<int64_t>(array.bytes.size()) == bytes_for(array.dtype, shape.size()));
        CHECK(crc32(array.bytes) == expected["crc"].as_int());
    }
}

ByteSource npy(std::string_view dict, std::string_view data) {
    Fields out;
    out.text("\x93NUMPY").u8(1).u8(0).u16(dict.size()).text(dict).text(data);
    return ByteSource::own("array.npy", {out.bytes().begin(), out.bytes().end()});
}

}  // namespace

TEST_CASE("arrays of NumPy hold what was recorded") {
    for (const auto& entry : expected()["npy"].as_object()) {
        const auto& name = entry.first;
        const auto& array = entry.second;
        CAPTURE(name);
        check_array(read_npy(ByteSource::open(golden(name))), array);
    }
    for (const auto& entry : expected()["npz"].as_object()) {
        const auto& name = entry.first;
        const auto& arrays = entry.second;
        CAPTURE(name);
        const NpzReader npz(ByteSource::open(golden(name)));
        CHECK(npz.names().size() == arrays.size());
        for (const auto& entry : arrays.as_object()) {
            const auto& key = entry.first;
            const auto& array = entry.second;
            CAPTURE(key);
            REQUIRE(npz.contains(key));
            check_array(npz.read(key), array);
        }
        CHECK_THROWS_AS(npz.read("nothing"), FileError);
    }
}

TEST_CASE("an array is used in place where it can be") {
    const ByteSource source = ByteSource::open(golden("float32.npy"));
    CHECK(read_npy(source).bytes.data() == source.bytes().data() + 128);
    CHECK(read_npy(source).owner == source.owner());
}

TEST_CASE("what the writer writes, the reader reads") {
    const std::vector<float> floats = {1, 2, 3, 4, 5, 6};
    const std::vector<std::string> strings = {"eins", "zwölf", "", "😀"};
    MemorySink sink;
    NpzWriter npz(sink);
    npz.add("floats", Shape{2, 3}, DType::float32, std::as_bytes(std::span(floats)));
    npz.add("scalar", Shape{}, DType::float64, bytes_of(std::vector<double>{2.5}));
    npz.add("empty", Shape{0, 3}, DType::int8, {});
    npz.add("row", Shape{6}, DType::float32, std::as_bytes(std::span(floats)));
    npz.add("half", Shape{2}, DType::bfloat16, bytes_of(std::vector<uint16_t>{0x3f80, 0xc020}));
    npz.add("strings", Shape{2, 2}, strings);
    npz.finish();
    const NpzReader read(ByteSource::own("x.npz", sink.take()));
    CHECK(read.names() ==
          std::vector<std::string>{"floats", "scalar", "empty", "row", "half", "strings"});
    CHECK(read.read("floats").shape == Shape{2, 3});
    CHECK(bytes_of(ByteSource::view("", read.read("floats").bytes)) == bytes_of(floats));
    CHECK(read.read("scalar").shape == Shape{});
    CHECK(read.read("empty").shape == Shape{0, 3});
    CHECK(read.read("row").shape == Shape{6});
    CHECK(read.read("half").dtype == DType::bfloat16);
    CHECK(read.read("strings").strings == strings);
}

TEST_CASE("the writer refuses what NumPy cannot hold") {
    MemorySink sink;
    const std::vector<std::byte> four(4);
    CHECK_THROWS_AS(write_npy(sink, Shape{2}, DType::float32, four), ValueError);
    CHECK_THROWS_AS(write_npy(sink, Shape{8}, DType::int4, four), ValueError);
    CHECK_THROWS_AS(write_npy(sink, Shape{None}, DType::float32, four), ValueError);
    CHECK_THROWS_AS(write_npy(sink, Shape{1}, std::vector<std::string>{"\xff"}), ValueError);
    CHECK_THROWS_AS(write_npy(sink, Shape{2}, std::vector<std::string>{"x"}), ValueError);
    CHECK(sink.size() == 0);
}

TEST_CASE("hostile arrays are refused") {
    const auto refused = [](const ByteSource& source, const char* reason) {
        CHECK_THROWS_WITH_AS(read_npy(source), doctest::Contains(reason), FileError);
    };
    refused(ByteSource::open(golden("pickled.npy")), "pickles");
    refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }", "1234"),
            "needs");
    refused(
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", ""),
        "64 bits");
    refused(
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 99999999999999999999), }", ""),
        "63 bits");
    refused(
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 0, 4), }", ""),
        "64 bits");
    refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "1234"),
            "dimension must be here");
    refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "12345"),
            "needs 4 bytes here. Received: 5.");
    refused(npy("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000,), }", ""),
            "must not be 0");
    refused(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "1234"),
            "structured");
    refused(npy("{'descr': '<M8', 'fortran_order': False, 'shape': (1,), }", "12345678"),
            "one that Cornu has");
    refused(npy("{'descr': '<f16', 'fortran_order': False, 'shape': (), }", "1234567812345678"),
            "one that Cornu has");
    refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}", "1234"),
            "each once");
    refused(npy("{'descr': '<f4', 'fortran_order': False}", "1234"), "all be there");
    refused(npy("__import__('os').system('true')", "1234"), "`{` must be here");
    refused(npy("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }", "\xff\xff\xff\xff"),
            "Unicode");
}

TEST_CASE("damaged arrays are read or refused, never worse") {
    for (const char* name : {"float32_fortran.npy", "text.npy", "version2.npy", "int32_big.npy"}) {
        CAPTURE(name);
        const auto bytes = bytes_of(ByteSource::open(golden(name)));
        CHECK(damage(bytes, 1, [](ByteSource source) { (void)read_npy(source); }) > bytes.size());
    }
    const auto read = [](ByteSource source) {
        const NpzReader npz(std::move(source));
        for (const std::string& name : npz.names()) (void)npz.read(name);
    };
    const auto bytes = bytes_of(ByteSource::open(golden("compressed.npz")));
    CHECK(damage(bytes, 5, read) > 1000);
}
