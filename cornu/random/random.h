// keras.random: draws with a seed, a SeedGenerator, or neither (the Context's own generator). The
// same calls after the same set_random_seed give the same numbers as Python Keras on JAX.
#pragma once

#include <optional>

#include "cornu/random/functional.h"
#include "cornu/random/seed_generator.h"

namespace cornu::random {

// Where a draw gets its key from.
class CORNU_API Seed {
public:
    Seed() = default;                                          // the Context's generator
    Seed(int64_t seed) : seed_(seed) {}                        // the same numbers each time
    Seed(int seed) : seed_(seed) {}
    Seed(SeedGenerator generator) : generator_(std::move(generator)) {}
    Tensor draw() const;                                       // a key

private:
    std::optional<int64_t> seed_;
    SeedGenerator generator_;
};

using MaybeDType = std::optional<DType>;                       // floatx (int32 for randint) when not given

CORNU_API Tensor uniform(const Shape& shape, double minval = 0, double maxval = 1, MaybeDType dtype = {}, const Seed& seed = {});
CORNU_API Tensor normal(const Shape& shape, double mean = 0, double stddev = 1, MaybeDType dtype = {}, const Seed& seed = {});
// Redrawn, in effect, where further than two standard deviations from the mean.
CORNU_API Tensor truncated_normal(const Shape& shape, double mean = 0, double stddev = 1, MaybeDType dtype = {}, const Seed& seed = {});
CORNU_API Tensor randint(const Shape& shape, int64_t minval, int64_t maxval, DType dtype = DType::int32, const Seed& seed = {});
// Classes by unnormalised log-probabilities: logits (batch, classes) → (batch, num_samples).
CORNU_API Tensor categorical(const Tensor& logits, int64_t num_samples, DType dtype = DType::int32, const Seed& seed = {});
// Zero for a share `rate` of the elements, the others scaled up by 1 / (1 - rate). noise_shape: one
// dimension per axis, nothing where it is the input's. Nothing is drawn for a rate of 0 or 1.
using NoiseShape = std::optional<std::vector<std::optional<int64_t>>>;
CORNU_API Tensor dropout(const Tensor& inputs, double rate, const NoiseShape& noise_shape = {}, const Seed& seed = {});
CORNU_API Tensor shuffle(const Tensor& x, int64_t axis = 0, const Seed& seed = {});  // each row along axis for itself
// Parameters broadcast to `shape`. What is not a distribution (a negative alpha) gives NaN.
CORNU_API Tensor gamma(const Shape& shape, const Tensor& alpha, MaybeDType dtype = {}, const Seed& seed = {});
CORNU_API Tensor beta(const Shape& shape, const Tensor& alpha, const Tensor& beta, MaybeDType dtype = {}, const Seed& seed = {});
CORNU_API Tensor binomial(const Shape& shape, const Tensor& counts, const Tensor& probabilities, MaybeDType dtype = {}, const Seed& seed = {});

// `noise_shape` with the input's sizes where it has none. Throws ShapeError when the ranks differ.
CORNU_API Shape noise_shape_for(const Tensor& inputs, const NoiseShape& noise_shape);

}  // namespace cornu::random
