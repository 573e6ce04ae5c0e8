// Sums of another kind: spread, weighted means, correlation, distances.
#pragma once

#include <string>

#include "cornu/ops/apply.h"
#include "cornu/ops/axes.h"

namespace cornu::ops {

CORNU_API Tensor std(const Tensor& x, Axes axis = {}, bool keepdims = false);      // the root of var
CORNU_API Tensor ptp(const Tensor& x, Axes axis = {}, bool keepdims = false);      // max - min
CORNU_API Tensor count_nonzero(const Tensor& x, Axes axis = {});                   // int32
// sum(x * weights) / sum(weights); weights in the shape of x, or of its reduced axis alone.
CORNU_API Tensor average(const Tensor& x, Axes axis = {}, const Tensor& weights = {});

CORNU_API Tensor corrcoef(const Tensor& x);                                        // rows are variables
// sum of x1[n + k] * x2[n] for each k. mode: "valid", "same" or "full".
CORNU_API Tensor correlate(const Tensor& x1, const Tensor& x2, const std::string& mode = "valid");
CORNU_API Tensor cdist(const Tensor& x, const Tensor& y);                          // (…, m, d), (…, n, d) → (…, m, n)
CORNU_API Tensor diff(const Tensor& a, int64_t n = 1, int64_t axis = -1);
// The integral of y by the trapezoidal rule, at places x or `dx` apart.
CORNU_API Tensor trapezoid(const Tensor& y, const Tensor& x = {}, double dx = 1, int64_t axis = -1);

}  // namespace cornu::ops
