#include "cornu/saving/hdf5_encode.h"

#include "cornu/base/error.h"

namespace cornu::saving::hdf5 {

namespace {

// Version 1 of the message, class in the low half.
uint64_t head(int kind) { return uint64_t(1) << 4 | static_cast<uint64_t>(kind); }

Fields fixed_point(uint64_t size, bool is_signed) {
    Fields out;
    out.u8(head(0)).u8(is_signed ? 8 : 0).u16(0).u32(size).u16(0).u16(8 * size);
    return out;
}

Fields floating(uint64_t size, uint64_t exponent) {
    const uint64_t bits = 8 * size, mantissa = bits - exponent - 1;
    constexpr uint64_t implied_one = 2 << 4;
    Fields out;
    out.u8(head(1)).u8(implied_one).u8(bits - 1).u8(0).u32(size).u16(0).u16(bits);
    out.u8(mantissa).u8(exponent).u8(0).u8(mantissa).u32((uint64_t(1) << (exponent - 1)) - 1);
    return out;
}

Fields opaque(uint64_t size) {
    Fields out;
    out.u8(head(5)).u8(0).u16(0).u32(size);
    return out;
}

Fields boolean() {
    Fields out;
    out.u8(head(8)).u16(2).u8(0).u32(1).append(fixed_point(1, true));
    out.text("FALSE").pad(3).text("TRUE").pad(4).u8(0).u8(1);
    return out;
}

Fields complex(uint64_t size, uint64_t exponent) {
    Fields out;
    out.u8(head(6)).u16(2).u8(0).u32(size);
    for (int i = 0; i < 2; ++i) {
        out.text(i == 0 ? "r" : "i")
            .pad(7)
            .u32(i == 0 ? 0 : size / 2)
            .pad(28)
            .append(floating(size / 2, exponent));
    }
    return out;
}

}  // namespace

Fields encode_type(DType dtype) {
    switch (dtype) {
        case DType::bool_:
            return boolean();
        case DType::uint8:
            return fixed_point(1, false);
        case DType::uint16:
            return fixed_point(2, false);
        case DType::uint32:
            return fixed_point(4, false);
        case DType::uint64:
            return fixed_point(8, false);
        case DType::int8:
            return fixed_point(1, true);
        case DType::int16:
            return fixed_point(2, true);
        case DType::int32:
            return fixed_point(4, true);
        case DType::int64:
            return fixed_point(8, true);
        case DType::float16:
            return floating(2, 5);
        case DType::float32:
            return floating(4, 8);
        case DType::float64:
            return floating(8, 11);
        case DType::bfloat16:
            return opaque(2);
        case DType::float8_e4m3fn:
        case DType::float8_e5m2:
            return opaque(1);
        case DType::complex64:
            return complex(8, 8);
        case DType::complex128:
            return complex(16, 11);
        case DType::int4:
        case DType::string:
            break;
    }
    CORNU_CHECK(false, "no HDF5 type for ", dtype);
}

Fields encode_fixed_string(uint64_t size) {
    constexpr uint64_t nul_padded = 1;
    Fields out;
    out.u8(head(3)).u8(nul_padded).u16(0).u32(size);
    return out;
}

Fields encode_variable_string() {
    constexpr uint64_t string = 1, utf8 = 1;
    Fields out;
    out.u8(head(9)).u8(string).u8(utf8).u8(0).u32(16).append(fixed_point(1, false));
    return out;
}

Fields encode_space(const Shape& shape) {
    Fields out;
    out.u8(1).u8(static_cast<uint64_t>(shape.rank())).pad(6);
    for (const int64_t dim : shape) out.u64(static_cast<uint64_t>(dim));
    return out;
}

}  // namespace cornu::saving::hdf5
