#include <doctest/doctest.h>

#include <zlib.h>

#include <random>
#include <vector>

#include "cornu/saving/inflate.h"

TEST_CASE("the CRC of any length and start is zlib's") {
    std::minstd_rand random(1);
    std::vector<std::byte> bytes(5000);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random());
    for (size_t size = 0; size <= 4900; size += 1 + size / 37) {
        for (const size_t start : {0, 1, 7, 64}) {
            const std::span<const std::byte> part(bytes.data() + start, size);
            for (const uint32_t before : {0u, 0xdeadbeefu}) {
                CAPTURE(size);
                CHECK(cornu::saving::crc32(part, before) == ::crc32(before, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(size)));
            }
        }
    }
}
