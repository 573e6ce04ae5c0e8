// Random bits: Threefry-2x32 in JAX's partitionable layout, on every backend the same.
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::prim {

// key: uint32 (2,). Unsigned integers of `dtype`; element i is a function of key and start + i alone.
CORNU_API Tensor threefry_bits(const Tensor& key, const Shape& shape, DType dtype = DType::uint32, int64_t start = 0);

// Whether each of those 32-bit words is below `bound`, in [1, 2^32): a mask that is true with
// probability bound / 2^32.
CORNU_API Tensor threefry_below(const Tensor& key, const Shape& shape, int64_t bound);

}  // namespace cornu::prim
