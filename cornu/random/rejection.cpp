// Draws that are tried until they fit: gamma, beta, binomial, by jax.random's algorithms. Loops end
// when every element is done; an element that is done keeps its value.
#include <cmath>

#include "cornu/autodiff/control_flow.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/random_bits.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/random/floats_impl.h"
#include "cornu/random/functional.h"

namespace cornu::random {

namespace {

// A key for each element.
struct Keys {
    Tensor high, low;
};

Tensor word(uint32_t value) { return Tensor::full({}, value, DType::uint32); }

Tensor rotated(const Tensor& x, uint32_t by) { return ops::bitwise_or(ops::left_shift(x, word(by)), ops::right_shift(x, word(32 - by))); }

// Threefry-2x32 of one counter under each key: the two words of split(key)[counter].
Keys hash(const Keys& keys, uint32_t counter) {
    static constexpr uint32_t rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
    const Tensor schedule[3] = {keys.high, keys.low, ops::bitwise_xor(ops::bitwise_xor(keys.high, keys.low), word(0x1BD11BDA))};
    Tensor high = schedule[0], low = schedule[1] + word(counter);
    for (uint32_t round = 0; round < 5; ++round) {
        for (const uint32_t by : rotations[round % 2]) {
            high = high + low;
            low = ops::bitwise_xor(rotated(low, by), high);
        }
        high = high + schedule[(round + 1) % 3];
        low = low + (schedule[(round + 2) % 3] + word(round + 1));
    }
    return {high, low};
}

// One draw in [0, 1) under each key.
Tensor unit(const Keys& keys, DType dtype) {
    const Keys words = hash(keys, 0);
    const DType type = word_of(dtype);
    if (type != DType::uint64) return unit_of(ops::cast(ops::bitwise_xor(words.high, words.low), type), dtype);
    const Tensor high = ops::left_shift(ops::cast(words.high, type), Tensor::full({}, 32, type));
    return unit_of(ops::bitwise_or(high, ops::cast(words.low, type)), dtype);
}

Keys split_keys(const Tensor& key, int64_t count) {
    const Tensor pairs = prim::threefry_bits(key, {count}, DType::uint64);
    return {ops::cast(ops::right_shift(pairs, Tensor::full({}, 32, DType::uint64)), DType::uint32), ops::cast(pairs, DType::uint32)};
}

// A normal draw x such that 1 + c x is positive; returns both.
Tensors positive_line(const Keys& first, const Tensor& c, DType dtype) {
    const Tensor zeros = ops::zeros_like(c);
    const Tensors end = ops::while_loop(
        [](const Tensors& v) { return ops::any(v[3] <= 0); },
        [&](const Tensors& v) -> Tensors {
            const Keys keys{v[0], v[1]}, next = hash(keys, 0);
            const Tensor x = normal_of(unit(hash(keys, 1), dtype), dtype), line = 1 + x * c, open = v[3] <= 0;
            return {ops::where(open, next.high, v[0]), ops::where(open, next.low, v[1]), ops::where(open, x, v[2]), ops::where(open, line, v[3])};
        },
        {first.high, first.low, zeros, zeros - 1});
    return {end[2], end[3]};
}

// Marsaglia and Tsang's method; below 1, a draw for alpha + 1 is scaled down by a power of a uniform
// one. Beta takes logarithms, which do not vanish for small alpha.
Tensor gamma_draws(const Tensor& key, const Tensor& given, const Shape& shape, DType dtype, bool logarithm) {
    mantissa(dtype);
    const Tensor alpha_of = ops::reshape(ops::broadcast_to(ops::cast(given, dtype), shape), {shape.size()});
    if (shape.size() == 0) return ops::zeros(shape, dtype);
    const Tensor large = alpha_of >= 1, alpha = ops::where(large, alpha_of, alpha_of + 1);
    const Tensor d = alpha - scalar(1.0 / 3, dtype), c = scalar(1.0 / 3, dtype) / ops::sqrt(d);
    const Keys each = split_keys(key, shape.size()), first = hash(each, 0), boosts = hash(each, 1);
    const auto rejected = [&](const Tensor& square, const Tensor& cube, const Tensor& u) {
        const Tensor outside = u >= 1 - scalar(0.0331, dtype) * (square * square);
        return ops::logical_and(outside, ops::log(u) >= square * 0.5 + d * ((1 - cube) + ops::log(cube)));
    };
    const Tensor ones = ops::ones_like(d);
    const Tensors end = ops::while_loop(
        [&](const Tensors& v) { return ops::any(rejected(v[2], v[3], v[4])); },
        [&](const Tensors& v) -> Tensors {
            const Keys keys{v[0], v[1]}, next = hash(keys, 0);
            const Tensors tried = positive_line(hash(keys, 1), c, dtype);
            const Tensor now[5] = {next.high, next.low, tried[0] * tried[0], tried[1] * tried[1] * tried[1], unit(hash(keys, 2), dtype)};
            const Tensor open = rejected(v[2], v[3], v[4]);
            Tensors out;
            for (size_t i = 0; i < 5; ++i) out.push_back(ops::where(open, now[i], v[i]));
            return out;
        },
        {first.high, first.low, ops::zeros_like(d), ones, ones * 2});
    const Tensor cube = end[3], u = unit(boosts, dtype);
    Tensor drawn;
    if (logarithm) {
        const Tensor log_u = ops::log1p(-u);
        const Tensor boost = ops::where(ops::logical_or(large, ops::equal(log_u, 0)), ops::zeros_like(d), log_u * (1 / alpha_of));
        drawn = ops::log(d) + ops::log(cube) + boost;
    } else {
        drawn = d * cube * ops::where(large, ones, ops::power(1 - u, 1 / alpha_of));
    }
    return ops::reshape(drawn, shape);
}

// The number of geometric draws that fit into `count` trials; for few expected successes.
Tensor binomial_inversion(const Tensor& key, const Tensor& count, const Tensor& q, const Shape& shape, DType dtype) {
    const Tensor log_failure = ops::log1p(-q), zeros = ops::zeros_like(q);
    const Tensors end = ops::while_loop(
        [&](const Tensors& v) { return ops::any(v[1] <= count); },
        [&](const Tensors& v) -> Tensors {
            const Tensors keys = split(v[2]);
            const Tensor tries = ops::ceil(ops::log(uniform(keys[0], shape, dtype)) / log_failure);
            return {ops::where(v[1] <= count, v[0] + 1, v[0]), v[1] + tries, keys[1]};
        },
        {zeros, zeros, key});
    return end[0] - 1;
}

// log(k!) minus Stirling's formula.
Tensor stirling_tail(const Tensor& k) {
    const std::vector<double> exact = {0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
                                       0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287};
    const Tensor small = k <= 9, limited = ops::clip(k, 0, 9), squared = (limited + 1) * (limited + 1);
    const Tensor series = (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / squared) / squared) / (limited + 1);
    const Tensor table = ops::cast(Tensor::from(exact), k.dtype());
    return ops::where(small, ops::take(table, ops::cast(ops::floor(limited), DType::int32), 0), series);
}

// Hörmann's transformed rejection; for many expected successes.
Tensor binomial_rejection(const Tensor& key, const Tensor& count, const Tensor& q, const Shape& shape, DType dtype) {
    const Tensor stddev = ops::sqrt(count * q * (1 - q));
    const Tensor b = 1.15 + 2.53 * stddev, a = -0.0873 + 0.0248 * b + 0.01 * q, c = count * q + 0.5;
    const Tensor v_r = 0.92 - 4.2 / b, odds = q / (1 - q), alpha = (2.83 + 5.1 / b) * stddev;
    const Tensor mode = ops::floor((count + 1) * q);
    const Tensors end = ops::while_loop(
        [](const Tensors& v) { return ops::any(ops::logical_not(v[1])); },
        [&](const Tensors& carried) -> Tensors {
            const Tensors keys = split(carried[2], 3);
            const Tensor u = uniform(keys[1], shape, dtype) - 0.5, drawn = uniform(keys[2], shape, dtype);
            const Tensor us = 0.5 - ops::abs(u);
            const Tensor inside = ops::logical_and(us >= 0.07, drawn <= v_r);
            const Tensor k = ops::floor((2 * a / us + b) * u + c);
            const Tensor possible = ops::logical_not(ops::logical_or(k < 0, k > count));
            const Tensor v = ops::log(drawn * alpha / (a / (us * us) + b));
            const Tensor bound = (mode + 0.5) * ops::log((mode + 1) / (odds * (count - mode + 1))) +
                                 (count + 1) * ops::log((count - mode + 1) / (count - k + 1)) +
                                 (k + 0.5) * ops::log(odds * (count - k + 1) / (k + 1)) + stirling_tail(mode) +
                                 stirling_tail(count - mode) - stirling_tail(k) - stirling_tail(count - k);
            const Tensor accepted = ops::logical_or(inside, ops::logical_and(possible, v <= bound));
            return {ops::where(accepted, k, carried[0]), ops::logical_or(carried[1], accepted), keys[0]};
        },
        {ops::zeros_like(q) - 1, ops::zeros(shape, DType::bool_), key});
    return end[0];
}

}  // namespace

