// Elementwise loops over float32. Each loop may run in place: output i depends on inputs i only.
#pragma once

#include "cornu/backends/native/kernels/simd.h"
#include "cornu/backends/native/kernels/simd_erfinv.h"
#include "cornu/backends/native/kernels/simd_math.h"

#if defined(__clang__)
#define CORNU_VECTORIZE _Pragma("clang loop vectorize(assume_safety)")
#else
#define CORNU_VECTORIZE _Pragma("GCC ivdep")
#endif

namespace cornu::native::SIMD_NAMESPACE {

// One named function type per operation keeps the loops below free of indirect calls.
#define CORNU_UNARY(NAME, EXPRESSION)                                                \
    inline void map_##NAME(const float* x_, float* y_, int64_t n_) {                 \
        CORNU_VECTORIZE                                                              \
        for (int64_t i_ = 0; i_ < n_; ++i_) { const float x = x_[i_]; y_[i_] = (EXPRESSION); } \
    }
CORNU_UNARY(identity, x)
CORNU_UNARY(neg, -x)
CORNU_UNARY(abs, abs_of(x))
CORNU_UNARY(sign, x > 0.f ? 1.f : (x < 0.f ? -1.f : x))
CORNU_UNARY(square, x* x)
CORNU_UNARY(reciprocal, 1.f / x)
CORNU_UNARY(sqrt, __builtin_sqrtf(x))
CORNU_UNARY(rsqrt, 1.f / __builtin_sqrtf(x))
CORNU_UNARY(exp, exp_of(x))
CORNU_UNARY(expm1, expm1_of(x))
CORNU_UNARY(log, log_of(x))
CORNU_UNARY(log1p, log1p_of(x))
CORNU_UNARY(tanh, tanh_of(x))
CORNU_UNARY(sigmoid, sigmoid_of(x))
CORNU_UNARY(erf, erf_of(x))
CORNU_UNARY(relu, x < 0.f ? 0.f : x)
CORNU_UNARY(floor, floor_of(x))
CORNU_UNARY(ceil, ceil_of(x))
CORNU_UNARY(round, round_of(x))
CORNU_UNARY(trunc, trunc_of(x))
CORNU_UNARY(softplus, softplus_of(x))
CORNU_UNARY(silu, x* sigmoid_of(x))
CORNU_UNARY(gelu, gelu_of(x))
CORNU_UNARY(gelu_tanh, gelu_tanh_of(x))
CORNU_UNARY(erfinv, erfinv_of(x))
CORNU_UNARY(erfc, erfc_of(x))
#undef CORNU_UNARY

// One row of a window on the way to its first maximum, NaN before all numbers, and back from there.
inline void map_later_maximum(const float* row, float position, float* best, float* place, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const float v = row[i], b = best[i];
        const bool later = b == b && (v > b || v != v);
        best[i] = later ? v : b;
        place[i] = later ? position : place[i];
    }
}
inline void map_add_where(const float* place, float position, const float* g, float* y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) y[i] += place[i] == position ? g[i] : 0.f;
}

inline constexpr int64_t patch_block = 256;

// sin and cos: a vector pass, then the C library for the rare arguments beyond its range. Blocks
// go through a buffer, since in place the arguments would be gone.
template <int quarter>
inline void map_trig(const float* x, float* y, int64_t n) {
    float block[patch_block];
    for (int64_t start = 0; start < n; start += patch_block) {
        const int64_t count = n - start < patch_block ? n - start : patch_block;
        const float* in = x + start;
        int32_t patch = 0;
        CORNU_VECTORIZE
        for (int64_t i = 0; i < count; ++i) {
            block[i] = sin_shifted(in[i], quarter);
            patch |= int32_t(!(in[i] > -trig_limit && in[i] < trig_limit));
        }
        if (patch != 0) {
            for (int64_t i = 0; i < count; ++i) {
                if (!(in[i] > -trig_limit && in[i] < trig_limit)) {
                    block[i] = quarter ? __builtin_cosf(in[i]) : __builtin_sinf(in[i]);
                }
            }
        }
        __builtin_memcpy(y + start, block, static_cast<unsigned long>(count) * sizeof(float));
    }
}

template <Form form>
inline void map_pow(const float* a, const float* b, float* y, int64_t n) {
    float block[patch_block];
    for (int64_t start = 0; start < n; start += patch_block) {
        const int64_t count = n - start < patch_block ? n - start : patch_block;
        const float* base = form == Form::scalar_vector ? a : a + start;
        const float* power = form == Form::vector_scalar ? b : b + start;
        int32_t patch = 0;
        CORNU_VECTORIZE
        for (int64_t i = 0; i < count; ++i) {
            const float x = base[form == Form::scalar_vector ? 0 : i];
            const float e = power[form == Form::vector_scalar ? 0 : i];
            block[i] = pow_positive(x, e);
            patch |= int32_t(!(x > 0.f && x < infinity && abs_of(e) < infinity));
        }
        if (patch != 0) {
            for (int64_t i = 0; i < count; ++i) {
                const float x = base[form == Form::scalar_vector ? 0 : i];
                const float e = power[form == Form::vector_scalar ? 0 : i];
                if (!(x > 0.f && x < infinity && abs_of(e) < infinity)) {
                    block[i] = __builtin_powf(x, e);
                }
            }
        }
        __builtin_memcpy(y + start, block, static_cast<unsigned long>(count) * sizeof(float));
    }
}

