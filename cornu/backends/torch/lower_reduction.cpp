// Reductions over axes, positions of extremes, running sums and products.
#include <ATen/ops/all.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/amin.h>
#include <ATen/ops/any.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/argmin.h>
#include <ATen/ops/complex.h>
#include <ATen/ops/cumprod.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/full.h>
#include <ATen/ops/imag.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/prod.h>
#include <ATen/ops/real.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>

#include <limits>

#include "cornu/backends/torch/lowering.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::torch {

namespace {

bool is_half(DType dtype) { return is_float(dtype) && bits(dtype) == 16; }

Values sum(const Call& call, Values& in) {
    const Ints& axes = call.as<ReduceAttrs>().axes;
    if (axes.empty()) return {in[0]};
    if (call.in[0].dtype == DType::bool_)
        return {at::any(in[0], at::OptionalIntArrayRef(axes))};  // adds by "or"
    return {at::sum(in[0], axes, false, in[0].scalar_type())};
}

// LibTorch multiplies over one axis at a time.
Values prod(const Call& call, Values& in) {
    const Ints& axes = call.as<ReduceAttrs>().axes;
    at::Tensor x = in[0];
    if (call.in[0].dtype == DType::bool_)
        return {axes.empty() ? x : at::all(x, at::OptionalIntArrayRef(axes))};
    // 16-bit floats are rounded once, at the end.
    const at::ScalarType type =
        is_half(call.in[0].dtype) && !axes.empty() ? at::kFloat : x.scalar_type();
    for (size_t i = axes.size(); i-- > 0;) x = at::prod(x, axes[i], false, type);
    return {in_type(x, in[0].scalar_type())};
}

// ---- extremes ----

double infinity_of(bool largest) {
    return largest ? -std::numeric_limits<double>::infinity()
                   : std::numeric_limits<double>::infinity();
}

// What a maximum (or minimum) of nothing is.
at::Tensor of_nothing(const Call& call, const at::Tensor& x, bool largest) {
    const at::IntArrayRef sizes = sizes_of(call.out[0].shape);
    if (is_complex(call.out[0].dtype)) {
        const double infinity = infinity_of(largest);
        return at::full(sizes, c10::complex<double>(infinity, infinity), x.options());
    }
    return at::full(sizes, end_of(call.first, largest), x.options());
}

template <bool largest>
at::Tensor extreme_of(const at::Tensor& x, const Ints& axes) {
    return largest ? at::amax(x, axes, true) : at::amin(x, axes, true);
}

// By the real part, then the imaginary one; NaN first of all.
template <bool largest>
at::Tensor complex_extreme(const at::Tensor& x, const Ints& axes, bool keep_axes) {
    const at::Tensor re = at::real(x), im = at::imag(x), nan = at::isnan(x);
    const at::Tensor best_re = extreme_of<largest>(re, axes),
                     any_nan = at::any(nan, at::OptionalIntArrayRef(axes), true);
    const at::Tensor rest = at::full({}, infinity_of(largest), im.options());
    const at::Tensor best_im = extreme_of<largest>(at::where(at::eq(re, best_re), im, rest), axes);
    const at::Tensor missing =
        at::full({},
                 c10::complex<double>(std::numeric_limits<double>::quiet_NaN(),
                                      std::numeric_limits<double>::quiet_NaN()),
                 x.options());
    const at::Tensor y = at::where(any_nan, missing, at::complex(best_re, best_im));
    if (keep_axes) return y;
    Ints sizes;
    for (int64_t d = 0; d < x.dim(); ++d)
        if (std::find(axes.begin(), axes.end(), d) == axes.end()) sizes.push_back(x.size(d));
    return y.reshape(sizes);
}

template <bool largest>
Values extreme(const Call& call, Values& in) {
    const Ints& axes = call.as<ReduceAttrs>().axes;
    const at::Tensor& x = in[0];
    if (axes.empty()) return {x};
    if (x.numel() == 0) return {of_nothing(call, x, largest)};
    if (is_complex(call.in[0].dtype)) return {complex_extreme<largest>(x, axes, false)};
    return {largest ? at::amax(x, axes) : at::amin(x, axes)};
}

// The first of equals; NaN before all.
template <bool largest>
Values arg_extreme(const Call& call, Values& in) {
    const int64_t axis = axis_of(call.as<AxisAttrs>().axis, in[0].dim());
    at::Tensor x = in[0];
    if (is_complex(call.in[0].dtype)) {
        const at::Tensor best =
            at::logical_or(at::eq(x, complex_extreme<largest>(x, {axis}, true)), at::isnan(x));
        const at::Tensor nan = at::isnan(x);
        x = at::where(at::any(nan, axis, true), nan, best).to(at::kByte);
        return {at::argmax(x, axis).to(at::kInt)};
    }
    if (call.in[0].dtype == DType::bool_) x = x.to(at::kByte);
    return {(largest ? at::argmax(x, axis) : at::argmin(x, axis)).to(at::kInt)};
}
bool not_empty(const Call& call) { return call.in[0].shape.size() != 0; }

// ---- running ----

template <auto& function>
Values cumulative(const Call& call, Values& in) {
    const auto& c = call.as<CumulativeAttrs>();
    const int64_t axis = axis_of(c.axis, in[0].dim());
    const at::ScalarType type = in[0].scalar_type();
    // Of bools a sum is "or", of 16-bit floats one of float32.
    const at::ScalarType wide = type == at::kBool           ? at::kLong
                                : is_half(call.in[0].dtype) ? at::kFloat
                                                            : type;
    const at::Tensor x = c.reverse ? at::flip(in[0], axis) : in[0],
                     y = function(x, axis, wide).to(type);
    return {c.reverse ? at::flip(y, axis) : y};
}
at::Tensor sum_up(const at::Tensor& x, int64_t axis, at::ScalarType type) { return at::cumsum(x, axis, type); }
at::Tensor multiply_up(const at::Tensor& x, int64_t axis, at::ScalarType type) { return at::cumprod(x, axis, type); }

using enum Carried;
constexpr Lowering table[] = {
    {"reduce_sum", sum, wrapped},
    {"reduce_prod", prod, wrapped},
    {"reduce_max", extreme<true>, ordered},
    {"reduce_min", extreme<false>, ordered},
    {"arg_max", arg_extreme<true>, ordered, anything, not_empty},
    {"arg_min", arg_extreme<false>, ordered, anything, not_empty},
    {"cumulative_sum", cumulative<sum_up>, wrapped},
    {"cumulative_prod", cumulative<multiply_up>, wrapped},
};

}  // namespace

std::span<const Lowering> reduction_lowerings() { return table; }

}  // namespace cornu::torch
