// MT19937, and the draws that Python's `random` and NumPy's legacy RandomState make from it, bit
// for bit: Keras on Python takes default seeds from the one and shuffles data with the other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "cornu/base/api.h"

namespace cornu::random {

class CORNU_API MersenneTwister {
public:
    explicit MersenneTwister(uint32_t seed);                  // init_genrand
    explicit MersenneTwister(std::span<const uint32_t> key);  // init_by_array; `key` is not empty

    uint32_t next();
    double next_double();  // 53 bits in [0, 1)

    // Its 624 words and how many of them are used up: from there another goes on alike.
    std::vector<uint32_t> state() const;
    void set_state(std::span<const uint32_t> state);  // throws ValueError unless state() made it

private:
    void refill();

    std::array<uint32_t, 624> state_;
    size_t used_ = 624;
};

// Python's random.Random(seed) for an integer seed.
class CORNU_API PythonRandom {
public:
    explicit PythonRandom(
        int64_t seed);  // of a negative seed the absolute value counts, as in Python

    uint64_t getrandbits(int bits);              // bits in [0, 64]
    uint64_t randbelow(uint64_t bound);          // in [0, bound); 0 for bound 0
    int64_t randint(int64_t low, int64_t high);  // both ends included
    double random() { return twister_.next_double(); }
    double uniform(double low, double high);
    template <class T>
    void shuffle(std::span<T> items) {
        for (size_t i = items.size(); i-- > 1;)
            std::swap(items[i], items[size_t(randbelow(i + 1))]);
    }
    MersenneTwister& twister() { return twister_; }

private:
    MersenneTwister twister_;
};

// numpy.random.RandomState(seed), which numpy.random.seed also sets.
class CORNU_API NumpyRandom {
public:
    explicit NumpyRandom(uint32_t seed) : twister_(seed) {}

    int64_t randint(int64_t low, int64_t high);  // high excluded; the default dtype, int64
    double random_sample() { return twister_.next_double(); }
    double uniform(double low = 0.0, double high = 1.0);
    template <class T>
    void shuffle(std::span<T> items) {
        for (size_t i = items.size(); i-- > 1;) std::swap(items[i], items[size_t(interval(i))]);
    }
    std::vector<int64_t> permutation(int64_t count);
    MersenneTwister& twister() { return twister_; }

private:
    uint64_t interval(uint64_t most);  // in [0, most], by masks and rejection

    MersenneTwister twister_;
};

}  // namespace cornu::random
