// The orthogonal factor of a matrix, for initializers::Orthogonal.
#pragma once

#include "cornu/tensor/tensor.h"

namespace cornu::initializers {

// Q of `a` (rows ≥ columns) = QR with R's diagonal positive, transposed on wish, times gain, in `shape`.
Tensor orthogonal_from(const Tensor& a, const Shape& shape, bool transposed, double gain);

}  // namespace cornu::initializers
