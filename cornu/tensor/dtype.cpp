#include "cornu/tensor/dtype.h"

#include <array>
#include <ostream>

#include "cornu/base/checked.h"

namespace cornu {

namespace {

struct Description {
    std::string_view name;
    int bits;
};

// In the order of the enum.
constexpr std::array<Description, dtype_count> descriptions = {{
    {"bool", 8},       {"uint8", 8},         {"uint16", 16},     {"uint32", 32},
    {"uint64", 64},    {"int8", 8},          {"int16", 16},      {"int32", 32},
    {"int64", 64},     {"float16", 16},      {"bfloat16", 16},   {"float32", 32},
    {"float64", 64},   {"float8_e4m3fn", 8}, {"float8_e5m2", 8}, {"int4", 4},
    {"complex64", 64}, {"complex128", 128},  {"string", 0},
}};

const Description& description(DType dtype) {
    const auto index = static_cast<size_t>(dtype);
    CORNU_CHECK(index < descriptions.size(), "dtype number ", index);
    return descriptions[index];
}

// A float of 1 sign bit, E exponent bits and M mantissa bits. Without infinity, as in e4m3fn, only
// the all-ones pattern is a NaN and the largest exponent holds numbers too.
template <int E, int M, bool has_infinity>
struct SmallFloat {
    static constexpr int bias = (1 << (E - 1)) - 1;
    static constexpr uint32_t sign = 1u << (E + M);
    static constexpr uint32_t infinity = ((1u << E) - 1)
                                         << M;  // also the first pattern past the numbers
    static constexpr uint32_t largest = has_infinity ? infinity - 1 : sign - 2;
    static constexpr uint32_t overflow = has_infinity ? infinity : sign - 1;
    static constexpr uint32_t nan = has_infinity ? infinity | 1u << (M - 1) : sign - 1;

    static uint32_t encode(float value) {
        const auto all = std::bit_cast<uint32_t>(value);
        const uint32_t magnitude = all & 0x7fffffffu;
        const uint32_t result_sign = (all >> 31) != 0 ? sign : 0;
        if (magnitude > 0x7f800000u) return result_sign | nan;
        constexpr int shift = 23 - M;
        if (magnitude >= uint32_t(127 - bias + 1) << 23) {
            // A carry out of the mantissa raises the exponent, which is just what rounding up
            // means.
            const uint32_t odd = magnitude >> shift & 1;
            const uint32_t rounded = (magnitude + (1u << (shift - 1)) - 1 + odd) >> shift;
            const uint32_t bits = rounded - (uint32_t(127 - bias) << M);
            return result_sign | (bits > largest ? overflow : bits);
        }
        // Subnormal: the addition rounds to a multiple of the smallest step, to even, in hardware.
        constexpr uint32_t magic = uint32_t(127 - bias + 1 + shift) << 23;
        const float sum = std::bit_cast<float>(magnitude) + std::bit_cast<float>(magic);
        return result_sign | (std::bit_cast<uint32_t>(sum) - magic);
    }

    static float decode(uint32_t bits) {
        const uint32_t result_sign = (bits & sign) != 0 ? 1u << 31 : 0;
        const uint32_t magnitude = bits & (sign - 1);
        if (magnitude > largest) {
            const uint32_t payload = has_infinity ? (magnitude - infinity) << (23 - M) : 1u << 22;
            return std::bit_cast<float>(result_sign | 0x7f800000u | payload);
        }
        if (magnitude < 1u << M) {
            constexpr float step = std::bit_cast<float>(uint32_t(127 + 1 - bias - M) << 23);
            const float value = static_cast<float>(magnitude) * step;
            return result_sign != 0 ? -value : value;
        }
        return std::bit_cast<float>(result_sign |
                                    ((magnitude << (23 - M)) + (uint32_t(127 - bias) << 23)));
    }
};

using Half = SmallFloat<5, 10, true>;
using E4M3FN = SmallFloat<4, 3, false>;
using E5M2 = SmallFloat<5, 2, true>;

// The promotion lattice of Keras and JAX: its nodes are the dtypes and the two weak types.
constexpr int weak_int = dtype_count;
constexpr int weak_float = dtype_count + 1;
constexpr int node_count = dtype_count + 2;

constexpr uint32_t bit(int node) { return 1u << node; }
constexpr uint32_t bit(DType dtype) { return bit(static_cast<int>(dtype)); }

// Per node, the set of all nodes at or above it; empty for a dtype that takes no part.
constexpr std::array<uint32_t, node_count> make_upper_bounds() {
    using enum DType;
    std::array<uint32_t, node_count> up{};
    const auto rises = [&](auto from, uint32_t to) {
        up[static_cast<size_t>(from)] = bit(from) | to;
    };
    rises(bool_, bit(weak_int));
    rises(uint8, bit(int16) | bit(uint16));
    rises(uint16, bit(int32) | bit(uint32));
    rises(uint32, bit(int64) | bit(uint64));
    rises(uint64, bit(weak_float));
    rises(weak_int, bit(uint8) | bit(int8) | bit(complex64));
    rises(int8, bit(int16));
    rises(int16, bit(int32));
    rises(int32, bit(int64));
    rises(int64, bit(weak_float));
    rises(weak_float, bit(bfloat16) | bit(float16));
    rises(bfloat16, bit(float32));
    rises(float16, bit(float32));
    rises(float32, bit(float64) | bit(complex64));
    rises(float64, bit(complex128));
    rises(complex64, bit(complex128));
    rises(complex128, 0);
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t& bounds : up) {
            uint32_t wider = bounds;
            for (size_t node = 0; node < up.size(); ++node)
                if ((bounds >> node & 1) != 0) wider |= up[node];
            changed |= wider != bounds;
            bounds = wider;
        }
    }
    return up;
}
constexpr std::array<uint32_t, node_count> upper_bounds = make_upper_bounds();

