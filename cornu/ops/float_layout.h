// How the bits of floats are laid out.
#pragma once

#include "cornu/tensor/dtype.h"

namespace cornu::composing {

struct FloatLayout {
    DType integer;   // of the same width
    int mantissa;    // bits of it
    int64_t bias;    // of the exponent
};
inline FloatLayout layout_of(DType dtype) {
    switch (dtype) {
        case DType::float16: return {DType::int16, 10, 15};
        case DType::bfloat16: return {DType::int16, 7, 127};
        case DType::float64: return {DType::int64, 52, 1023};
        case DType::float8_e4m3fn: return {DType::int8, 3, 7};
        case DType::float8_e5m2: return {DType::int8, 2, 15};
        default: return {DType::int32, 23, 127};
    }
}

}  // namespace cornu::composing