#define CORNU_BINARY(NAME, RESULT, EXPRESSION)                                               \
    template <Form form>                                                                     \
    inline void map_##NAME(const float* a_, const float* b_, RESULT* y_, int64_t n_) {       \
        if constexpr (form == Form::vector_vector) {                                         \
            CORNU_VECTORIZE                                                                  \
            for (int64_t i_ = 0; i_ < n_; ++i_) {                                            \
                const float a = a_[i_], b = b_[i_];                                          \
                y_[i_] = (EXPRESSION);                                                       \
            }                                                                                \
        } else if constexpr (form == Form::vector_scalar) {                                  \
            const float b = *b_;                                                             \
            CORNU_VECTORIZE                                                                  \
            for (int64_t i_ = 0; i_ < n_; ++i_) { const float a = a_[i_]; y_[i_] = (EXPRESSION); } \
        } else {                                                                             \
            const float a = *a_;                                                             \
            CORNU_VECTORIZE                                                                  \
            for (int64_t i_ = 0; i_ < n_; ++i_) { const float b = b_[i_]; y_[i_] = (EXPRESSION); } \
        }                                                                                    \
    }
CORNU_BINARY(add, float, a + b)
CORNU_BINARY(sub, float, a - b)
CORNU_BINARY(mul, float, a* b)
CORNU_BINARY(div, float, a / b)
CORNU_BINARY(max, float, a > b ? a : (b != b ? b : (a != a ? a : b)))
CORNU_BINARY(min, float, a < b ? a : (b != b ? b : (a != a ? a : b)))
CORNU_BINARY(relu_grad, float, a > 0.f ? b : 0.f)
CORNU_BINARY(tanh_grad, float, b * (1.f - a * a))
CORNU_BINARY(sigmoid_grad, float, b * a * (1.f - a))
CORNU_BINARY(gelu_grad, float, b * gelu_slope(a))
CORNU_BINARY(eq, bool, a == b)
CORNU_BINARY(ne, bool, a != b)
CORNU_BINARY(lt, bool, a < b)
CORNU_BINARY(le, bool, a <= b)
CORNU_BINARY(gt, bool, a > b)
CORNU_BINARY(ge, bool, a >= b)
CORNU_BINARY(mask_eq, float, a == b ? 1.f : 0.f)
CORNU_BINARY(mask_ne, float, a != b ? 1.f : 0.f)
CORNU_BINARY(mask_lt, float, a < b ? 1.f : 0.f)
CORNU_BINARY(mask_le, float, a <= b ? 1.f : 0.f)
CORNU_BINARY(mask_gt, float, a > b ? 1.f : 0.f)
CORNU_BINARY(mask_ge, float, a >= b ? 1.f : 0.f)
#undef CORNU_BINARY

inline void map_clamp(const float* x, float low, float high, float* y, int64_t n) {
    CORNU_VECTORIZE
    for (int64_t i = 0; i < n; ++i) {
        float v = x[i];
        v = v < low ? low : v;
        y[i] = v > high ? high : v;
    }
}
inline void map_select(const bool* c, const float* a, const float* b, float* y, int64_t n) {
    const uint8_t* flags = reinterpret_cast<const uint8_t*>(c);
    CORNU_VECTORIZE
    for (int64_t i = 0; i < n; ++i) {
        const int32_t mask = -int32_t(flags[i] != 0);
        y[i] = float_of((bits_of(a[i]) & mask) | (bits_of(b[i]) & ~mask));
    }
}
inline void map_select_mask(const float* c, const float* a, const float* b, float* y, int64_t n) {
    CORNU_VECTORIZE
    for (int64_t i = 0; i < n; ++i) {
        const float x = a[i], z = b[i];
        y[i] = c[i] != 0.f ? x : z;
    }
}

