// Tensors from nothing: constants and ranges.
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::ops {

// Without a dtype: floatx, or that of x.
CORNU_API Tensor full(const Shape& shape, const Tensor& fill_value, OptionalDType dtype = {});
CORNU_API Tensor zeros(const Shape& shape, OptionalDType dtype = {});
CORNU_API Tensor ones(const Shape& shape, OptionalDType dtype = {});
CORNU_API Tensor zeros_like(const Tensor& x, OptionalDType dtype = {});
CORNU_API Tensor ones_like(const Tensor& x, OptionalDType dtype = {});
CORNU_API Tensor full_like(const Tensor& x, const Tensor& fill_value, OptionalDType dtype = {});

}  // namespace cornu::ops

namespace cornu::prim {
// 0, 1, 2, … along `axis`.
CORNU_API Tensor iota(const Shape& shape, int64_t axis, DType dtype);
}  // namespace cornu::prim
