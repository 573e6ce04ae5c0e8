// Diagonals: taken out, put in, summed.
#pragma once

#include <optional>

#include "cornu/ops/apply.h"

namespace cornu::ops {

// The kth diagonal of a matrix, or a matrix with the vector x as its kth diagonal.
CORNU_API Tensor diag(const Tensor& x, int64_t k = 0);
CORNU_API Tensor diagflat(const Tensor& x, int64_t k = 0);   // of the flattened x
// Diagonals of the matrices in two axes, as a new last axis.
CORNU_API Tensor diagonal(const Tensor& x, int64_t offset = 0, int64_t axis1 = 0, int64_t axis2 = 1);
CORNU_API Tensor trace(const Tensor& x, int64_t offset = 0, int64_t axis1 = 0, int64_t axis2 = 1);  // small integers widen to 32 bits
// Ones at and below the kth diagonal.
CORNU_API Tensor tri(int64_t n, std::optional<int64_t> m = {}, int64_t k = 0, OptionalDType dtype = {});

}  // namespace cornu::ops
