// The CRC of zip archives. Checking half a gigabyte of weights byte by byte would take longer than
// reading them, so long runs are folded by carry-less multiplication where the processor has it.
#include <zlib.h>

#include "cornu/saving/inflate.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cornu::saving {

namespace {

#if defined(__x86_64__)
// "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Gopal et al., Intel, 2009),
// bit-reflected. `size` is a multiple of 16, at least 64; `crc` is inverted before and after by the caller.
__attribute__((target("pclmul,sse4.1"))) uint32_t fold(const std::byte* bytes, size_t size, uint32_t crc) {
    const auto load = [](const std::byte* at) __attribute__((target("pclmul,sse4.1"))) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); };
    const auto step = [](__m128i x, __m128i k, __m128i next) __attribute__((target("pclmul,sse4.1"))) {
        return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, k, 0x00), _mm_clmulepi64_si128(x, k, 0x11)), next);
    };
    const __m128i by_512 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);   // x^(512+32), x^(512-32) mod P, and so on
    const __m128i by_128 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
    const __m128i by_64 = _mm_set_epi64x(0, 0x0163cd6124);
    const __m128i poly = _mm_set_epi64x(0x01f7011641, 0x01db710641);
    const __m128i low32 = _mm_setr_epi32(~0, 0, ~0, 0);

    __m128i x[4];
    for (int i = 0; i < 4; ++i) x[i] = load(bytes + 16 * i);
    x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128(static_cast<int>(crc)));
    for (bytes += 64, size -= 64; size >= 64; bytes += 64, size -= 64)
        for (int i = 0; i < 4; ++i) x[i] = step(x[i], by_512, load(bytes + 16 * i));
    __m128i y = x[0];
    for (int i = 1; i < 4; ++i) y = step(y, by_128, x[i]);
    for (; size >= 16; bytes += 16, size -= 16) y = step(y, by_128, load(bytes));

    y = _mm_xor_si128(_mm_srli_si128(y, 8), _mm_clmulepi64_si128(y, by_128, 0x10));                              // 128 to 96 bits
    y = _mm_xor_si128(_mm_srli_si128(y, 4), _mm_clmulepi64_si128(_mm_and_si128(y, low32), by_64, 0x00));         // to 64
    __m128i z = _mm_clmulepi64_si128(_mm_and_si128(y, low32), poly, 0x10);                                       // Barrett, to 32
    z = _mm_clmulepi64_si128(_mm_and_si128(z, low32), poly, 0x00);
    return static_cast<uint32_t>(_mm_extract_epi32(_mm_xor_si128(y, z), 1));
}

bool can_fold() { return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"); }
#else
uint32_t fold(const std::byte*, size_t, uint32_t crc) { return crc; }
bool can_fold() { return false; }
#endif

}  // namespace

uint32_t crc32(std::span<const std::byte> bytes, uint32_t crc) {
    if (bytes.size() >= 1024 && can_fold()) {
        const size_t whole = bytes.size() / 16 * 16;
        crc = ~fold(bytes.data(), whole, ~crc);
        bytes = bytes.subspan(whole);
    }
    uLong value = crc;
    while (!bytes.empty()) {
        const size_t count = std::min<size_t>(bytes.size(), 1 << 30);
        value = ::crc32(value, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(count));
        bytes = bytes.subspan(count);
    }
    return static_cast<uint32_t>(value);
}

}  // namespace cornu::saving
