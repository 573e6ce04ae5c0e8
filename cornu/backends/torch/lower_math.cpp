// Element-wise mathematics, tests of floats, activations kept whole, and softmax.
#include <ATen/ops/acos.h>
#include <ATen/ops/acosh.h>
#include <ATen/ops/asin.h>
#include <ATen/ops/asinh.h>
#include <ATen/ops/atan.h>
#include <ATen/ops/atan2.h>
#include <ATen/ops/atanh.h>
#include <ATen/ops/ceil.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/cosh.h>
#include <ATen/ops/erf.h>
#include <ATen/ops/erfc.h>
#include <ATen/ops/erfinv.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/exp2.h>
#include <ATen/ops/expm1.h>
#include <ATen/ops/floor.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isinf.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log10.h>
#include <ATen/ops/log1p.h>
#include <ATen/ops/log2.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/reciprocal.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/round.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/sinh.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/tan.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/trunc.h>

#include "cornu/backends/torch/elementwise.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::torch {

namespace {

// Whole numbers have no fraction.
Values trunc(const Call& call, Values& in) {
    return {is_float(call.in[0].dtype) ? at::trunc(in[0]) : in[0]};
}

// Of numbers and parts of any type.
template <Unary f>
Values test(const Call&, Values& in) {
    return {f(in[0])};
}

Values gelu(const Call& call, Values& in) {
    return {at::gelu(operand(call, in, 0), call.as<GeluAttrs>().approximate ? "tanh" : "none")};
}

int64_t last_axis(const Call& call) { return call.in[0].shape.rank() - 1; }
Values softmax(const Call& call, Values& in) { return {at::softmax(in[0], last_axis(call))}; }
Values log_softmax(const Call& call, Values& in) {
    return {at::log_softmax(in[0], last_axis(call))};
}
// Other axes, and narrow floats, whose intermediate results would be rounded otherwise, are
// composed.
bool rows(const Call& call) {
    const Spec& x = call.in[0];
    return (x.dtype == DType::float32 || x.dtype == DType::float64) && x.shape.rank() > 0 &&
           call.as<SoftmaxAttrs>().axis.resolve(x.shape.rank()) == Ints{x.shape.rank() - 1};
}
bool wide_float(const Call& call) {
    return call.in[0].dtype == DType::float32 || call.in[0].dtype == DType::float64;
}

using enum Carried;
#define UNARY(NAME, F, KINDS) \
    { NAME, unary<at::F, at::F##_out>, wrapped, KINDS }
constexpr Lowering table[] = {
    UNARY("sqrt", sqrt, anything),
    UNARY("rsqrt", rsqrt, anything),
    UNARY("reciprocal", reciprocal, anything),
    UNARY("exp", exp, anything),
    UNARY("exp2", exp2, anything),
    UNARY("expm1", expm1, anything),
    UNARY("log", log, anything),
    UNARY("log2", log2, anything),
    UNARY("log10", log10, anything),
    UNARY("log1p", log1p, anything),
    UNARY("sin", sin, anything),
    UNARY("cos", cos, anything),
    UNARY("tan", tan, anything),
    UNARY("arcsin", asin, anything),
    UNARY("arccos", acos, anything),
    UNARY("arctan", atan, anything),
    UNARY("sinh", sinh, anything),
    UNARY("cosh", cosh, anything),
    UNARY("tanh", tanh, anything),
    UNARY("arcsinh", asinh, anything),
    UNARY("arccosh", acosh, anything),
    UNARY("arctanh", atanh, anything),
    {"arctan2", binary<at::atan2>, wrapped, reals | booleans},
    UNARY("erf", erf, reals | booleans),
    UNARY("erfc", erfc, reals | booleans),
    UNARY("erfinv", erfinv, reals | booleans),
    UNARY("floor", floor, reals | booleans),
    UNARY("ceil", ceil, reals | booleans),
    {"round_half_even", unary<at::round>, wrapped, reals | booleans},
    {"trunc", trunc, wrapped, reals | booleans},
    {"isnan", test<at::isnan>, wrapped},
    {"isinf", test<at::isinf>, wrapped},
    {"isfinite", test<at::isfinite>, wrapped},
    {"relu", unary<at::relu>, wrapped, signed_ints | floats},
    {"sigmoid", unary<at::sigmoid, at::sigmoid_out>, wrapped, floats, wide_float},
    {"silu", unary<at::silu>, wrapped, floats, wide_float},
    {"gelu", gelu, wrapped, floats, wide_float},
    {"softmax", softmax, moved, floats, rows},
    {"log_softmax", log_softmax, moved, floats, rows},
};
#undef UNARY

}  // namespace

std::span<const Lowering> math_lowerings() { return table; }

}  // namespace cornu::torch
