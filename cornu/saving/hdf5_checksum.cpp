// Bob Jenkins's lookup3 (public domain), with which version 2 structures are sealed.
#include <bit>
#include <cstring>

#include "cornu/base/error.h"
#include "cornu/saving/hdf5_format.h"

namespace cornu::saving::hdf5 {

namespace {

uint32_t lookup3(std::span<const std::byte> bytes) {
    const auto rotate = [](uint32_t x, int by) { return std::rotl(x, by); };
    uint32_t a = 0xdeadbeef + static_cast<uint32_t>(bytes.size()), b = a, c = a;
    const auto word = [&](size_t at) {
        uint32_t value = 0;
        for (size_t i = 0; i < 4 && at + i < bytes.size(); ++i) {
            value |= std::to_integer<uint32_t>(bytes[at + i]) << 8 * i;
        }
        return value;
    };
    while (bytes.size() > 12) {
        a += word(0), b += word(4), c += word(8);
        a -= c, a ^= rotate(c, 4), c += b;
        b -= a, b ^= rotate(a, 6), a += c;
        c -= b, c ^= rotate(b, 8), b += a;
        a -= c, a ^= rotate(c, 16), c += b;
        b -= a, b ^= rotate(a, 19), a += c;
        c -= b, c ^= rotate(b, 4), b += a;
        bytes = bytes.subspan(12);
    }
    if (bytes.empty()) return c;
    a += word(0), b += word(4), c += word(8);
    c ^= b, c -= rotate(b, 14);
    a ^= c, a -= rotate(c, 11);
    b ^= a, b -= rotate(a, 25);
    c ^= b, c -= rotate(b, 16);
    a ^= c, a -= rotate(c, 4);
    b ^= a, b -= rotate(a, 14);
    c ^= b, c -= rotate(b, 24);
    return c;
}

}  // namespace

void check_sum(const ByteSource& source, uint64_t offset, uint64_t size) {
    const uint32_t sum = lookup3(source.bytes(offset, size));
    const uint32_t stored = source.u32(offset + size);
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION  // a fuzzer cannot guess it, and must get past
    if (sum != stored) {
        source.fail(offset, str("the structure here is damaged: its checksum must be ", sum,
                                ". Received: ", stored, "."));
    }
#else
    (void)(sum == stored);
#endif
}

}  // namespace cornu::saving::hdf5
