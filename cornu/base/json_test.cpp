#include "cornu/base/json.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>

#include "cornu/base/error.h"
#include "tests/golden.h"

using namespace cornu;

namespace {

std::string golden(const char* file) {
    std::ifstream in(golden_path(file), std::ios::binary);
    REQUIRE(in);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

std::string error_of(std::string_view text, const Json::Limits& limits = {}) {
    try {
        Json::parse(text, limits);
    } catch (const ValueError& error) {
        return error.what();
    }
    return "none";
}

}  // namespace

TEST_CASE("what Python wrote is read exactly and written again byte for byte") {
    const std::string text = golden("json_python.json");
    const Json document = Json::parse(text);
    CHECK(document.dump() == text);
    CHECK(document.dump(2) == golden("json_python_indent.json"));
    const Json& floats = document["floats"];
    REQUIRE(floats.size() == 600);
    for (size_t i = 0; i < floats.size(); ++i) {
        const auto bits = std::stoull(document["bits"][i].as_string(), nullptr, 16);
        CHECK(std::bit_cast<uint64_t>(floats[i].as_double()) == bits);
    }
    CHECK(document["ints"][3].as_int() == std::numeric_limits<int64_t>::min());
    CHECK(document["strings"][5].as_string() == "NaN");
    CHECK(document["é"].as_bool() == false);
    CHECK(document.as_object()[0].first == "floats");
}

TEST_CASE("the three numbers that only Python knows") {
    const Json json = Json::parse(R"([1, NaN, -Infinity, "NaN", 2, Infinity, {"a": NaN}])");
    CHECK(json[0].as_int() == 1);
    CHECK(std::isnan(json[1].as_double()));
    CHECK(json[2].as_double() == -std::numeric_limits<double>::infinity());
    CHECK(json[3].as_string() == "NaN");
    CHECK(json[4].as_int() == 2);
    CHECK(json.dump() == R"([1, NaN, -Infinity, "NaN", 2, Infinity, {"a": NaN}])");
    CHECK(std::isinf(Json::parse("Infinity").as_double()));
    for (const char* bad : {"-NaN", "NaN5", "5NaN", "nan", "+Infinity", "--Infinity", "Inf",
                            "{NaN: 1}", "[NaN NaN]", "NaN.0", "-Infinity-"}) {
        CAPTURE(bad);
        CHECK(error_of(bad) != "none");
    }
}

TEST_CASE("malformed documents are refused with their offset") {
    CHECK(error_of("[1, 2") ==
          "JSON: not well-formed at offset 5: syntax error while parsing array - unexpected end of "
          "input; "
          "expected ']'");
    CHECK(error_of("[1, x]").starts_with("JSON: not well-formed at offset 4: "));
    for (const char* bad : {"",
                            " ",
                            "{",
                            "[1,]",
                            "{\"a\":}",
                            "{\"a\" 1}",
                            "{1: 2}",
                            "01",
                            "1.",
                            "\"",
                            "\"\\",
                            "\"\\x\"",
                            "\"\\u12\"",
                            "\"\\ud800\"",
                            "\"a\nb\"",
                            "nul",
                            "1 2",
                            "[1]]",
                            "\"\x80\"",
                            "\"\xc3\"",
                            "\"\xc0\x80\"",
                            "\"\xed\xa0\x80\"",
                            "\"\xf5\x80\x80\x80\"",
                            "/* no */ 1",
                            "1e999"}) {
        CAPTURE(bad);
        CHECK(error_of(bad).starts_with("JSON: "));
    }
    CHECK(error_of(std::string_view("[1]\0", 4)) != "none");
    CHECK(error_of("\"" + std::string(100000, 'x')).size() < 400);
}

TEST_CASE("limits of depth, size and count, and no key twice") {
    const auto nested = [](int depth) {
        return std::string(size_t(depth), '[') + std::string(size_t(depth), ']');
    };
    CHECK(error_of(nested(100)) == "none");
    CHECK(error_of(nested(101)) == "JSON: arrays and objects may be nested at most 100 deep");
    CHECK(error_of(std::string(1000000, '[')).find("at most 100 deep") != std::string::npos);
    CHECK(error_of("[1, 2]", {.max_bytes = 5}) ==
          "JSON: a document may have at most 5 bytes. Received: 6");
    CHECK(error_of("[1, 2]", {.max_values = 3}) == "none");
    CHECK(error_of("[1, 2]", {.max_values = 2}) == "JSON: a document may hold at most 2 values");
    CHECK(error_of(R"({"a": 1, "b": {"c": 1}, "a": 2})") ==
          "JSON: the keys of an object must differ. Received: \"a\" twice");
    CHECK(error_of(R"({"a": {"a": 1}})") == "none");
    std::string many = "{";
    for (int i = 0; i < 50000; ++i) many += "\"k" + std::to_string(i) + "\":0,";
    CHECK(error_of(many + "\"k7\":1}").find("\"k7\" twice") != std::string::npos);
}

TEST_CASE("numbers keep their kind") {
    CHECK(Json::parse("1").is_int());
    CHECK(Json::parse("1.0").is_double());
    CHECK(Json::parse("1.0").as_int() == 1);
    CHECK(Json::parse("3").as_double() == 3.0);
    CHECK(Json::parse("9223372036854775807").as_int() == std::numeric_limits<int64_t>::max());
    CHECK(Json::parse("9223372036854775808").is_double());
    CHECK_THROWS_AS(Json::parse("9223372036854775808").as_int(), ValueError);
    CHECK_THROWS_AS(Json(0.5).as_int(), ValueError);
    CHECK_THROWS_AS(Json(std::numeric_limits<double>::quiet_NaN()).as_int(), ValueError);
    CHECK(Json(1) == Json(1.0));
}

TEST_CASE("building, looking up and comparing") {
    Json json;
    json.set("units", 64);
    json.set("name", "fc1");
    json.set("units", 32);
    json.set("shape", Json::array()).push_back(3);
    CHECK(json.dump() == R"({"units": 32, "name": "fc1", "shape": [3]})");
    CHECK(json.dump(0) == "{\n\"units\": 32,\n\"name\": \"fc1\",\n\"shape\": [\n3\n]\n}");
    CHECK(json == Json::parse(R"({"shape": [3], "name": "fc1", "units": 32})"));
    CHECK_FALSE(json == Json::parse(R"({"shape": [3], "name": "fc1", "units": 33})"));
    CHECK_FALSE(json == Json::parse(R"({"shape": [3], "name": "fc1"})"));
    CHECK_FALSE(Json::array({1, 2}) == Json::array({2, 1}));
    CHECK_THROWS_AS(json.push_back(1), ValueError);
    CHECK_THROWS_AS(Json(1).set("a", 1), ValueError);
}

TEST_CASE("values of the wrong kind are named") {
    const Json json = Json::object({{"a", 1}, {"b", Json::array({1, "two", nullptr, true})}});
    CHECK_THROWS_WITH_AS(json["a"].as_string(), "JSON: expected a string. Received: 1", ValueError);
    CHECK_THROWS_WITH_AS(json["b"].as_object(), "JSON: expected an object. Received: an array of 4",
                         ValueError);
    CHECK_THROWS_WITH_AS(json["c"], "JSON: the key \"c\" is missing. Received: keys [a, b]",
                         ValueError);
    CHECK_THROWS_WITH_AS(
        json["b"][4], "JSON: an index must be below the array's size, 4. Received: 4", ValueError);
    CHECK_THROWS_AS(json["a"]["b"], ValueError);
    CHECK_THROWS_AS(Json("\xff").dump(), ValueError);
    CHECK_THROWS_AS(Json("\xe2\x82").dump(), ValueError);
    CHECK(json.get("c").is_null());
    CHECK(json.find("a")->as_int() == 1);
    CHECK(Json(1).find("a") == nullptr);
}
