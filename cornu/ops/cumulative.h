// Running sums and products along an axis.
#pragma once

#include <optional>

#include "cornu/ops/apply.h"

namespace cornu::ops {
CORNU_API Tensor cumsum(const Tensor& x, std::optional<int64_t> axis = {}, OptionalDType dtype = {});   // no axis: flattened
CORNU_API Tensor cumprod(const Tensor& x, std::optional<int64_t> axis = {}, OptionalDType dtype = {});
}  // namespace cornu::ops

namespace cornu::prim {
CORNU_API Tensor cumulative_sum(const Tensor& x, int64_t axis, bool reverse = false);
CORNU_API Tensor cumulative_prod(const Tensor& x, int64_t axis, bool reverse = false);
}  // namespace cornu::prim
