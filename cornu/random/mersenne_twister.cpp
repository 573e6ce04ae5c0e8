#include "cornu/random/mersenne_twister.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "cornu/base/error.h"

namespace cornu::random {

namespace {

constexpr size_t state_size = 624, shift_size = 397;

// Python's key of an integer: its magnitude in 32-bit words, lowest first, at least one.
struct SeedKey {
    explicit SeedKey(int64_t seed) {
        const uint64_t magnitude =
            seed < 0 ? 0 - static_cast<uint64_t>(seed) : static_cast<uint64_t>(seed);
        words = {static_cast<uint32_t>(magnitude), static_cast<uint32_t>(magnitude >> 32)};
    }
    std::span<const uint32_t> span() const {
        return {words.data(), words[1] != 0 ? size_t(2) : size_t(1)};
    }
    std::array<uint32_t, 2> words;
};

}  // namespace

MersenneTwister::MersenneTwister(uint32_t seed) {
    for (size_t i = 0; i < state_size; ++i) {
        state_[i] = seed;
        seed = 1812433253u * (seed ^ seed >> 30) + static_cast<uint32_t>(i) + 1;
    }
}

MersenneTwister::MersenneTwister(std::span<const uint32_t> key) : MersenneTwister(19650218u) {
    CORNU_CHECK(!key.empty());
    size_t i = 1, j = 0;
    const auto advance = [&] {
        if (++i < state_size) return;
        state_[0] = state_[state_size - 1];
        i = 1;
    };
    for (size_t k = std::max(state_size, key.size()); k > 0; --k) {
        state_[i] = (state_[i] ^ (state_[i - 1] ^ state_[i - 1] >> 30) * 1664525u) + key[j] +
                    static_cast<uint32_t>(j);
        advance();
        j = j + 1 < key.size() ? j + 1 : 0;
    }
    for (size_t k = state_size - 1; k > 0; --k) {
        state_[i] = (state_[i] ^ (state_[i - 1] ^ state_[i - 1] >> 30) * 1566083941u) -
                    static_cast<uint32_t>(i);
        advance();
    }
    state_[0] = 0x80000000u;
}

std::vector<uint32_t> MersenneTwister::state() const {
    std::vector<uint32_t> words(state_.begin(), state_.end());
    words.push_back(static_cast<uint32_t>(used_));
    return words;
}

void MersenneTwister::set_state(std::span<const uint32_t> state) {
    if (state.size() != state_size + 1 || state.back() > state_size)
        throw ValueError(str("the state of a Mersenne Twister must be 624 words and a position in them. Received: ", state.size(), " words"));
    std::copy_n(state.begin(), state_size, state_.begin());
    used_ = state.back();
}

void MersenneTwister::refill() {
    for (size_t i = 0; i < state_size; ++i) {
        const uint32_t y = (state_[i] & 0x80000000u) | (state_[(i + 1) % state_size] & 0x7fffffffu);
        state_[i] =
            state_[(i + shift_size) % state_size] ^ y >> 1 ^ ((y & 1) != 0 ? 0x9908b0dfu : 0);
    }
    used_ = 0;
}

uint32_t MersenneTwister::next() {
    if (used_ == state_size) refill();
    uint32_t y = state_[used_++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

double MersenneTwister::next_double() {
    const uint32_t high = next() >> 5, low = next() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

PythonRandom::PythonRandom(int64_t seed) : twister_(SeedKey(seed).span()) {}

uint64_t PythonRandom::getrandbits(int bits) {
    if (bits < 0 || bits > 64)
        throw ValueError(str("getrandbits: bits must be in [0, 64]. Received: bits=", bits));
    if (bits == 0) return 0;
    if (bits <= 32) return twister_.next() >> (32 - bits);
    const uint64_t low = twister_.next();
    return low | static_cast<uint64_t>(twister_.next() >> (64 - bits)) << 32;
}

uint64_t PythonRandom::randbelow(uint64_t bound) {
    if (bound == 0) return 0;
    const int bits = std::bit_width(bound);
    uint64_t value = getrandbits(bits);
    while (value >= bound) value = getrandbits(bits);
    return value;
}

int64_t PythonRandom::randint(int64_t low, int64_t high) {
    const uint64_t width = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
    // All 2^64 values would need a draw of 65 bits.
    if (low > high || width == 0) {
        throw ValueError(str("randint: low must be <= high, less than 2^64 apart. Received: low=",
                             low, ", high=", high));
    }
    return static_cast<int64_t>(static_cast<uint64_t>(low) + randbelow(width));
}

double PythonRandom::uniform(double low, double high) { return low + (high - low) * random(); }

uint64_t NumpyRandom::interval(uint64_t most) {
    if (most == 0) return 0;
    const uint64_t mask = ~uint64_t(0) >> std::countl_zero(most);
    for (;;) {
        uint64_t value = twister_.next();
        if (most > 0xffffffffu) value = value << 32 | twister_.next();
        if ((value & mask) <= most) return value & mask;
    }
}

int64_t NumpyRandom::randint(int64_t low, int64_t high) {
    if (low >= high)
        throw ValueError(str("randint: low must be < high. Received: low=", low, ", high=", high));
    const uint64_t most = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) - 1;
    return static_cast<int64_t>(static_cast<uint64_t>(low) + interval(most));
}

double NumpyRandom::uniform(double low, double high) {
    if (!std::isfinite(high - low)) {
        throw ValueError(
            str("uniform: high - low must be finite. Received: low=", low, ", high=", high));
    }
    return low + (high - low) * random_sample();
}

std::vector<int64_t> NumpyRandom::permutation(int64_t count) {
    if (count < 0)
        throw ValueError(str("permutation: count must be >= 0. Received: count=", count));
    std::vector<int64_t> items(static_cast<size_t>(count));
    std::iota(items.begin(), items.end(), int64_t(0));
    shuffle(std::span<int64_t>(items));
    return items;
}

}  // namespace cornu::random
