// keras.ops.image.elastic_transform, which draws random numbers and so stands above the other image
// ops.
#pragma once

#include <optional>
#include <string>

#include "cornu/ops/apply.h"

namespace cornu::ops::image {

struct ElasticOptions {
    double alpha = 20.0, sigma = 5.0;         // how far pixels move, and how smoothly
    std::string interpolation = "bilinear";   // or nearest
    std::string fill_mode = "reflect";        // or constant, nearest, wrap, mirror
    double fill_value = 0;
    std::optional<int64_t> seed = {};         // none: the Context's generator
    std::string data_format = {};
};
// Images (floats) bent by a random, smooth displacement. As in Keras on JAX one draw serves both
// axes: pixels move along the diagonal.
CORNU_API Tensor elastic_transform(const Tensor& images, const ElasticOptions& options = {});
// The same by a key of one's own (jax.random), of which options.seed is no part.
CORNU_API Tensor elastic_transform(const Tensor& images, const Tensor& key, const ElasticOptions& options);
// The same with scalar tensors alpha and sigma, of which options hold the greatest that sigma may be.
CORNU_API Tensor elastic_transform(const Tensor& images, const Tensor& key, const Tensor& alpha, const Tensor& sigma, const ElasticOptions& options);

}  // namespace cornu::ops::image
