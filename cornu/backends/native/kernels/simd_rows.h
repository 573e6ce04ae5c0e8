// Reductions and row kernels over float32, with vectors of the compiler's own vector type.
#pragma once

#include "cornu/backends/native/kernels/simd_maps.h"

namespace cornu::native::SIMD_NAMESPACE {

template <class T, int bytes>
struct VectorOf {
    typedef T type __attribute__((vector_size(bytes)));
};
template <class T, int bytes>
using Vector = typename VectorOf<T, bytes>::type;

using F = Vector<float, SIMD_BYTES>;
using I = Vector<int32_t, SIMD_BYTES>;
constexpr int lanes = SIMD_BYTES / 4;

template <class V, class T>
CORNU_INLINE V load(const T* p) {
    V v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}
template <class V, class T>
CORNU_INLINE void store(T* p, V v) {
    __builtin_memcpy(p, &v, sizeof v);
}

template <class V>
CORNU_INLINE double total(V v) {
    double sum = 0;
    for (unsigned i = 0; i < sizeof(V) / sizeof(v[0]); ++i) sum += double(v[i]);
    return sum;
}

// Sums `term(vector)` and `term(float)` over n values: four float vectors over blocks of at most
// 512 values, then double.
template <class Vec, class One>
CORNU_INLINE double sum_blocks(int64_t n, Vec vec, One one) {
    constexpr int64_t step = 4 * lanes, block = 512;
    double sum = 0;
    int64_t i = 0;
    while (i + step <= n) {
        const int64_t end = i + block < n ? i + block : n;
        F s0{}, s1{}, s2{}, s3{};
        for (; i + step <= end; i += step) {
            s0 += vec(i);
            s1 += vec(i + lanes);
            s2 += vec(i + 2 * lanes);
            s3 += vec(i + 3 * lanes);
        }
        sum += total((s0 + s1) + (s2 + s3));
    }
    for (; i < n; ++i) sum += double(one(i));
    return sum;
}

inline double row_sum(const float* x, int64_t n) {
    return sum_blocks(
        n, [=](int64_t i) { return load<F>(x + i); }, [=](int64_t i) { return x[i]; });
}
inline double row_sum_of_squares(const float* x, double center, int64_t n) {
    const float c = float(center);
    return sum_blocks(
        n,
        [=](int64_t i) {
            const F d = load<F>(x + i) - c;
            return d * d;
        },
        [=](int64_t i) {
            const float d = x[i] - c;
            return d * d;
        });
}
inline double row_dot(const float* a, const float* b, int64_t n) {
    return sum_blocks(
        n, [=](int64_t i) { return load<F>(a + i) * load<F>(b + i); },
        [=](int64_t i) { return a[i] * b[i]; });
}

// The largest (or smallest) value. A NaN anywhere makes the sum of all differences NaN, which is
// cheaper to carry than a test per value.
template <bool largest>
inline float row_extreme(const float* x, int64_t n) {
    float best = x[0];
    F not_a_number{};
    int64_t i = 0;
    float tail_nan = 0;
    if (n >= lanes) {
        F m = load<F>(x);
        for (; i + lanes <= n; i += lanes) {
            const F v = load<F>(x + i);
            m = largest ? (v > m ? v : m) : (v < m ? v : m);
            not_a_number += v * 0.f;
        }
        for (int j = 0; j < lanes; ++j) best = (largest ? m[j] > best : m[j] < best) ? m[j] : best;
    }
    for (; i < n; ++i) {
        best = (largest ? x[i] > best : x[i] < best) ? x[i] : best;
        tail_nan += x[i] * 0.f;
    }
    // Infinities give NaN here too, so look again before believing it.
    const double suspicion = total(not_a_number) + double(tail_nan);
    if (suspicion != suspicion) {
        for (int64_t j = 0; j < n; ++j) {
            if (x[j] != x[j]) return x[j];
        }
        // An initial NaN is excluded now; infinities compare as usual.
    }
    return best;
}

// Columns in strips that stay in registers; 32 rows at a time are summed in float.
inline void rows_add(const float* x, int64_t rows, int64_t stride, int64_t n, double* acc) {
    for (int64_t r = 0; r < rows; r += 32) {
        const int64_t count = rows - r < 32 ? rows - r : 32;
        const float* block = x + r * stride;
        int64_t i = 0;
        for (; i + 2 * lanes <= n; i += 2 * lanes) {
            F s0{}, s1{};
            for (int64_t k = 0; k < count; ++k) {
                s0 += load<F>(block + k * stride + i);
                s1 += load<F>(block + k * stride + i + lanes);
            }
            for (int j = 0; j < lanes; ++j) acc[i + j] += double(s0[j]);
            for (int j = 0; j < lanes; ++j) acc[i + lanes + j] += double(s1[j]);
        }
        for (; i < n; ++i) {
            float s = 0;
            for (int64_t k = 0; k < count; ++k) s += block[k * stride + i];
            acc[i] += double(s);
        }
    }
}
template <bool largest>
inline void rows_extreme(const float* x, int64_t rows, int64_t stride, int64_t n, float* acc) {
    for (int64_t r = 0; r < rows; ++r) {
        const float* row = x + r * stride;
        CORNU_VECTORIZE
        for (int64_t i = 0; i < n; ++i) {
            const float v = row[i], m = acc[i];
            const bool wins = largest ? v > m : v < m;
            acc[i] = wins || v != v ? v : m;  // once NaN, no comparison is true and m stays
        }
    }
}

inline double row_exp_sum(const float* x, float scale, float shift, float* y, int64_t n) {
    for (int64_t start = 0; start < n; start += 4096) {
        const int64_t end = start + 4096 < n ? start + 4096 : n;
        CORNU_VECTORIZE
        for (int64_t i = start; i < end; ++i) y[i] = exp_of(x[i] * scale - shift);
    }
    return row_sum(y, n);
}

template <bool has_gamma, bool has_beta>
CORNU_INLINE void row_normalize_as(const float* x, float mean, float rstd, const float* gamma,
                                   const float* beta, float* y, int64_t n) {
    CORNU_VECTORIZE
    for (int64_t i = 0; i < n; ++i) {
        float v = (x[i] - mean) * rstd;
        if constexpr (has_gamma) v *= gamma[i];
        if constexpr (has_beta) v += beta[i];
        y[i] = v;
    }
}
inline void row_normalize(const float* x, float mean, float rstd, const float* gamma,
                          const float* beta, float* y, int64_t n) {
    if (gamma && beta) return row_normalize_as<true, true>(x, mean, rstd, gamma, beta, y, n);
    if (gamma) return row_normalize_as<true, false>(x, mean, rstd, gamma, beta, y, n);
    if (beta) return row_normalize_as<false, true>(x, mean, rstd, gamma, beta, y, n);
    return row_normalize_as<false, false>(x, mean, rstd, gamma, beta, y, n);
}

}  // namespace cornu::native::SIMD_NAMESPACE
