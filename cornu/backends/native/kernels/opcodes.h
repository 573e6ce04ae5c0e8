// The elementwise operations that the kernels know, as data. Standard-library free, because the
// vectorised translation units include it (see simd.h).
#pragma once

#include <cstdint>

namespace cornu::native {

enum class UnaryOp : uint8_t {
    // Vectorised for float32.
    identity, neg, abs, sign, square, reciprocal, sqrt, rsqrt, exp, expm1, log, log1p, tanh,
    sigmoid, erf, sin, cos, relu, floor, ceil, round, trunc, softplus, silu, gelu, gelu_tanh,
    erfinv, erfc,
    // By the C library, element by element.
    exp2, log2, log10, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh, cbrt,
    lgamma, digamma,
    logical_not, bit_not, conj,
    // Results of another dtype: bool for the first three, the parts for real and imag (and abs).
    is_nan, is_inf, is_finite, real, imag,
};
inline constexpr int unary_op_count = static_cast<int>(UnaryOp::imag) + 1;
inline constexpr int simd_unary_op_count = static_cast<int>(UnaryOp::erfc) + 1;

enum class BinaryOp : uint8_t {
    // Vectorised for float32.
    add, sub, mul, div, max, min, pow,
    // float32 gradients that read an output or a pre-activation: b is the incoming gradient.
    relu_grad,     // a > 0 ? b : 0
    tanh_grad,     // b * (1 - a * a), a = tanh(x)
    sigmoid_grad,  // b * a * (1 - a), a = sigmoid(x)
    gelu_grad,     // b * gelu'(a)
    // Element by element. div truncates for integers; rem has the sign of the dividend (C);
    // floor_div and mod are Python's.
    rem, floor_div, mod, atan2, hypot, nextafter, logical_and, logical_or, logical_xor, bit_and,
    bit_or, bit_xor, shift_left, shift_right, shift_right_logical,
    // Results are bool.
    eq, ne, lt, le, gt, ge,
};
inline constexpr int binary_op_count = static_cast<int>(BinaryOp::ge) + 1;
inline constexpr int simd_binary_op_count = static_cast<int>(BinaryOp::gelu_grad) + 1;
inline constexpr int first_compare = static_cast<int>(BinaryOp::eq);

constexpr bool is_compare(BinaryOp op) { return op >= BinaryOp::eq; }
constexpr bool gives_bool(UnaryOp op) {
    return op == UnaryOp::logical_not || (op >= UnaryOp::is_nan && op <= UnaryOp::is_finite);
}

// Two operations as one loop, for which vectors are read and written once: second(first(a, b), c).
enum class PairFirst : uint8_t { add, sub, mul };
enum class PairSecond : uint8_t {
    add, sub, from, mul, div, under,   // t + c, t - c, c - t, t * c, t / c, c / t
    sqrt, relu,                        // of t alone
};
inline constexpr int pair_first_count = static_cast<int>(PairFirst::mul) + 1;
inline constexpr int pair_second_count = static_cast<int>(PairSecond::relu) + 1;

// How the operands of a binary loop advance: both, the left only, the right only.
enum class Form : uint8_t { vector_vector, vector_scalar, scalar_vector };

}  // namespace cornu::native
