#include "cornu/backends/native/kernels/threefry.h"

#include <algorithm>

#include "cornu/backends/native/kernels/simd.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

uint64_t threefry2x32(uint32_t k0, uint32_t k1, uint32_t x0, uint32_t x1) {
    uint64_t out;
    simd().threefry_64(k0, k1, (uint64_t{x0} << 32) | x1, &out, 1);
    return out;
}

namespace {

// Narrow words are the low bits of the 32-bit ones.
template <class Word>
void narrow_bits(uint32_t k0, uint32_t k1, uint64_t first, Word* out, int64_t count) {
    uint32_t block[512];
    for (int64_t i = 0; i < count; i += 512) {
        const int64_t n = std::min<int64_t>(512, count - i);
        simd().threefry_xor32(k0, k1, first + static_cast<uint64_t>(i), block, n);
        for (int64_t k = 0; k < n; ++k) out[i + k] = static_cast<Word>(block[k]);
    }
}

}  // namespace

void random_bits(uint32_t k0, uint32_t k1, uint64_t first, int word_bits, void* out,
                 int64_t count) {
    if (word_bits != 8 && word_bits != 16 && word_bits != 32 && word_bits != 64)
        throw ValueError(str("random words have 8, 16, 32 or 64 bits. Received: ", word_bits, "."));
    parallel_for(count, 2048, [&](int64_t begin, int64_t end) {
        const uint64_t from = first + static_cast<uint64_t>(begin);
        const int64_t n = end - begin;
        switch (word_bits) {
            case 8:
                return narrow_bits(k0, k1, from, static_cast<uint8_t*>(out) + begin, n);
            case 16:
                return narrow_bits(k0, k1, from, static_cast<uint16_t*>(out) + begin, n);
            case 32:
                return simd().threefry_xor32(k0, k1, from, static_cast<uint32_t*>(out) + begin, n);
            default:
                return simd().threefry_64(k0, k1, from, static_cast<uint64_t*>(out) + begin, n);
        }
    });
}

void random_below(uint32_t k0, uint32_t k1, uint32_t bound, bool* out, int64_t count) {
    parallel_for(count, 2048, [&](int64_t begin, int64_t end) {
        uint32_t block[512];
        for (int64_t i = begin; i < end; i += 512) {
            const int64_t n = std::min<int64_t>(512, end - i);
            simd().threefry_xor32(k0, k1, static_cast<uint64_t>(i), block, n);
            for (int64_t k = 0; k < n; ++k) out[i + k] = block[k] < bound;
        }
    });
}

void random_split(uint32_t k0, uint32_t k1, uint32_t* keys, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        const uint64_t key =
            threefry2x32(k0, k1, static_cast<uint32_t>(i >> 32), static_cast<uint32_t>(i));
        keys[2 * i] = static_cast<uint32_t>(key >> 32);
        keys[2 * i + 1] = static_cast<uint32_t>(key);
    }
}

void random_fold_in(uint32_t k0, uint32_t k1, uint32_t data, uint32_t* key) {
    const uint64_t folded = threefry2x32(k0, k1, 0, data);  // the seed of `data` is the counter
    key[0] = static_cast<uint32_t>(folded >> 32);
    key[1] = static_cast<uint32_t>(folded);
}

}  // namespace cornu::native
