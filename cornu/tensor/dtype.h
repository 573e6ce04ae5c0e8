// Element types and Keras's promotion between them.
#pragma once

#include <bit>
#include <complex>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cornu/base/api.h"

namespace cornu {

enum class DType : uint8_t {
    bool_, uint8, uint16, uint32, uint64, int8, int16, int32, int64,
    float16, bfloat16, float32, float64, float8_e4m3fn, float8_e5m2,
    int4,        // two values a byte, low nibble first
    complex64, complex128,
    string,      // std::string on the host only
};
inline constexpr int dtype_count = 19;

CORNU_API std::string_view name(DType dtype);                        // "float32", "bool", …
CORNU_API std::optional<DType> find_dtype(std::string_view name);    // nullopt when unknown
CORNU_API DType parse_dtype(std::string_view name);                  // throws DTypeError

// A dtype that may be left out, given as a DType or by Keras's word: `.dtype = "int32"`.
class OptionalDType : public std::optional<DType> {
public:
    OptionalDType() = default;
    OptionalDType(std::nullopt_t) {}
    OptionalDType(DType dtype) : optional(dtype) {}
    OptionalDType(std::optional<DType> dtype) : optional(dtype) {}
    OptionalDType(const char* name) : optional(parse_dtype(name)) {}
    OptionalDType(const std::string& name) : optional(parse_dtype(name)) {}
};

CORNU_API int bits(DType dtype);                                     // 4 for int4; 0 for string
CORNU_API int64_t bytes_for(DType dtype, int64_t elements);          // packed, overflow-checked

constexpr bool is_float(DType t) {
    return t >= DType::float16 && t <= DType::float8_e5m2;
}
constexpr bool is_complex(DType t) { return t == DType::complex64 || t == DType::complex128; }
constexpr bool is_signed_int(DType t) {
    return (t >= DType::int8 && t <= DType::int64) || t == DType::int4;
}
constexpr bool is_unsigned_int(DType t) { return t >= DType::uint8 && t <= DType::uint64; }
constexpr bool is_integer(DType t) { return is_signed_int(t) || is_unsigned_int(t); }
constexpr bool is_numeric(DType t) { return t != DType::string; }

// Storage types of the floats that C++20 lacks: bit patterns with conversions.
struct float16 {
    uint16_t bits = 0;
    float16() = default;
    CORNU_API explicit float16(float value);
    CORNU_API operator float() const;
};
struct bfloat16 {
    uint16_t bits = 0;
    bfloat16() = default;
    CORNU_API explicit bfloat16(float value);
    operator float() const { return std::bit_cast<float>(uint32_t(bits) << 16); }
};
struct float8_e4m3fn {
    uint8_t bits = 0;
    float8_e4m3fn() = default;
    CORNU_API explicit float8_e4m3fn(float value);
    CORNU_API operator float() const;
};
struct float8_e5m2 {
    uint8_t bits = 0;
    float8_e5m2() = default;
    CORNU_API explicit float8_e5m2(float value);
    CORNU_API operator float() const;
};

// DType of a C++ type; int4 has none (it is packed).
template <class T> inline constexpr DType dtype_of = [] { static_assert(sizeof(T) == 0, "no dtype for this type"); return DType::bool_; }();
template <> inline constexpr DType dtype_of<bool> = DType::bool_;
template <> inline constexpr DType dtype_of<uint8_t> = DType::uint8;
template <> inline constexpr DType dtype_of<uint16_t> = DType::uint16;
template <> inline constexpr DType dtype_of<uint32_t> = DType::uint32;
template <> inline constexpr DType dtype_of<uint64_t> = DType::uint64;
template <> inline constexpr DType dtype_of<int8_t> = DType::int8;
template <> inline constexpr DType dtype_of<int16_t> = DType::int16;
template <> inline constexpr DType dtype_of<int32_t> = DType::int32;
template <> inline constexpr DType dtype_of<int64_t> = DType::int64;
template <> inline constexpr DType dtype_of<float16> = DType::float16;
template <> inline constexpr DType dtype_of<bfloat16> = DType::bfloat16;
template <> inline constexpr DType dtype_of<float> = DType::float32;
template <> inline constexpr DType dtype_of<double> = DType::float64;
template <> inline constexpr DType dtype_of<float8_e4m3fn> = DType::float8_e4m3fn;
template <> inline constexpr DType dtype_of<float8_e5m2> = DType::float8_e5m2;
template <> inline constexpr DType dtype_of<std::complex<float>> = DType::complex64;
template <> inline constexpr DType dtype_of<std::complex<double>> = DType::complex128;
template <> inline constexpr DType dtype_of<std::string> = DType::string;

// Calls `f(T{})` with the C++ type of `dtype`. int4 and string are the caller's to handle first.
template <class F>
decltype(auto) visit_dtype(DType dtype, F&& f);

// One operand of a promotion: a weak one is a bare C++ number, which never widens a tensor's type
// within its kind.
struct PromotionOperand {
    DType dtype;
    bool weak = false;
};
// keras.backend.result_type on JAX's lattice, with real int64 and float64. A result that is still
// weak takes the width of `floatx`, as does one of no operands. Throws DTypeError for float8 and
// int4, which must be cast by hand, and for string beside anything else.
CORNU_API DType result_type(std::span<const PromotionOperand> operands,
                            DType floatx = DType::float32);
CORNU_API DType result_type(DType a, DType b);

CORNU_API std::ostream& operator<<(std::ostream& out, DType dtype);

}  // namespace cornu

#include "cornu/tensor/dtype_visit.h"
