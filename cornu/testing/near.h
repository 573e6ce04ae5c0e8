// Closeness of tensors, the one definition that all tests share.
#pragma once

#include <string>

#include "cornu/tensor/tensor.h"

namespace cornu::testing {

// a is close to b at t when |a - b| ≤ t·|b| + t·max|b| everywhere; NaN equals NaN, infinities
// themselves. Says where and by how much it is not, or nothing when all is close. Shapes and dtypes
// must agree; strings and bools must be equal.
CORNU_API std::string difference(const Tensor& a, const Tensor& b, double t);
inline bool near(const Tensor& a, const Tensor& b, double t) { return difference(a, b, t).empty(); }
// The same values, whatever the dtypes.
CORNU_API std::string difference_of_values(const Tensor& a, const Tensor& b, double t);
// The smallest t at which a is close to b; infinite when none is.
CORNU_API double distance(const Tensor& a, const Tensor& b);
// `vectors` (…, m, n), each with the sign that makes its product with ours positive: eigenvectors and
// singular vectors are unique but for that. They are the columns, or the rows.
CORNU_API Tensor with_signs_of(const Tensor& ours, const Tensor& vectors, bool columns);

}  // namespace cornu::testing
