// Threefry-2x32, bit for bit what the native engine draws: on a processor by a loop over the words,
// on a device, and for words of 64 bits, by LibTorch's own arithmetic, which wraps around.
#include <ATen/Parallel.h>
#include <ATen/ops/add.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bitwise_and.h>
#include <ATen/ops/bitwise_left_shift.h>
#include <ATen/ops/bitwise_or.h>
#include <ATen/ops/bitwise_right_shift.h>
#include <ATen/ops/bitwise_xor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/lt.h>

#include <bit>
#include <limits>

#include "cornu/backends/torch/lowering.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::torch {

namespace {

constexpr int rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
constexpr uint32_t parity = 0x1BD11BDA;

// ---- tensors of int32 that hold the words ----

at::Tensor rotated(const at::Tensor& x, int by) {
    const at::Tensor low = at::bitwise_and(at::bitwise_right_shift(x, 32 - by), (1 << by) - 1);
    return at::bitwise_or(at::bitwise_left_shift(x, by), low);
}
void encrypt(const at::Tensor& key, at::Tensor& x0, at::Tensor& x1) {
    const at::Tensor k0 = key[0], k1 = key[1];
    const at::Tensor keys[3] = {
        k0, k1, at::bitwise_xor(at::bitwise_xor(k0, k1), static_cast<int32_t>(parity))};
    x0 = at::add(x0, keys[0]);
    x1 = at::add(x1, keys[1]);
    for (int group = 0; group < 5; ++group) {
        for (const int by : rotations[group % 2]) {
            x0 = at::add(x0, x1);
            x1 = at::bitwise_xor(rotated(x1, by), x0);
        }
        x0 = at::add(x0, keys[(group + 1) % 3]);
        x1 = at::add(x1, at::add(keys[(group + 2) % 3], group + 1));
    }
}
// One 64-bit counter per element, its high word first.
Values words(const at::Tensor& key, int64_t first, int64_t count) {
    const at::Tensor counter = at::arange(first, first + count, key.options().dtype(at::kLong));
    at::Tensor high = at::bitwise_right_shift(counter, 32).to(at::kInt), low = counter.to(at::kInt);
    encrypt(key, high, low);
    return {high, low};
}

// ---- a loop ----

template <class Write>
void draw(const uint32_t* key, uint64_t first, int64_t count, Write write) {
    const uint32_t keys[3] = {key[0], key[1], key[0] ^ key[1] ^ parity};
    at::parallel_for(0, count, 1 << 12, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const uint64_t counter = first + static_cast<uint64_t>(i);
            uint32_t x0 = static_cast<uint32_t>(counter >> 32) + keys[0],
                     x1 = static_cast<uint32_t>(counter) + keys[1];
            for (unsigned group = 0; group < 5; ++group) {
                for (const int by : rotations[group % 2]) {
                    x0 += x1;
                    x1 = std::rotl(x1, by) ^ x0;
                }
                x0 += keys[(group + 1) % 3];
                x1 += keys[(group + 2) % 3] + group + 1;
            }
            write(i, x0 ^ x1);
        }
    });
}

template <class Word>
void draw_words(const uint32_t* key, const BitsAttrs& b, void* out) {
    Word* y = static_cast<Word*>(out);
    draw(key, static_cast<uint64_t>(b.start), b.shape.size(),
         [y](int64_t i, uint32_t word) { y[i] = static_cast<Word>(word); });
}

Values threefry_bits(const Call& call, Values& in) {
    const auto& b = call.as<BitsAttrs>();
    const at::Tensor key = in[0].contiguous();
    if (b.dtype == DType::uint64 || !key.is_cpu()) {
        const Values drawn = words(key, b.start, b.shape.size());
        if (b.dtype != DType::uint64)
            return {at::bitwise_xor(drawn[0], drawn[1])
                        .to(carrier_of(b.dtype))
                        .view(sizes_of(b.shape))};
        const at::Tensor high = at::bitwise_left_shift(drawn[0].to(at::kLong), 32),
                         low = at::bitwise_and(drawn[1].to(at::kLong), int64_t{0xFFFFFFFF});
        return {at::bitwise_or(high, low).view(sizes_of(b.shape))};
    }
    const at::Tensor y = at::empty(sizes_of(b.shape), key.options().dtype(carrier_of(b.dtype)));
    const auto* words = static_cast<const uint32_t*>(key.const_data_ptr());
    // Narrow words are the low bits.
    if (b.dtype == DType::uint32)
        draw_words<uint32_t>(words, b, y.data_ptr());
    else if (b.dtype == DType::uint16)
        draw_words<uint16_t>(words, b, y.data_ptr());
    else
        draw_words<uint8_t>(words, b, y.data_ptr());
    return {y};
}

Values threefry_below(const Call& call, Values& in) {
    const auto& b = call.as<BelowAttrs>();
    const at::Tensor key = in[0].contiguous();
    const auto bound = static_cast<uint32_t>(b.bound);
    if (!key.is_cpu()) {
        // Compared without a sign: both with the top bit flipped.
        const Values drawn = words(key, 0, b.shape.size());
        const at::Tensor word = at::bitwise_xor(at::bitwise_xor(drawn[0], drawn[1]),
                                                std::numeric_limits<int32_t>::min());
        return {at::lt(word, static_cast<int32_t>(bound ^ 0x80000000u)).view(sizes_of(b.shape))};
    }
    const at::Tensor y = at::empty(sizes_of(b.shape), key.options().dtype(at::kBool));
    bool* below = static_cast<bool*>(y.data_ptr());
    draw(static_cast<const uint32_t*>(key.const_data_ptr()), 0, b.shape.size(),
         [=](int64_t i, uint32_t word) { below[i] = word < bound; });
    return {y};
}

bool takes_key(const Call& call) { return call.in[0].dtype == DType::uint32; }

constexpr Lowering table[] = {
    {"threefry_bits", threefry_bits, Carried::moved, small_unsigned, takes_key},
    {"threefry_below", threefry_below, Carried::moved, small_unsigned, takes_key},
};

}  // namespace

std::span<const Lowering> random_lowerings() { return table; }

}  // namespace cornu::torch
