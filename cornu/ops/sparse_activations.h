// Activations that are exactly 0 (or 1) over part of their range.
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::ops {

CORNU_API Tensor hard_shrink(const Tensor& x, double threshold = 0.5);   // x where |x| > threshold, else 0
CORNU_API Tensor soft_shrink(const Tensor& x, double threshold = 0.5);   // x nearer to 0 by threshold, else 0
CORNU_API Tensor tanh_shrink(const Tensor& x);                           // x - tanh(x)
CORNU_API Tensor sparse_plus(const Tensor& x);                           // 0 below -1, (x + 1)^2 / 4, x above 1
CORNU_API Tensor sparse_sigmoid(const Tensor& x);                        // (x + 1) / 2 within [0, 1]
// x less a threshold, 0 below it, as Keras computes it; where one element is left this is the nearest
// point of the probability simplex. Source: Martins and Astudillo, 2016.
CORNU_API Tensor sparsemax(const Tensor& x, int64_t axis = -1);
CORNU_API Tensor squareplus(const Tensor& x, double b = 4);              // (x + sqrt(x^2 + b)) / 2

}  // namespace cornu::ops
