#include "cornu/saving/zip.h"

#include <doctest/doctest.h>

#include "cornu/saving/files_for_tests.h"
#include "cornu/saving/zip_format.h"

using namespace cornu;
using namespace cornu::saving;
using namespace cornu::saving::test;

namespace {

void read_all(ByteSource source, const LoadLimits& limits = {}) {
    const ZipReader zip(std::move(source), limits);
    for (const ZipMember& member : zip.members()) (void)zip.open(member.name);
}

std::vector<std::byte> sample() {
    MemorySink sink;
    ZipWriter zip(sink);
    zip.add("metadata.json", "{}");
    zip.add("config.json", std::string(3000, ' ') + "{}", ZipMethod::deflated);
    zip.add("assets/zwölf.txt", "12");
    const std::vector<std::byte> data(5000, std::byte(7));
    Sink& member = zip.begin("model.weights.h5", data.size());
    member.write(std::span(data).first(100));
    member.write(std::span(data).subspan(100));
    zip.end();
    zip.finish();
    return sink.take();
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

void expect_refused(const std::vector<std::byte>& bytes, const std::string& reason,
                    const LoadLimits& limits = {}) {
    try {
        read_all(ByteSource::own("hostile.zip", bytes), limits);
        FAIL("must be refused: ", reason);
    } catch (const FileError& error) {
        CHECK_MESSAGE(std::string(error.what()).find(reason) != std::string::npos, error.what());
        CHECK(std::string(error.what()).find("hostile.zip") == 0);
        CHECK(std::string(error.what()).find(", byte ") != std::string::npos);
    }
}

// An archive of one member whose name is replaced, in both headers, by one of the same length.
std::vector<std::byte> with_name(std::string_view name) {
    MemorySink sink;
    ZipWriter zip(sink);
    const std::string plain(name.size(), 'n');
    zip.add(plain, "content");
    zip.finish();
    auto bytes = sink.take();
    for (size_t at = 0, count = 0; count < 2; ++count) {
        at = find_bytes(bytes, plain, at);
        std::copy(name.begin(), name.end(), reinterpret_cast<char*>(bytes.data()) + at);
    }
    return bytes;
}

const std::string central("PK\1\2", 4);
const std::string end_record("PK\5\6", 4);

}  // namespace

TEST_CASE("archives of Python's zipfile and of Keras hold what was recorded") {
    for (const auto& entry : expected()["zip"].as_object()) {
        const auto& name = entry.first;
        const auto& members = entry.second;
        CAPTURE(name);
        const ZipReader zip(ByteSource::open(golden(name)));
        CHECK(zip.members().size() == members.size());
        for (const auto& entry : members.as_object()) {
            const auto& member = entry.first;
            const auto& content = entry.second;
            CAPTURE(member);
            REQUIRE(zip.contains(member));
            const ByteSource bytes = zip.open(member);
            CHECK(static_cast<int64_t>(bytes.size()) == content["size"].as_int());
            CHECK(crc32(bytes.bytes()) == content["crc"].as_int());
        }
    }
}

TEST_CASE("what the writer writes, the reader reads, the same bytes each time") {
    const auto bytes = sample();
    CHECK(bytes == sample());
    const ZipReader zip(ByteSource::own("sample", bytes));
    CHECK(zip.members().size() == 4);
    CHECK(zip.open("config.json").size() == 3002);
    CHECK(zip.find("config.json")->method == ZipMethod::deflated);
    CHECK(zip.find("config.json")->stored_size < 100);
    CHECK(zip.open("assets/zwölf.txt").text(0, 2) == "12");
    CHECK(zip.find("model.weights.h5")->data_offset % 64 == 0);
    CHECK(zip.find("nothing") == nullptr);
    CHECK_THROWS_WITH_AS(zip.open("nothing"), doctest::Contains("no member nothing"), FileError);
}

TEST_CASE("a stored member is a slice of the archive that outlives the reader") {
    ByteSource member;
    const ByteSource source = ByteSource::own("sample", sample());
    {
        const ZipReader zip(source);
        member = zip.open("model.weights.h5");
        CHECK(member.bytes().data() ==
              source.bytes().data() + zip.find("model.weights.h5")->data_offset);
    }
    CHECK(member.u8(4999) == 7);
    CHECK(member.name() == "sample > model.weights.h5");
    CHECK_THROWS_WITH_AS(member.u8(5000),
                         doctest::Contains("sample > model.weights.h5, byte 5000: "), FileError);
}

TEST_CASE("many members need no more than the format allows") {
    MemorySink sink;
    ZipWriter zip(sink);
    for (int i = 0; i < 66'000; ++i) zip.add(str(i), "");  // beyond 16 bits: zip64
    zip.finish();
    const ZipReader read(ByteSource::own("many", sink.take()));
    CHECK(read.members().size() == 66'000);
    CHECK(read.contains("65999"));
}

TEST_CASE("hostile names are refused by the reader and by the writer") {
    const std::pair<std::string, const char*> names[] = {
        {"/etc/passwd", "absolute"},
        {"../config.json", "`..` component"},
        {"a/../b", "`..` component"},
        {"a/..", "`..` component"},
        {"C:/x", "drive"},
        {"a\\b", "backslash"},
        {"a//b", "empty"},
        {"./a", "`.` component"},
        {std::string("a\0b", 3), "NUL"},
        {"a\nb", "control"},
        {"\xff\xfe", "UTF-8"},
    };
    for (const auto& entry : names) {
        const auto& name = entry.first;
        const auto& reason = entry.second;
        CAPTURE(reason);
        expect_refused(with_name(name), reason);
        MemorySink sink;
        ZipWriter zip(sink);
        CHECK_THROWS_WITH_AS(zip.add(name, "x"), doctest::Contains(reason), ValueError);
    }
    CHECK(zip::bad_name("assets/ok.txt", false) == nullptr);
    CHECK(zip::bad_name("assets/", false) == nullptr);
    CHECK(zip::bad_name("..a", false) == nullptr);
}

TEST_CASE("hostile archives are refused") {
    auto bytes = sample();
    const size_t first = find_bytes(bytes, central);
    SUBCASE("encrypted") {
        put(bytes, first + 8, 1, 2);
        expect_refused(bytes, "encrypted");
    }
    SUBCASE("an unknown flag") {
        put(bytes, first + 8, 1 << 5, 2);
        expect_refused(bytes, "unknown flags");
    }
    SUBCASE("another method") {
        put(bytes, first + 10, 12, 2);
        expect_refused(bytes, "stored (0) or deflated (8)");
    }
    SUBCASE("a link") {
        put(bytes, first + 38, 0xa1ffu << 16, 4);
        expect_refused(bytes, "links are not followed");
    }
    SUBCASE("headers that disagree") {
        put(bytes, 14, 1, 4);
        expect_refused(bytes, "agree with the directory in its CRC");
    }
    SUBCASE("damaged content") {
        bytes[30 + 13] ^= std::byte(1);
        expect_refused(bytes, "CRC must be");
    }
    SUBCASE("a name twice") {
        MemorySink sink;
        ZipWriter zip(sink);
        zip.add("aa", "1");
        zip.add("bb", "2");
        zip.finish();
        bytes = sink.take();
        for (size_t at = 0, count = 0; count < 2; ++count) {
            at = find_bytes(bytes, "bb", at);
            put(bytes, at, 'a' | 'a' << 8, 2);
        }
        expect_refused(bytes, "must not appear twice");
    }
    SUBCASE("two members over the same bytes") {
        MemorySink sink;
        ZipWriter zip(sink);
        zip.add("a", "1");
        zip.add("b", "1");
        zip.finish();
        bytes = sink.take();
        const size_t second = find_bytes(bytes, central, find_bytes(bytes, central) + 4);
        put(bytes, second + 42, 0, 4);
        put(bytes, second + 46, 'a', 1);
        expect_refused(bytes, "overlaps");
    }
    SUBCASE("a member over the directory") {
        put(bytes, first + 20, 1 << 20, 4);
        put(bytes, first + 24, 1 << 20, 4);
        put(bytes, 18, 1 << 20, 4);
        put(bytes, 22, 1 << 20, 4);
        expect_refused(bytes, "reach beyond the end");
    }
    SUBCASE("more members than the directory holds") {
        put(bytes, find_bytes(bytes, end_record) + 8, 0x3fff3fff, 4);
        expect_refused(bytes, "too short for its members");
    }
    SUBCASE("something before the directory's end") {
        put(bytes, find_bytes(bytes, end_record) + 12, 4, 4);
        expect_refused(bytes, "right before the end record");
    }
    SUBCASE("limits") {
        LoadLimits limits;
        limits.max_members = 3;
        expect_refused(bytes, "max_members", limits);
        limits = {};
        limits.max_inflated_bytes = 3001;
        expect_refused(bytes, "max_inflated_bytes", limits);
        limits = {};
        limits.ratio_floor = 1000;
        limits.max_ratio = 10;
        expect_refused(bytes, "max_ratio", limits);
    }
}

TEST_CASE("a zip bomb is refused by its ratio, and by what really comes out") {
    MemorySink sink;
    ZipWriter zip(sink);
    zip.add("bomb", std::string(64 << 20, '\0'), ZipMethod::deflated);
    zip.finish();
    auto bytes = sink.take();
    CHECK(bytes.size() < 100'000);
    expect_refused(bytes, "max_ratio");
    // One that claims to be small.
    for (const size_t at : {size_t(22), find_bytes(bytes, central) + 24}) put(bytes, at, 1000, 4);
    expect_refused(bytes, "more than the declared 1000 bytes");
}

TEST_CASE("the writer keeps its own rules") {
    MemorySink sink;
    ZipWriter zip(sink);
    zip.add("a", "x");
    CHECK_THROWS_AS(zip.add("a", "y"), ValueError);
    CHECK_THROWS_AS(zip.end(), ValueError);
    Sink& member = zip.begin("b", 4);
    member.write("12");
    CHECK_THROWS_WITH_AS(zip.end(), doctest::Contains("2 too few"), ValueError);
    CHECK_THROWS_AS(zip.add("c", "x"), ValueError);
    CHECK_THROWS_WITH_AS(member.write("345"), doctest::Contains("1 too many"), ValueError);
    CHECK_THROWS_AS(zip.finish(), ValueError);
    member.write("34");
    zip.end();
    zip.finish();
    CHECK(ZipReader(ByteSource::own("x", sink.take())).open("b").text(0, 4) == "1234");
}

TEST_CASE("damaged archives are read or refused, never worse") {
    const auto read = [](ByteSource source) { read_all(std::move(source)); };
    CHECK(damage(sample(), 1, read) > 5000);
    for (const char* name : {"deflated.zip", "streamed.zip", "zip64.zip"}) {
        CAPTURE(name);
        const auto bytes = bytes_of(ByteSource::open(golden(name)));
        CHECK(damage(bytes, std::max<size_t>(1, bytes.size() / 1500), read) > 100);
    }
}
