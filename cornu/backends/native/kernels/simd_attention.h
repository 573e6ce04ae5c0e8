// What attention needs besides matrix products: turning blocks of a matrix over, and rows of
// softmax and its derivative whose last step is left to the caller.
#pragma once

#include "cornu/backends/native/kernels/simd_rows.h"

namespace cornu::native::SIMD_NAMESPACE {

// y[c * ldy + r] = x[r * ldx + c], in squares of four that stay in registers.
inline void transpose(const float* x, int64_t ldx, float* y, int64_t ldy, int64_t rows,
                      int64_t columns) {
    using Quad = Vector<float, 16>;
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4, x += 4 * ldx, y += 4) {
        int64_t c = 0;
        for (; c + 4 <= columns; c += 4) {
            const Quad a = load<Quad>(x + c), b = load<Quad>(x + ldx + c);
            const Quad d = load<Quad>(x + 2 * ldx + c), e = load<Quad>(x + 3 * ldx + c);
            const Quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
            const Quad ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
            const Quad de_low = __builtin_shufflevector(d, e, 0, 4, 1, 5);
            const Quad de_high = __builtin_shufflevector(d, e, 2, 6, 3, 7);
            store(y + c * ldy, __builtin_shufflevector(ab_low, de_low, 0, 1, 4, 5));
            store(y + (c + 1) * ldy, __builtin_shufflevector(ab_low, de_low, 2, 3, 6, 7));
            store(y + (c + 2) * ldy, __builtin_shufflevector(ab_high, de_high, 0, 1, 4, 5));
            store(y + (c + 3) * ldy, __builtin_shufflevector(ab_high, de_high, 2, 3, 6, 7));
        }
        for (; c < columns; ++c)
            for (int64_t i = 0; i < 4; ++i) y[c * ldy + i] = x[i * ldx + c];
    }
    for (; r < rows; ++r, x += ldx, ++y)
        for (int64_t c = 0; c < columns; ++c) y[c * ldy] = x[c];
}

// The values of a vector taken together by halves: a chain of four steps instead of sixteen.
template <class V, class Join>
CORNU_INLINE float folded(V v, Join join) {
    if constexpr (sizeof(V) > 16) {
        Vector<float, sizeof(V) / 2> halves[2];
        __builtin_memcpy(halves, &v, sizeof v);
        return folded(join(halves[0], halves[1]), join);
    } else {
        return join(join(v[0], v[1]), join(v[2], v[3]));
    }
}

// x = exp(x - its maximum); returns what makes that a softmax, 1 / sum. A NaN anywhere makes the
// sum one; n > 0.
inline float softmax_row(float* x, int64_t n) {
    const auto greater = [](auto a, auto b) { return a > b ? a : b; };
    float high = x[0];
    int64_t i = 0;
    if (n >= lanes) {
        F m = load<F>(x);
        for (i = lanes; i + lanes <= n; i += lanes) m = greater(load<F>(x + i), m);
        high = folded(m, greater);
    }
    for (; i < n; ++i) high = greater(x[i], high);
    double sum = 0;
    for (int64_t start = 0; start < n; start += 4096) {
        const int64_t end = start + 4096 < n ? start + 4096 : n;
        CORNU_VECTORIZE
        for (int64_t k = start; k < end; ++k) x[k] = exp_of(x[k] - high);
        F sums{};
        int64_t k = start;
        for (; k + lanes <= end; k += lanes) sums += load<F>(x + k);
        sum += double(folded(sums, [](auto a, auto b) { return a + b; }));
        for (; k < end; ++k) sum += double(x[k]);
    }
    return float(1 / sum);
}

// p becomes the softmax it is but for the factor, and dp, the gradient of that, the gradient of
// what went into it. Such a row sums to zero: the gradient of a bias of the keys is nothing else,
// and an optimizer may make whole steps of what rounding leaves there. So the rest is taken out
// again.
inline void softmax_grad_row(float* p, float* dp, float factor, int64_t n) {
    const float mean = float(row_dot(p, dp, n) * double(factor));
    F rests{};
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        const F weight = load<F>(p + i) * factor, slope = weight * (load<F>(dp + i) - mean);
        store(p + i, weight);
        store(dp + i, slope);
        rests += slope;
    }
    float rest = folded(rests, [](auto a, auto b) { return a + b; });
    for (; i < n; ++i) {
        p[i] *= factor;
        dp[i] = p[i] * (dp[i] - mean);
        rest += dp[i];
    }
    CORNU_VECTORIZE
    for (int64_t k = 0; k < n; ++k) dp[k] -= p[k] * rest;
}

}  // namespace cornu::native::SIMD_NAMESPACE
