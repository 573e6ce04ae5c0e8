// Reductions over axes; `keepdims` keeps reduced axes with size 1.
#pragma once

#include "cornu/ops/apply.h"
#include "cornu/ops/axes.h"

namespace cornu::ops {

CORNU_API Tensor sum(const Tensor& x, Axes axis = {}, bool keepdims = false);   // small integers widen to 32 bits
CORNU_API Tensor mean(const Tensor& x, Axes axis = {}, bool keepdims = false);  // integers become floatx
CORNU_API Tensor prod(const Tensor& x, Axes axis = {}, bool keepdims = false, OptionalDType dtype = {});
CORNU_API Tensor max(const Tensor& x, Axes axis = {}, bool keepdims = false);   // NaN wins
CORNU_API Tensor min(const Tensor& x, Axes axis = {}, bool keepdims = false);
CORNU_API Tensor max(const Tensor& x, Axes axis, bool keepdims, double initial);  // not below `initial`, which is the maximum of nothing
CORNU_API Tensor min(const Tensor& x, Axes axis, bool keepdims, double initial);
inline Tensor amax(const Tensor& x, Axes axis = {}, bool keepdims = false) { return max(x, std::move(axis), keepdims); }
inline Tensor amin(const Tensor& x, Axes axis = {}, bool keepdims = false) { return min(x, std::move(axis), keepdims); }
CORNU_API Tensor any(const Tensor& x, Axes axis = {}, bool keepdims = false);   // non-zero is true
CORNU_API Tensor all(const Tensor& x, Axes axis = {}, bool keepdims = false);
CORNU_API Tensor var(const Tensor& x, Axes axis = {}, bool keepdims = false);   // divided by n
CORNU_API Tensor argmax(const Tensor& x, Axes axis = {}, bool keepdims = false);  // int32, the first of equals
CORNU_API Tensor argmin(const Tensor& x, Axes axis = {}, bool keepdims = false);

}  // namespace cornu::ops

namespace cornu {
// Sums over the axes along which `shape` was broadcast to x's shape: the gradient of a broadcast.
CORNU_API Tensor sum_to_shape(const Tensor& x, const Shape& shape);
// `shape` with `axes` (sorted, non-negative) removed, or set to 1.
CORNU_API Shape reduced_shape(const Shape& shape, const std::vector<int64_t>& axes, bool keepdims);
}  // namespace cornu
