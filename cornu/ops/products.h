// Products of vectors and matrices that are not sums over one axis alone.
#pragma once

#include <optional>

#include "cornu/ops/apply.h"

namespace cornu::ops {

CORNU_API Tensor inner(const Tensor& x1, const Tensor& x2);  // sums of products over both last axes; a scalar multiplies
CORNU_API Tensor kron(const Tensor& x1, const Tensor& x2);
// Of vectors of 3 elements, or 2 (the third is 0; of two such the third element of the product is given).
CORNU_API Tensor cross(const Tensor& x1, const Tensor& x2, int64_t axisa = -1, int64_t axisb = -1, int64_t axisc = -1, std::optional<int64_t> axis = {});
// Powers of x as columns: x^(n-1), …, x, 1, or increasing.
CORNU_API Tensor vander(const Tensor& x, std::optional<int64_t> n = {}, bool increasing = false);

}  // namespace cornu::ops
