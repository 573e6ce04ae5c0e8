// Tensors from nothing: constants and ranges.
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::ops {

CORNU_API Tensor full(const Shape& shape, const Tensor& value, DType dtype);
CORNU_API Tensor zeros(const Shape& shape, DType dtype = DType::float32);
CORNU_API Tensor ones(const Shape& shape, DType dtype = DType::float32);
CORNU_API Tensor zeros_like(const Tensor& x);
CORNU_API Tensor ones_like(const Tensor& x);
CORNU_API Tensor full_like(const Tensor& x, const Tensor& value);

}  // namespace cornu::ops

namespace cornu::prim {
// 0, 1, 2, … along `axis`.
CORNU_API Tensor iota(const Shape& shape, int64_t axis, DType dtype);
}  // namespace cornu::prim
