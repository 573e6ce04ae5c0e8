// Sorting. NaN sorts last; equal elements keep their order.
#pragma once

#include <optional>

#include "cornu/ops/apply.h"

namespace cornu::ops {

CORNU_API Tensor sort(const Tensor& x, std::optional<int64_t> axis = -1);     // none: of the flattened x
CORNU_API Tensor argsort(const Tensor& x, std::optional<int64_t> axis = -1);  // int32
// The k largest along the last axis, descending, and where they stand (int32); of equals the first.
CORNU_API std::pair<Tensor, Tensor> top_k(const Tensor& x, int64_t k, bool sorted = true);
// Whether targets[i] is among the k largest of predictions[i].
CORNU_API Tensor in_top_k(const Tensor& targets, const Tensor& predictions, int64_t k);

}  // namespace cornu::ops

namespace cornu::prim {
// All operands, of one shape, reordered along `axis` by what sorts the first.
CORNU_API Tensors sort(const Tensors& operands, int64_t axis);
}  // namespace cornu::prim
