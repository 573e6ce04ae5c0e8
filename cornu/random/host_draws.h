// Draws on the host, bit for bit as JAX on a CPU makes them: what initial weights are made of, so
// that they are the same on every backend.
#pragma once

#include <array>
#include <span>

#include "cornu/tensor/tensor.h"

namespace cornu::random::host {

using Key = std::array<uint32_t, 2>;

CORNU_API std::array<uint32_t, 2> threefry2x32(const Key& key, uint32_t x0, uint32_t x1);

// Floating dtypes up to float64; throws DTypeError for others.
CORNU_API Tensor uniform(const Key& key, const Shape& shape, DType dtype, double minval = 0, double maxval = 1);
CORNU_API Tensor normal(const Key& key, const Shape& shape, DType dtype);
// Within [-2, 2], as Keras cuts it.
CORNU_API Tensor truncated_normal(const Key& key, const Shape& shape, DType dtype);
// x * scale + offset, each rounded to x's dtype, as two eager JAX operations give it.
CORNU_API Tensor scale_shift(const Tensor& x, double scale, double offset);

}  // namespace cornu::random::host
