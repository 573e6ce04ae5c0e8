// Sums of products by name of axis, and what NumPy builds on them.
#pragma once

#include <string>

#include "cornu/ops/apply.h"
#include "cornu/ops/axes.h"

namespace cornu::ops {

// "bij,bjk->bik", with "..." for leading axes; without "->" the axes named once, in alphabetical order.
CORNU_API Tensor einsum(const std::string& subscripts, const Tensors& operands);
CORNU_API Tensor tensordot(const Tensor& x1, const Tensor& x2, int64_t axes = 2);
CORNU_API Tensor tensordot(const Tensor& x1, const Tensor& x2, const std::vector<std::vector<int64_t>>& axes);
CORNU_API Tensor dot(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor vdot(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor outer(const Tensor& x1, const Tensor& x2);

}  // namespace cornu::ops
