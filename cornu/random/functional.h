// Random draws as pure functions of a key, as jax.random: the same key gives the same numbers as
// JAX. A key is a uint32 tensor of shape (2,).
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::random {

CORNU_API Tensor key(uint64_t seed);                     // jax.random.key_data(jax.random.key(seed))
CORNU_API Tensors split(const Tensor& key, int64_t num = 2);
CORNU_API Tensor fold_in(const Tensor& key, uint32_t data);

// Bit for bit JAX's on every backend: bits, uniform, bernoulli, randint, permutation.
CORNU_API Tensor uniform(const Tensor& key, const Shape& shape, DType dtype = DType::float32, double minval = 0, double maxval = 1);
CORNU_API Tensor bernoulli(const Tensor& key, const Tensor& p, const Shape& shape);  // bool
CORNU_API Tensor randint(const Tensor& key, const Shape& shape, const Tensor& minval, const Tensor& maxval, DType dtype = DType::int32);
CORNU_API Tensor permutation(const Tensor& key, const Tensor& x, int64_t axis = 0, bool independent = false);  // independent: each row along axis for itself
// Close to JAX's at 1e-5.
CORNU_API Tensor normal(const Tensor& key, const Shape& shape, DType dtype = DType::float32);
CORNU_API Tensor truncated_normal(const Tensor& key, double lower, double upper, const Shape& shape, DType dtype = DType::float32);
CORNU_API Tensor gumbel(const Tensor& key, const Shape& shape, DType dtype = DType::float32);
CORNU_API Tensor categorical(const Tensor& key, const Tensor& logits, int64_t num_samples);  // logits (batch, classes) → int32 (batch, num_samples)
// Zero where the mask of `noise_shape`, broadcast to x, says so; x / (1 - rate) elsewhere. The mask
// is JAX's bit for bit; rate is in [0, 1].
CORNU_API Tensor dropout(const Tensor& key, const Tensor& x, double rate, const Shape& noise_shape);

// Close to JAX's at 1e-5: parameters broadcast to `shape`, tries are made until all are accepted.
CORNU_API Tensor gamma(const Tensor& key, const Tensor& alpha, const Shape& shape, DType dtype = DType::float32);
CORNU_API Tensor beta(const Tensor& key, const Tensor& alpha, const Tensor& beta, const Shape& shape, DType dtype = DType::float32);
CORNU_API Tensor binomial(const Tensor& key, const Tensor& counts, const Tensor& probabilities, const Shape& shape, DType dtype = DType::float32);

}  // namespace cornu::random
