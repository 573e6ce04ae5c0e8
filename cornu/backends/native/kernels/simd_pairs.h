// Two elementwise operations in one loop.
#pragma once

#include "cornu/backends/native/kernels/simd_rows.h"

namespace cornu::native::SIMD_NAMESPACE {

// The result of the first operation is rounded like any other, whether or not loops may contract
// products and sums: a chain gives the bits of its steps one by one.
#if defined(__AVX512F__)
#define CORNU_ROUND(x) asm("" : "+v"(x))
#elif defined(__x86_64__)
#define CORNU_ROUND(x) asm("" : "+x"(x))
#elif defined(__aarch64__)
#define CORNU_ROUND(x) asm("" : "+w"(x))
#else
#define CORNU_ROUND(x) static_cast<void>(x)
#endif

template <PairFirst first, class V>
CORNU_INLINE V pair_first(V a, V b) {
    if constexpr (first == PairFirst::add) return a + b;
    if constexpr (first == PairFirst::sub) return a - b;
    if constexpr (first == PairFirst::mul) return a * b;
}

template <PairSecond second, class V>
CORNU_INLINE V pair_second(V t, V c) {
    if constexpr (second == PairSecond::add) return t + c;
    if constexpr (second == PairSecond::sub) return t - c;
    if constexpr (second == PairSecond::from) return c - t;
    if constexpr (second == PairSecond::mul) return t * c;
    if constexpr (second == PairSecond::div) return t / c;
    if constexpr (second == PairSecond::under) return c / t;
    if constexpr (second == PairSecond::relu) return t < 0.f ? V{} : t;
    if constexpr (second == PairSecond::sqrt) {
        if constexpr (sizeof(V) == sizeof(float)) {
            return __builtin_sqrtf(t);
        } else {
            V y;
            for (int i = 0; i < lanes; ++i) y[i] = __builtin_sqrtf(t[i]);
            return y;
        }
    }
}

template <PairFirst first, PairSecond second>
inline void map_pair(const float* a, int64_t a_step, const float* b, int64_t b_step, const float* c, int64_t c_step, float* y, int64_t n) {
    constexpr bool alone = second >= PairSecond::sqrt;
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        F t = pair_first<first>(load<F>(a + i * a_step), load<F>(b + i * b_step));
        CORNU_ROUND(t);
        store(y + i, pair_second<second>(t, alone ? t : load<F>(c + i * c_step)));
    }
    for (; i < n; ++i) {
        float t = pair_first<first>(a[i * a_step], b[i * b_step]);
        CORNU_ROUND(t);
        y[i] = pair_second<second>(t, alone ? t : c[i * c_step]);
    }
}

#undef CORNU_ROUND

}  // namespace cornu::native::SIMD_NAMESPACE
