// Reductions that pass over NaN. What is left of nothing: 0 of a sum, 1 of a product, NaN of an
// extremum or mean, -1 of an index.
#pragma once

#include <optional>

#include "cornu/ops/apply.h"
#include "cornu/ops/axes.h"

namespace cornu::ops {

CORNU_API Tensor nansum(const Tensor& x, Axes axis = {}, bool keepdims = false);
CORNU_API Tensor nanprod(const Tensor& x, Axes axis = {}, bool keepdims = false);
CORNU_API Tensor nanmax(const Tensor& x, Axes axis = {}, bool keepdims = false);
CORNU_API Tensor nanmin(const Tensor& x, Axes axis = {}, bool keepdims = false);
CORNU_API Tensor nanmean(const Tensor& x, Axes axis = {}, bool keepdims = false);
CORNU_API Tensor nanvar(const Tensor& x, Axes axis = {}, bool keepdims = false);
CORNU_API Tensor nanstd(const Tensor& x, Axes axis = {}, bool keepdims = false);
CORNU_API Tensor nanargmax(const Tensor& x, Axes axis = {}, bool keepdims = false);
CORNU_API Tensor nanargmin(const Tensor& x, Axes axis = {}, bool keepdims = false);
CORNU_API Tensor nancumsum(const Tensor& x, std::optional<int64_t> axis = {}, OptionalDType dtype = {});   // NaN counts as 0
CORNU_API Tensor nancumprod(const Tensor& x, std::optional<int64_t> axis = {}, OptionalDType dtype = {});  // as 1

}  // namespace cornu::ops
