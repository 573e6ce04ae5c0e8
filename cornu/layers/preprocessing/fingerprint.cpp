#include "cornu/layers/preprocessing/fingerprint.h"

#include <bit>
#include <cstring>
#include <utility>

namespace cornu::layers {

namespace {

// ---- FarmHash (Geoff Pike), the variant "na", whose values never change ----

constexpr uint64_t k0 = 0xc3a5c85c97cb3127, k1 = 0xb492b66fbe98f273, k2 = 0x9ae16a3b2f90404f;

template <class T>
T fetch(const char* at) {
    static_assert(std::endian::native == std::endian::little, "bytes are read in the machine's order");
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}
uint64_t fetch64(const char* at) { return fetch<uint64_t>(at); }
uint64_t shift_mix(uint64_t v) { return v ^ (v >> 47); }
uint64_t rotate(uint64_t v, int by) { return std::rotr(v, by); }

uint64_t mix16(uint64_t u, uint64_t v, uint64_t mul) {
    const uint64_t a = shift_mix((u ^ v) * mul);
    return shift_mix((v ^ a) * mul) * mul;
}

uint64_t hash_to_16(const char* s, size_t n) {
    const uint64_t mul = k2 + n * 2;
    if (n >= 8) {
        const uint64_t a = fetch64(s) + k2, b = fetch64(s + n - 8);
        return mix16(rotate(b, 37) * mul + a, (rotate(a, 25) + b) * mul, mul);
    }
    if (n >= 4) return mix16(n + (uint64_t(fetch<uint32_t>(s)) << 3), fetch<uint32_t>(s + n - 4), mul);
    if (n == 0) return k2;
    const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(s[i])); };
    const uint32_t y = byte(0) + (byte(n >> 1) << 8), z = static_cast<uint32_t>(n) + (byte(n - 1) << 2);
    return shift_mix(y * k2 ^ z * k0) * k2;
}

uint64_t hash_17_to_32(const char* s, size_t n) {
    const uint64_t mul = k2 + n * 2, a = fetch64(s) * k1, b = fetch64(s + 8), c = fetch64(s + n - 8) * mul, d = fetch64(s + n - 16) * k2;
    return mix16(rotate(a + b, 43) + rotate(c, 30) + d, a + rotate(b + k2, 18) + c, mul);
}

uint64_t hash_33_to_64(const char* s, size_t n) {
    const uint64_t mul = k2 + n * 2, a = fetch64(s) * k2, b = fetch64(s + 8), c = fetch64(s + n - 8) * mul, d = fetch64(s + n - 16) * k2;
    const uint64_t y = rotate(a + b, 43) + rotate(c, 30) + d, z = mix16(y, a + rotate(b + k2, 18) + c, mul);
    const uint64_t e = fetch64(s + 16) * mul, f = fetch64(s + 24), g = (y + fetch64(s + n - 32)) * mul, h = (z + fetch64(s + n - 24)) * mul;
    return mix16(rotate(e + f, 43) + rotate(g, 30) + h, e + rotate(f + a, 18) + g, mul);
}

using Pair = std::pair<uint64_t, uint64_t>;
Pair weak_hash_32(const char* s, uint64_t a, uint64_t b) {
    const uint64_t w = fetch64(s), x = fetch64(s + 8), y = fetch64(s + 16), z = fetch64(s + 24);
    a += w;
    b = rotate(b + a + z, 21);
    const uint64_t c = a;
    a += x + y;
    b += rotate(a, 44);
    return {a + z, b + c};
}

uint64_t hash_long(const char* s, size_t n) {
    constexpr uint64_t seed = 81;
    uint64_t x = seed * k2 + fetch64(s), y = seed * k1 + 113, z = shift_mix(y * k2 + 113) * k2;
    Pair v{0, 0}, w{0, 0};
    const auto round = [&](uint64_t mul, uint64_t times) {
        x = rotate(x + y + v.first + fetch64(s + 8), 37) * mul;
        y = rotate(y + v.second + fetch64(s + 48), 42) * mul;
        x ^= w.second * times;
        y += v.first * times + fetch64(s + 40);
        z = rotate(z + w.first, 33) * mul;
        v = weak_hash_32(s, v.second * mul, x + w.first);
        w = weak_hash_32(s + 32, z + w.second, y + fetch64(s + 16));
        std::swap(z, x);
    };
    const char* const end = s + (n - 1) / 64 * 64;
    const size_t rest = (n - 1) & 63;
    for (; s != end; s += 64) round(k1, 1);
    const uint64_t mul = k1 + ((z & 0xff) << 1);
    s = end + rest - 63;   // the last 64 bytes, some of them seen already
    w.first += rest;
    v.first += w.first;
    w.first += v.first;
    round(mul, 9);
    return mix16(mix16(v.first, w.first, mul) + shift_mix(y) * k0 + z, mix16(v.second, w.second, mul) + x, mul);
}

}  // namespace

uint64_t farm_fingerprint64(std::string_view text) {
    const char* s = text.data();
    const size_t n = text.size();
    if (n <= 16) return hash_to_16(s, n);
    if (n <= 32) return hash_17_to_32(s, n);
    return n <= 64 ? hash_33_to_64(s, n) : hash_long(s, n);
}

// SipHash-2-4 (Aumasson and Bernstein): two rounds for each word, four at the end.
uint64_t sip_hash64(std::string_view text, const std::array<uint64_t, 2>& key) {
    uint64_t v0 = key[0] ^ 0x736f6d6570736575, v1 = key[1] ^ 0x646f72616e646f6d, v2 = key[0] ^ 0x6c7967656e657261, v3 = key[1] ^ 0x7465646279746573;
    const auto rounds = [&](int count) {
        for (; count > 0; --count) {
            v0 += v1;
            v1 = std::rotl(v1, 13) ^ v0;
            v0 = std::rotl(v0, 32);
            v2 += v3;
            v3 = std::rotl(v3, 16) ^ v2;
            v0 += v3;
            v3 = std::rotl(v3, 21) ^ v0;
            v2 += v1;
            v1 = std::rotl(v1, 17) ^ v2;
            v2 = std::rotl(v2, 32);
        }
    };
    const auto take = [&](uint64_t word) {
        v3 ^= word;
        rounds(2);
        v0 ^= word;
    };
    size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) take(fetch64(text.data() + at));
    uint64_t last = static_cast<uint64_t>(text.size()) << 56;
    for (size_t i = at; i < text.size(); ++i) last |= static_cast<uint64_t>(static_cast<uint8_t>(text[i])) << (8 * (i - at));
    take(last);
    v2 ^= 0xff;
    rounds(4);
    return v0 ^ v1 ^ v2 ^ v3;
}

uint64_t fingerprint_of_two(uint64_t first, uint64_t second) {
    constexpr uint64_t mul = 0xc6a4a7935bd1e995;
    uint64_t result = first ^ mul;
    result ^= shift_mix(second * mul) * mul;
    result *= mul;
    return shift_mix(shift_mix(result) * mul);
}

int64_t hash_bucket(std::string_view text, int64_t buckets, const Salt& salt) {
    const uint64_t hash = salt ? sip_hash64(text, *salt) : farm_fingerprint64(text);
    return static_cast<int64_t>(hash % static_cast<uint64_t>(buckets));
}

}  // namespace cornu::layers
