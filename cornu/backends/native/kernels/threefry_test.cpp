#include "cornu/backends/native/kernels/threefry.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "cornu/backends/native/kernels/simd.h"
#include "cornu/base/error.h"

using namespace cornu;
using namespace cornu::native;

namespace {

struct Case {
    uint32_t k0, k1;
    std::vector<uint8_t> bits8;
    std::vector<uint16_t> bits16;
    std::vector<uint32_t> bits32;
    std::vector<uint64_t> bits64;
    std::vector<uint32_t> splits, fold;
};
const Case cases[] = {
#include "cornu/backends/native/kernels/threefry_cases.inc"
};

template <class Word>
std::vector<Word> bits(const Case& c, size_t count, uint64_t first = 0) {
    std::vector<Word> out(count);
    random_bits(c.k0, c.k1, first, sizeof(Word) * 8, out.data(), static_cast<int64_t>(count));
    return out;
}

}  // namespace

TEST_CASE("random bits, splits and folds are JAX's") {
    for (const Case& c : cases) {
        CHECK(bits<uint8_t>(c, c.bits8.size()) == c.bits8);
        CHECK(bits<uint16_t>(c, c.bits16.size()) == c.bits16);
        CHECK(bits<uint32_t>(c, c.bits32.size()) == c.bits32);
        CHECK(bits<uint64_t>(c, c.bits64.size()) == c.bits64);
        std::vector<uint32_t> splits(c.splits.size()), fold(2);
        random_split(c.k0, c.k1, splits.data(), static_cast<int64_t>(splits.size() / 2));
        CHECK(splits == c.splits);
        random_fold_in(c.k0, c.k1, 0x12345678, fold.data());
        CHECK(fold == c.fold);
    }
}

TEST_CASE("the published vectors of Threefry-2x32 with 20 rounds") {
    CHECK(threefry2x32(0, 0, 0, 0) == 0x6b20015999ba4efeu);
    CHECK(threefry2x32(~0u, ~0u, ~0u, ~0u) == 0x1cb996fcbb002be7u);
    CHECK(threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3) == 0xc4923a9c483df7a0u);
}

TEST_CASE("any stretch of the stream can be had alone, over the 32-bit boundary too") {
    const Case& c = cases[1];
    const auto all = bits<uint32_t>(c, 5000);
    const auto part = bits<uint32_t>(c, 100, 4321);
    CHECK(std::vector<uint32_t>(all.begin() + 4321, all.begin() + 4421) == part);
    const uint64_t edge = (uint64_t{1} << 32) - 20;
    const auto across = bits<uint64_t>(c, 40, edge);
    for (uint64_t i = 0; i < 40; ++i) {
        const uint64_t at = edge + i;
        CHECK(across[i] ==
              threefry2x32(c.k0, c.k1, static_cast<uint32_t>(at >> 32), static_cast<uint32_t>(at)));
    }
}

TEST_CASE("every instruction set draws the same bits") {
    for (const char* set : {"base", "avx2", "avx512"}) {
        const Simd* table = find_simd(set);
        if (!table) continue;
        for (const Case& c : cases) {
            std::vector<uint32_t> narrow(c.bits32.size());
            std::vector<uint64_t> wide(c.bits64.size());
            table->threefry_xor32(c.k0, c.k1, 0, narrow.data(),
                                  static_cast<int64_t>(narrow.size()));
            table->threefry_64(c.k0, c.k1, 0, wide.data(), static_cast<int64_t>(wide.size()));
            CHECK(narrow == c.bits32);
            CHECK(wide == c.bits64);
        }
    }
}

TEST_CASE("other word sizes are refused") {
    uint32_t word;
    CHECK_THROWS_AS(random_bits(0, 0, 0, 24, &word, 1), ValueError);
}

TEST_CASE("words below a bound, as when they are drawn first") {
    std::vector<uint32_t> words(3001);
    random_bits(3, 4, 0, 32, words.data(), 3001);
    for (const uint32_t bound : {1u, 1u << 31, 0xffffffffu}) {
        bool below[3001];
        random_below(3, 4, bound, below, 3001);
        for (size_t i = 0; i < words.size(); ++i) CHECK(below[i] == (words[i] < bound));
    }
}