Tensor gamma(const Tensor& key, const Tensor& alpha, const Shape& shape, DType dtype) { return gamma_draws(key, alpha, shape, dtype, false); }

Tensor beta(const Tensor& key, const Tensor& alpha, const Tensor& beta, const Shape& shape, DType dtype) {
    const Tensors keys = split(key);
    const Tensor log_a = gamma_draws(keys[0], alpha, shape, dtype, true), log_b = gamma_draws(keys[1], beta, shape, dtype, true);
    const Tensor most = ops::maximum(log_a, log_b), a = ops::exp(log_a - most), b = ops::exp(log_b - most);
    return a / (a + b);
}

Tensor binomial(const Tensor& key, const Tensor& counts, const Tensor& probabilities, const Shape& shape, DType dtype) {
    mantissa(dtype);
    const DType type = to_float_dtype(probabilities.dtype());
    const Tensor given = ops::broadcast_to(ops::cast(counts, type), shape), p = ops::broadcast_to(ops::cast(probabilities, type), shape);
    if (shape.size() == 0) return ops::zeros(shape, dtype);
    const Tensor nan = scalar(std::nan(""), dtype), infinity = scalar(HUGE_VAL, dtype);
    const Tensor below_half = p < 0.5, asked = ops::where(below_half, p, 1 - p);
    const Tensor bad_q = ops::logical_or(ops::isnan(asked), asked < 0), bad_count = ops::logical_or(ops::isnan(given), given < 0);
    const Tensor q = ops::where(bad_q, 0.01, asked), endless = ops::isinf(given);
    const Tensor few = ops::logical_or(bad_count, given * q <= 10), count = ops::floor(given);
    const Tensor inverted = binomial_inversion(key, ops::where(few, count, 0.0), q, shape, type);
    const Tensor rejected = binomial_rejection(key, ops::where(few, 1e4, count), ops::where(few, 0.5, q), shape, type);
    const Tensor invalid = ops::logical_or(bad_q, bad_count);
    Tensor drawn = ops::cast(ops::where(few, inverted, rejected), dtype);
    drawn = ops::where(invalid, nan, drawn);
    drawn = ops::where(ops::logical_and(endless, ops::logical_not(invalid)), infinity, drawn);
    const Tensor as_is = ops::logical_or(ops::logical_or(below_half, bad_count), ops::logical_or(ops::isnan(asked), endless));
    return ops::where(as_is, drawn, ops::cast(count, dtype) - drawn);
}

}  // namespace cornu::random