int node_of(PromotionOperand operand) {
    if (operand.weak && is_integer(operand.dtype)) return weak_int;
    if (operand.weak && is_float(operand.dtype)) return weak_float;
    // Keras gives a bare complex number the default precision, and does not call it weak.
    if (operand.weak && is_complex(operand.dtype)) return static_cast<int>(DType::complex64);
    return static_cast<int>(operand.dtype);
}

// A weak result takes the width of floatx; bfloat16 counts as 16 bits of the ordinary kind.
DType dtype_of_node(int node, DType floatx) {
    const int width = bits(floatx);
    if (node == weak_int) {
        return width == 16 ? DType::int16 : width == 64 ? DType::int64 : DType::int32;
    }
    if (node == weak_float) {
        return width == 16 ? DType::float16 : width == 64 ? DType::float64 : DType::float32;
    }
    return static_cast<DType>(node);
}

std::string listed(std::span<const PromotionOperand> operands) {
    std::string out;
    for (const PromotionOperand& operand : operands) {
        if (!out.empty()) out += ", ";
        if (operand.weak) out += "a bare ";
        out += name(operand.dtype);
    }
    return out;
}

}  // namespace

std::string_view name(DType dtype) { return description(dtype).name; }

std::optional<DType> find_dtype(std::string_view name) {
    for (size_t i = 0; i < descriptions.size(); ++i)
        if (descriptions[i].name == name) return static_cast<DType>(i);
    return std::nullopt;
}

DType parse_dtype(std::string_view text) {
    if (const auto dtype = find_dtype(text)) return *dtype;
    std::string known;
    for (const Description& each : descriptions)
        known += (known.empty() ? "" : ", ") + std::string(each.name);
    throw DTypeError(str("a dtype must be one of ", known, ". Received: \"", text, "\""));
}

int bits(DType dtype) { return description(dtype).bits; }

int64_t bytes_for(DType dtype, int64_t elements) {
    if (elements < 0)
        throw ValueError(str("a number of elements must be >= 0. Received: ", elements));
    const int width = bits(dtype);
    if (width < 8) return width == 0 ? 0 : elements / 2 + elements % 2;
    return checked_multiply<int64_t>(elements, width / 8);
}

float16::float16(float value) : bits(static_cast<uint16_t>(Half::encode(value))) {}
float16::operator float() const { return Half::decode(bits); }
float8_e4m3fn::float8_e4m3fn(float value) : bits(static_cast<uint8_t>(E4M3FN::encode(value))) {}
float8_e4m3fn::operator float() const { return E4M3FN::decode(bits); }
float8_e5m2::float8_e5m2(float value) : bits(static_cast<uint8_t>(E5M2::encode(value))) {}
float8_e5m2::operator float() const { return E5M2::decode(bits); }

bfloat16::bfloat16(float value) {
    const auto all = std::bit_cast<uint32_t>(value);
    if ((all & 0x7fffffffu) > 0x7f800000u) {
        bits = static_cast<uint16_t>((all >> 16 & 0x8000u) | 0x7fc0u);
    } else {
        bits = static_cast<uint16_t>((all + 0x7fffu + (all >> 16 & 1)) >> 16);
    }
}

DType result_type(std::span<const PromotionOperand> operands, DType floatx) {
    if (operands.empty()) return floatx;
    uint32_t nodes = 0;
    uint32_t common = ~0u;
    for (const PromotionOperand& operand : operands) {
        if (operand.dtype == DType::float8_e4m3fn || operand.dtype == DType::float8_e5m2 ||
            operand.dtype == DType::int4) {
            throw DTypeError(str("there is no implicit conversion from ", name(operand.dtype),
                                 " to other dtypes: cast it first. Received: ", listed(operands)));
        }
        const int node = node_of(operand);
        nodes |= bit(node);
        common &= upper_bounds[static_cast<size_t>(node)];
    }
    if (nodes == bit(DType::string)) return DType::string;
    if ((nodes & bit(DType::string)) != 0) {
        throw DTypeError(
            str("string does not promote to or from other dtypes. Received: ", listed(operands)));
    }
    // The least upper bound is the common bound that has all the others above it.
    for (int node = 0; node < node_count; ++node) {
        if ((common & bit(node)) != 0 && (common & ~upper_bounds[static_cast<size_t>(node)]) == 0) {
            return dtype_of_node(node, floatx);
        }
    }
    CORNU_CHECK(false, "the promotion lattice has no top for ", listed(operands));
}

DType result_type(DType a, DType b) {
    const PromotionOperand operands[] = {{a}, {b}};
    return result_type(operands);
}

std::ostream& operator<<(std::ostream& out, DType dtype) { return out << name(dtype); }

}  // namespace cornu
