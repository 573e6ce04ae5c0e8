// Seeds as Keras on JAX hands them out: set_random_seed, SeedGenerator, the default seeds.
#pragma once

#include <optional>
#include <string>

#include "cornu/random/mersenne_twister.h"
#include "cornu/tensor/variable.h"

namespace cornu::random {

// keras.utils.set_random_seed: from here on the current Context draws the same numbers as Python
// Keras on JAX after the same call. Throws ValueError for a seed outside [0, 2^32).
CORNU_API void set_random_seed(int64_t seed);
// The Context's stand-ins for Python's `random` and NumPy's legacy generator (which shuffles in fit).
CORNU_API PythonRandom& python_random();
CORNU_API NumpyRandom& numpy_random();
// What an unseeded layer or initializer takes: random.randint(1, 10**9).
CORNU_API int64_t make_default_seed();

// A sequence of keys. The state is a variable, so that compiled steps carry it along. A handle.
class CORNU_API SeedGenerator {
public:
    SeedGenerator() = default;  // none
    // Without a seed it draws one. Without a name it takes the next free one, below the layer that
    // is being built, if any.
    explicit SeedGenerator(std::optional<int64_t> seed, const std::string& name = {});

    bool defined() const { return state_.defined(); }
    // A key, uint32 (2,); the state moves on: to the next key, or, unordered, somewhere else.
    Tensor next(bool ordered = true) const;
    const Variable& state() const { return state_; }           // "seed_generator_state", uint32 (2,)
    const std::optional<int64_t>& initial_seed() const { return initial_seed_; }

private:
    std::optional<int64_t> initial_seed_;
    Variable state_;
};

// What keras.random draws from without a seed, unordered. Made when first asked for and again after
// set_random_seed, with a seed drawn then.
CORNU_API SeedGenerator& global_seed_generator();

// Where all that draws in the current Context stands. Taking it draws nothing.
struct RandomState {
    std::vector<uint32_t> python, numpy;   // of the two streams; empty: not drawn from yet
    Tensor global = {};                    // of the global seed generator, if there is one yet
};
CORNU_API RandomState random_state();
CORNU_API void set_random_state(const RandomState& state);   // throws ValueError for what is no such state

// The key of an integer seed: {seed, 0}.
CORNU_API Tensor seed_key(int64_t seed);

}  // namespace cornu::random
