// Ops that move elements without computing: reshape, transpose, broadcast, join, split, slice, pad.
#pragma once

#include "cornu/ops/apply.h"
#include "cornu/ops/axes.h"

namespace cornu::ops {

CORNU_API Tensor reshape(const Tensor& x, const Shape& newshape);   // one dimension may be -1
CORNU_API Tensor transpose(const Tensor& x, std::vector<int64_t> axes = {});  // none: reversed
CORNU_API Tensor broadcast_to(const Tensor& x, const Shape& shape);
CORNU_API Tensor expand_dims(const Tensor& x, Axes axis);           // axes of size 1 at these places of the result
CORNU_API Tensor squeeze(const Tensor& x, std::vector<int64_t> axis = {});    // none: every axis of size 1
CORNU_API Tensor concatenate(const Tensors& xs, int64_t axis = 0);
CORNU_API Tensor stack(const Tensors& xs, int64_t axis = 0);

}  // namespace cornu::ops

namespace cornu::prim {

// x[start:stop:stride] on every axis; 0 ≤ start ≤ stop ≤ dim, stride ≥ 1.
CORNU_API Tensor slice(const Tensor& x, std::vector<int64_t> start, std::vector<int64_t> stop,
                       std::vector<int64_t> stride = {});
// `value` around x and `interior` of it between elements; negative low or high cuts.
CORNU_API Tensor pad(const Tensor& x, const Tensor& value, std::vector<int64_t> low,
                     std::vector<int64_t> high, std::vector<int64_t> interior = {});
CORNU_API Tensor reverse(const Tensor& x, std::vector<int64_t> axes);
// A window of shape `sizes` at scalar positions `start` (one per axis), moved inwards to fit.
CORNU_API Tensor dynamic_slice(const Tensor& x, const Tensors& start, const Shape& sizes);
CORNU_API Tensor dynamic_update_slice(const Tensor& x, const Tensor& update, const Tensors& start);

}  // namespace cornu::prim
