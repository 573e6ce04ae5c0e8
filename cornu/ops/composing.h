// What compositions keep needing: a part of an axis, the dtype to compute in, the ends of a dtype.
#pragma once

#include <cmath>
#include <limits>

#include "cornu/ops/elementwise.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::composing {

// x[…, from:to, …] along `axis`, which is not negative.
inline Tensor between(const Tensor& x, int64_t axis, int64_t from, int64_t to) {
    std::vector<int64_t> start(static_cast<size_t>(x.rank()), 0), stop = x.shape().dims();
    start[static_cast<size_t>(axis)] = from;
    stop[static_cast<size_t>(axis)] = to;
    return prim::slice(x, start, stop);
}
// x[…, index, …], without the axis.
inline Tensor at(const Tensor& x, int64_t axis, int64_t index) {
    Shape shape = x.shape();
    shape.erase(axis);
    return ops::reshape(between(x, axis, index, index + 1), shape);
}

// Long computations in 16 bits lose too much on the way.
inline DType wide(DType dtype) { return is_float(dtype) && bits(dtype) == 16 ? DType::float32 : dtype; }

// The same, for what also takes narrower types.
inline DType at_least_float32(DType dtype) { return bits(dtype) < 32 ? DType::float32 : dtype; }

// The distance from 1 to the next number.
inline double epsilon_of(DType dtype) {
    switch (dtype) {
        case DType::float16: return std::ldexp(1.0, -10);
        case DType::bfloat16: return std::ldexp(1.0, -7);
        case DType::float64: return std::ldexp(1.0, -52);
        default: return std::ldexp(1.0, -23);
    }
}

// A number in the dtype of `x`.
inline Tensor number(double value, const Tensor& x) { return Tensor::full({}, value, x.dtype()); }

// The largest finite value of a dtype, exact in double but for 64-bit integers.
inline double largest(DType dtype) {
    switch (dtype) {
        case DType::bool_: return 1;
        case DType::float16: return 65504;
        case DType::bfloat16: return 0x1.FEp127;
        case DType::float32: return std::numeric_limits<float>::max();
        case DType::float64: return std::numeric_limits<double>::max();
        case DType::float8_e4m3fn: return 448;
        case DType::float8_e5m2: return 57344;
        default: return std::ldexp(1.0, bits(dtype) - (is_signed_int(dtype) ? 1 : 0)) - 1;
    }
}
inline double least(DType dtype) {
    if (is_float(dtype)) return -largest(dtype);
    return is_signed_int(dtype) ? -std::ldexp(1.0, bits(dtype) - 1) : 0;
}

// The dtype that holds the real part of a complex one.
inline DType real_part(DType dtype) {
    if (!is_complex(dtype)) return dtype;
    return dtype == DType::complex64 ? DType::float32 : DType::float64;
}

// The number of elements; unknown if a dimension is.
inline int64_t count(const Shape& shape) { return shape.is_static() ? shape.size() : None; }

inline bool same_known(const Shape& a, const Shape& b) {
    bool same = a.rank() == b.rank();
    for (int64_t i = 0; same && i < a.rank(); ++i) same = a[i] < 0 || b[i] < 0 || a[i] == b[i];
    return same;
}

// Values that decide a shape must be there when the call is made.
inline void need_values(const char* op, const Tensor& x, const char* instead) {
    if (!x.concrete())
        throw UnsupportedError(str("ops.", op, ": the size of the result depends on the values of x, which are not known inside a compiled "
                                   "function or a Functional model. ", instead));
}

}  // namespace cornu::composing
