// Infinities, the ends of dtypes, and equality within tolerances.
#pragma once

#include <optional>

#include "cornu/ops/apply.h"

namespace cornu::ops {

CORNU_API Tensor nan_to_num(const Tensor& x, double nan = 0, std::optional<double> posinf = {}, std::optional<double> neginf = {});
CORNU_API Tensor saturate_cast(const Tensor& x, DType dtype);        // limited to what dtype holds, then cast
inline Tensor saturate_cast(const Tensor& x, const char* dtype) { return saturate_cast(x, parse_dtype(dtype)); }

CORNU_API Tensor isposinf(const Tensor& x);
CORNU_API Tensor isneginf(const Tensor& x);
// |x1 - x2| <= atol + rtol |x2|.
CORNU_API Tensor isclose(const Tensor& x1, const Tensor& x2, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);
CORNU_API Tensor allclose(const Tensor& x1, const Tensor& x2, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);

}  // namespace cornu::ops