inline void map_from_bfloat16(const uint16_t* x, float* y, int64_t n) {
    CORNU_VECTORIZE
    for (int64_t i = 0; i < n; ++i) y[i] = float_of(int32_t(uint32_t(x[i]) << 16));
}
inline void map_to_bfloat16(const float* x, uint16_t* y, int64_t n) {
    CORNU_VECTORIZE
    for (int64_t i = 0; i < n; ++i) {
        const uint32_t u = uint32_t(bits_of(x[i]));
        const uint32_t rounded = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
        const uint32_t nan = (u >> 16) | 0x40;
        y[i] = uint16_t((u & 0x7fffffff) > 0x7f800000 ? nan : rounded);
    }
}
inline void map_from_float16(const uint16_t* x, float* y, int64_t n) {
    CORNU_VECTORIZE
    for (int64_t i = 0; i < n; ++i) {
        const uint32_t h = x[i];
        // Placed 112 binades too low, then scaled exactly; subnormals come out normal.
        const float scaled = float_of(int32_t((h & 0x7fff) << 13)) * 5.192296858534828e33f;
        const uint32_t magnitude =
            (h & 0x7c00) == 0x7c00 ? 0x7f800000 | ((h & 0x3ff) << 13) : uint32_t(bits_of(scaled));
        y[i] = float_of(int32_t(magnitude | ((h & 0x8000) << 16)));
    }
}
inline void map_to_float16(const float* x, uint16_t* y, int64_t n) {
    CORNU_VECTORIZE
    for (int64_t i = 0; i < n; ++i) {
        const uint32_t u = uint32_t(bits_of(x[i])), magnitude = u & 0x7fffffff;
        const uint32_t normal = (magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13;
        // Adding 0.5 leaves a subnormal half's bits, rounded, at the end of the sum's mantissa.
        const uint32_t subnormal =
            uint32_t(bits_of(float_of(int32_t(magnitude)) + 0.5f)) - 0x3f000000;
        uint32_t h = magnitude < 0x38800000 ? subnormal : normal;
        h = magnitude >= 0x47800000 ? 0x7c00 : h;
        h = magnitude > 0x7f800000 ? 0x7e00 | ((magnitude >> 13) & 0x3ff) : h;
        y[i] = uint16_t(h | ((u >> 16) & 0x8000));
    }
}

struct Words {
    uint32_t high, low;
};
CORNU_INLINE Words threefry(uint32_t k0, uint32_t k1, uint32_t x0, uint32_t x1) {
    const uint32_t k2 = k0 ^ k1 ^ 0x1BD11BDAu;
    x0 += k0;
    x1 += k1;
#define CORNU_ROUND(R) x0 += x1; x1 = (x1 << R) | (x1 >> (32 - R)); x1 ^= x0;
#define CORNU_ROUNDS_A CORNU_ROUND(13) CORNU_ROUND(15) CORNU_ROUND(26) CORNU_ROUND(6)
#define CORNU_ROUNDS_B CORNU_ROUND(17) CORNU_ROUND(29) CORNU_ROUND(16) CORNU_ROUND(24)
    CORNU_ROUNDS_A x0 += k1; x1 += k2 + 1;
    CORNU_ROUNDS_B x0 += k2; x1 += k0 + 2;
    CORNU_ROUNDS_A x0 += k0; x1 += k1 + 3;
    CORNU_ROUNDS_B x0 += k1; x1 += k2 + 4;
    CORNU_ROUNDS_A x0 += k2; x1 += k0 + 5;
#undef CORNU_ROUNDS_B
#undef CORNU_ROUNDS_A
#undef CORNU_ROUND
    return {x0, x1};
}

// Runs `body(high, low, first index, count)` over stretches in which the counters' high word stays.
template <class Body>
inline void over_counters(uint64_t first, int64_t n, Body body) {
    int64_t done = 0;
    while (done < n) {
        const uint32_t low = uint32_t(first);
        const int64_t room = int64_t(0x100000000LL - low);
        const int64_t count = n - done < room ? n - done : room;
        body(uint32_t(first >> 32), low, done, count);
        first += uint64_t(count);
        done += count;
    }
}
inline void map_fma_scalars(const float* x, float factor, float term, float* y, int64_t n) {
    CORNU_VECTORIZE
    for (int64_t i = 0; i < n; ++i) y[i] = fused(x[i], factor, term);
}
inline void map_threefry_xor32(uint32_t k0, uint32_t k1, uint64_t first, uint32_t* out, int64_t n) {
    over_counters(first, n, [=](uint32_t high, uint32_t low, int64_t at, int64_t count) {
        CORNU_VECTORIZE
        for (int64_t i = 0; i < count; ++i) {
            const Words words = threefry(k0, k1, high, low + uint32_t(i));
            out[at + i] = words.high ^ words.low;
        }
    });
}
inline void map_threefry_64(uint32_t k0, uint32_t k1, uint64_t first, uint64_t* out, int64_t n) {
    over_counters(first, n, [=](uint32_t high, uint32_t low, int64_t at, int64_t count) {
        CORNU_VECTORIZE
        for (int64_t i = 0; i < count; ++i) {
            const Words words = threefry(k0, k1, high, low + uint32_t(i));
            out[at + i] = (uint64_t(words.high) << 32) | words.low;
        }
    });
}

}  // namespace cornu::native::SIMD_NAMESPACE
