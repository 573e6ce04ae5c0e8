// How element-wise rows call LibTorch: operands cast to the dtype computed in, broadcast by
// LibTorch itself, and the result written over an operand that nobody needs any more.
#pragma once

#include "cornu/backends/torch/lowering.h"

namespace cornu::torch {

using Unary = at::Tensor (*)(const at::Tensor&);
using UnaryOut = at::Tensor& (*)(at::Tensor& out, const at::Tensor&);
using Binary = at::Tensor (*)(const at::Tensor&, const at::Tensor&);
using BinaryOut = at::Tensor& (*)(at::Tensor& out, const at::Tensor&, const at::Tensor&);

inline at::Tensor operand(const Call& call, Values& in, size_t i, DType dtype) {
    return call.in[i].dtype == dtype ? std::move(in[i])
                                     : cast_carriers(in[i], call.in[i].dtype, dtype);
}
inline at::Tensor operand(const Call& call, Values& in, size_t i) {
    return operand(call, in, i, call.out[0].dtype);
}

template <Unary f, UnaryOut f_out>
Values unary(const Call& call, Values& in) {
    at::Tensor x = operand(call, in, 0);
    return {reusable(x, call.out[0]) ? f_out(x, x) : f(x)};
}
template <Unary f>
Values unary(const Call& call, Values& in) {
    return {f(operand(call, in, 0))};
}

template <Binary f, BinaryOut f_out>
Values binary(const Call& call, Values& in) {
    at::Tensor a = operand(call, in, 0), b = operand(call, in, 1);
    if (reusable(a, call.out[0])) return {f_out(a, a, b)};
    if (reusable(b, call.out[0])) return {f_out(b, a, b)};
    return {f(a, b)};
}
template <Binary f>
Values binary(const Call& call, Values& in) {
    return {f(operand(call, in, 0), operand(call, in, 1))};
}

}  // namespace cornu::torch
