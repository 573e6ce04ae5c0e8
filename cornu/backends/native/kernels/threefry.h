// Threefry-2x32, the counter-based generator of jax.random, in its partitionable layout: element i
// of any shape depends on the key and on i alone.
#pragma once

#include <cstdint>

namespace cornu::native {

// One block: encrypts the counter (x0, x1) under the key (k0, k1); the result has x0 in its high
// word.
uint64_t threefry2x32(uint32_t k0, uint32_t k1, uint32_t x0, uint32_t x1);

// Elements first … first + count - 1 of jax.random.bits(key, …, uintN); `word_bits` is 8, 16, 32
// or 64, and `out` holds words of that size. Throws ValueError for other sizes.
void random_bits(uint32_t k0, uint32_t k1, uint64_t first, int word_bits, void* out, int64_t count);
// Whether each of the first `count` 32-bit words is below `bound`.
void random_below(uint32_t k0, uint32_t k1, uint32_t bound, bool* out, int64_t count);

// jax.random.split(key, count): `keys` receives 2 * count words. jax.random.fold_in(key, data): 2.
void random_split(uint32_t k0, uint32_t k1, uint32_t* keys, int64_t count);
void random_fold_in(uint32_t k0, uint32_t k1, uint32_t data, uint32_t* key);

}  // namespace cornu::native
