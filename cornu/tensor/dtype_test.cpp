#include "cornu/tensor/dtype.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <iterator>

#include "cornu/base/error.h"
#include "cornu/base/json.h"
#include "tests/golden.h"

using namespace cornu;

namespace {

Json golden(const char* file) {
    std::ifstream in(golden_path(file));
    REQUIRE(in);
    return Json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    size_t start = 0;
    for (size_t at; (at = text.find(separator, start)) != std::string::npos;
         start = at + separator.size())
        parts.push_back(text.substr(start, at - start));
    parts.push_back(text.substr(start));
    return parts;
}

PromotionOperand operand(const std::string& name) {
    if (name == "weak int") return {DType::int64, true};
    if (name == "weak float") return {DType::float64, true};
    if (name == "weak bool") return {DType::bool_, true};
    if (name == "weak complex") return {DType::complex128, true};
    return {parse_dtype(name)};
}

std::string promoted(const std::vector<PromotionOperand>& operands, DType floatx = DType::float32) {
    try {
        return std::string(name(result_type(operands, floatx)));
    } catch (const DTypeError&) {
        return "error";
    }
}

struct Fnv1a {
    uint64_t value = 0xcbf29ce484222325;
    void add(uint32_t word, int bytes) {
        for (int i = 0; i < bytes; ++i) value = (value ^ (word >> (8 * i) & 0xff)) * 0x100000001b3;
    }
    std::string hex() const {
        char text[17];
        std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
        return text;
    }
};

template <class T>
void check_conversions() {
    const std::string type(name(dtype_of<T>));
    CAPTURE(type);
    const Json all = golden("dtype_conversions.json");
    const Json& recorded = all[type];
    const auto inputs = split(all["inputs"].as_string(), " ");
    const auto encoded = split(recorded["encoded"].as_string(), " ");
    REQUIRE(inputs.size() == encoded.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
        const float value =
            std::bit_cast<float>(static_cast<uint32_t>(std::stoul(inputs[i], nullptr, 16)));
        CAPTURE(value);
        CHECK(T(value).bits == std::stoul(encoded[i], nullptr, 16));
    }

    Fnv1a decoded;
    int nans = 0;
    for (uint32_t pattern = 0; pattern < 1u << (8 * sizeof(T)); ++pattern) {
        T x;
        x.bits = static_cast<decltype(x.bits)>(pattern);
        const float value = x;
        if (std::isnan(value)) {
            ++nans;
            CHECK(std::isnan(static_cast<float>(T(value))));
            continue;
        }
        decoded.add(std::bit_cast<uint32_t>(value), 4);
        if (T(value).bits != pattern) FAIL_CHECK("pattern " << pattern << " does not survive");
    }
    CHECK(nans == recorded["nans"].as_int());
    CHECK(decoded.hex() == recorded["decode_fnv1a"].as_string());

    Fnv1a rounded;
    const auto lows = split(all["lows"].as_string(), " ");
    for (uint32_t high = 0; high < 1u << 16; ++high) {
        for (const std::string& low : lows) {
            const uint32_t bits = high << 16 | static_cast<uint32_t>(std::stoul(low, nullptr, 16));
            const float value = std::bit_cast<float>(bits);
            if (!std::isnan(value)) rounded.add(T(value).bits, 2);
        }
    }
    CHECK(rounded.hex() == recorded["encode_fnv1a"].as_string());
}

}  // namespace

TEST_CASE("names, widths and sizes") {
    for (int i = 0; i < dtype_count; ++i) {
        const auto dtype = static_cast<DType>(i);
        CHECK(parse_dtype(name(dtype)) == dtype);
        if (dtype == DType::int4 || dtype == DType::string || dtype == DType::bool_) continue;
        visit_dtype(dtype, [&](auto x) {
            CHECK(bits(dtype) == 8 * static_cast<int>(sizeof x));
            CHECK(dtype_of<decltype(x)> == dtype);
        });
    }
    CHECK(name(DType::string) == "string");
    CHECK(is_float(DType::float8_e5m2));
    CHECK_FALSE(find_dtype("float31").has_value());
    CHECK_THROWS_AS(parse_dtype("Float32"), DTypeError);
    CHECK_THROWS_AS(visit_dtype(DType::int4, [](auto) {}), DTypeError);
    CHECK(bytes_for(DType::complex128, 3) == 48);
    CHECK(bytes_for(DType::int4, 3) == 2);
    CHECK(bytes_for(DType::int4, INT64_MAX) == int64_t(1) << 62);
    CHECK_THROWS_AS(bytes_for(DType::uint16, INT64_MAX / 2 + 1), ValueError);
    CHECK_THROWS_AS(bytes_for(DType::float32, -1), ValueError);
}

TEST_CASE("promotion is Keras's, for every pair, floatx and some triples") {
    const Json recorded = golden("dtype_promotion.json");
    const auto operands = split(recorded["operands"].as_string(), ", ");
    for (const char* floatx_name : {"float32", "float16", "bfloat16", "float64"}) {
        const DType floatx = parse_dtype(floatx_name);
        const Json& table = recorded[floatx_name];
        CAPTURE(floatx);
        CHECK(promoted({}, floatx) == table["none"].as_string());
        const auto one = split(table["one"].as_string(), " ");
        REQUIRE(one.size() == operands.size());
        for (size_t i = 0; i < operands.size(); ++i) {
            CAPTURE(operands[i]);
            CHECK(promoted({operand(operands[i])}, floatx) == one[i]);
            const auto two = split(table["two"][i].as_string(), " ");
            REQUIRE(two.size() == operands.size());
            for (size_t j = 0; j < operands.size(); ++j) {
                CAPTURE(operands[j]);
                CHECK(promoted({operand(operands[i]), operand(operands[j])}, floatx) == two[j]);
            }
        }
    }
    CHECK(recorded["triples"].size() == 300);
    for (const Json& triple : recorded["triples"].as_array()) {
        CAPTURE(triple.as_string());
        const auto names = split(triple.as_string(), ", ");
        CHECK(promoted({operand(names[0]), operand(names[1]), operand(names[2])}) == names[3]);
    }
    CHECK(result_type(DType::int64, DType::int8) == DType::int64);
    CHECK_THROWS_WITH_AS(
        result_type(DType::float8_e5m2, DType::float32),
        "there is no implicit conversion from float8_e5m2 to other dtypes: cast it first. "
        "Received: float8_e5m2, float32",
        DTypeError);
}

TEST_CASE("small floats round as NumPy and ml_dtypes do") {
    check_conversions<float16>();
    check_conversions<bfloat16>();
    check_conversions<float8_e4m3fn>();
    check_conversions<float8_e5m2>();
}
