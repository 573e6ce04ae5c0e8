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
CORNU_API Tensor shuffle(const Tensor& x, int64_t axis = 0, const Seed& seed = {});

}  // namespace cornu::random
