// What lies at a fraction of the sorted elements: medians, quantiles, percentiles.
#pragma once

#include <string>

#include "cornu/ops/apply.h"
#include "cornu/ops/axes.h"

namespace cornu::ops {

// q: a number in [0, 1] or a vector of them, which becomes the first axis of the result. method, where
// q falls between two elements: "linear", "lower", "higher", "midpoint" or "nearest". A NaN makes the
// result NaN; the functions with nan in front pass over it.
CORNU_API Tensor quantile(const Tensor& x, const Tensor& q, Axes axis = {}, const std::string& method = "linear", bool keepdims = false);
CORNU_API Tensor percentile(const Tensor& x, const Tensor& q, Axes axis = {}, const std::string& method = "linear", bool keepdims = false);  // q in [0, 100]
CORNU_API Tensor median(const Tensor& x, Axes axis = {}, bool keepdims = false);
CORNU_API Tensor nanquantile(const Tensor& x, const Tensor& q, Axes axis = {}, const std::string& method = "linear", bool keepdims = false);
CORNU_API Tensor nanpercentile(const Tensor& x, const Tensor& q, Axes axis = {}, const std::string& method = "linear", bool keepdims = false);
CORNU_API Tensor nanmedian(const Tensor& x, Axes axis = {}, bool keepdims = false);

}  // namespace cornu::ops
