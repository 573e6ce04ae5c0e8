// The body of visit_dtype; included by dtype.h only.
#pragma once

#include "cornu/base/error.h"

namespace cornu {

template <class F>
decltype(auto) visit_dtype(DType dtype, F&& f) {
    switch (dtype) {
        case DType::bool_: return f(bool{});
        case DType::uint8: return f(uint8_t{});
        case DType::uint16: return f(uint16_t{});
        case DType::uint32: return f(uint32_t{});
        case DType::uint64: return f(uint64_t{});
        case DType::int8: return f(int8_t{});
        case DType::int16: return f(int16_t{});
        case DType::int32: return f(int32_t{});
        case DType::int64: return f(int64_t{});
        case DType::float16: return f(float16{});
        case DType::bfloat16: return f(bfloat16{});
        case DType::float32: return f(float{});
        case DType::float64: return f(double{});
        case DType::float8_e4m3fn: return f(float8_e4m3fn{});
        case DType::float8_e5m2: return f(float8_e5m2{});
        case DType::complex64: return f(std::complex<float>{});
        case DType::complex128: return f(std::complex<double>{});
        case DType::int4:
        case DType::string: break;
    }
    throw DTypeError(str("dtype ", name(dtype), " is not supported here."));
}

}  // namespace cornu
