// Branch-free float32 functions, written so that a loop over them vectorises. Included by the
// vectorised translation units only, into their own namespace. Coefficients are minimax fits
// (iteratively reweighted least squares in double precision).
#pragma once

#include <cstdint>

#define CORNU_INLINE inline __attribute__((always_inline))

namespace cornu::native::SIMD_NAMESPACE {

CORNU_INLINE int32_t bits_of(float x) { return __builtin_bit_cast(int32_t, x); }
CORNU_INLINE float float_of(int32_t i) { return __builtin_bit_cast(float, i); }
CORNU_INLINE float abs_of(float x) { return float_of(bits_of(x) & 0x7fffffff); }
CORNU_INLINE float sign_from(float magnitude, float sign) {
    return float_of((bits_of(magnitude) & 0x7fffffff) | (bits_of(sign) & int32_t(0x80000000)));
}
constexpr float infinity = __builtin_inff();
constexpr float quiet_nan = __builtin_nanf("");

// Adding and taking away 1.5 * 2^23 rounds to the nearest integer, half to even, for |x| < 2^22.
constexpr float round_magic = 12582912.f;

struct Reduced {
    float r;  // x - n * ln 2, in about [-0.35, 0.35]
    int32_t n;
};
CORNU_INLINE Reduced reduce_ln2(float x) {
    const float shifted = x * 1.44269504f + round_magic;
    const float n = shifted - round_magic;
    const float r = (x - n * 0.693145752f) - n * 1.42860677e-6f;
    return {r, bits_of(shifted) - bits_of(round_magic)};
}
CORNU_INLINE float power_of_two(int32_t n) { return float_of((n + 127) << 23); }

// expm1 on the reduced range.
CORNU_INLINE float expm1_reduced(float r) {
    float q = 1.98412698e-4f;
    q = q * r + 1.38888889e-3f;
    q = q * r + 8.33333333e-3f;
    q = q * r + 4.16666667e-2f;
    q = q * r + 1.66666667e-1f;
    q = q * r + 0.5f;
    return q * (r * r) + r;
}

CORNU_INLINE float exp_of(float x) {
    x = x < -104.f ? -104.f : x;
    x = x > 89.f ? 89.f : x;
    const Reduced e = reduce_ln2(x);
    const float p = 1.f + expm1_reduced(e.r);
    const int32_t half = e.n >> 1;  // in two steps, so that subnormal results and infinity come out
    return p * power_of_two(half) * power_of_two(e.n - half);
}

// For 0 <= |x| well below overflow.
CORNU_INLINE float expm1_bounded(float x) {
    const Reduced e = reduce_ln2(x);
    const float scale = power_of_two(e.n);
    return scale * expm1_reduced(e.r) + (scale - 1.f);
}
CORNU_INLINE float expm1_of(float x) {
    float bounded = x < -30.f ? -30.f : x;
    bounded = bounded > 60.f ? 60.f : bounded;
    const float small = expm1_bounded(bounded);
    // -0 is kept: scale * -0 + 0 would lose the sign.
    return x > 60.f ? exp_of(x) : (x == 0.f ? x : small);
}

// The logarithm of a normal positive number times 2^-shift.
CORNU_INLINE float log_normal(float x, float shift) {
    // Splits into m * 2^e with m in [sqrt(1/2), sqrt(2)).
    const int32_t i = int32_t(uint32_t(bits_of(x)) - 0x3f3504f3u);  // wraps if not positive
    const float e = float(i >> 23) - shift;
    const float f = float_of((i & 0x007fffff) + 0x3f3504f3) - 1.f;
    float q = 6.746601239e-02f;
    q = q * f - 1.167564127e-01f;
    q = q * f + 1.188817462e-01f;
    q = q * f - 1.240559143e-01f;
    q = q * f + 1.421955091e-01f;
    q = q * f - 1.666799567e-01f;
    q = q * f + 2.000211873e-01f;
    q = q * f - 2.500000960e-01f;
    q = q * f + 3.333331260e-01f;
    const float z = f * f;
    float y = q * f * z;
    y = y - e * 2.12194440e-4f;
    y = y - 0.5f * z;
    return (f + y) + e * 0.693359375f;
}

CORNU_INLINE float log_of(float x) {
    const bool subnormal = x < 1.17549435e-38f;
    float result = log_normal(subnormal ? x * 8388608.f : x, subnormal ? 23.f : 0.f);
    result = x == infinity ? infinity : result;
    result = x == 0.f ? -infinity : result;
    return x >= 0.f ? result : quiet_nan;
}

CORNU_INLINE float log1p_of(float x) {
    const float u = 1.f + x;
    const float correction = (x - (u - 1.f)) / u;  // what rounding 1 + x lost
    const float result = log_of(u) + correction;
    return x == infinity || x == 0.f ? x : (u == 0.f ? -infinity : result);
}

CORNU_INLINE float tanh_of(float x) {
    float a = abs_of(x);
    a = a > 10.f ? 10.f : a;
    const float em = expm1_bounded(a + a);
    const float t = sign_from(em / (em + 2.f), x);
    return x != x ? x : t;
}

CORNU_INLINE float sigmoid_of(float x) { return 1.f / (1.f + exp_of(-x)); }

CORNU_INLINE float erf_of(float x) {
    const float t = abs_of(x), s = x * x;
    float p = 8.370097535e-05f;
    p = p * s - 8.142703516e-04f;
    p = p * s + 5.201032210e-03f;
    p = p * s - 2.685939822e-02f;
    p = p * s + 1.128369549e-01f;
    p = p * s - 3.761263373e-01f;
    p = p * s + 1.283791666e-01f;
    const float small = x * p + x;
    const float c = t > 4.f ? 4.f : t;  // erf(4) rounds to 1
    float q = 1.130382116e-05f;         // log(erfc(c)) = -c - c * q(c)
    q = q * c - 3.235292966e-04f;
    q = q * c + 3.645407015e-03f;
    q = q * c - 2.376829422e-02f;
    q = q * c + 1.062441074e-01f;
    q = q * c + 6.351469478e-01f;
    q = q * c + 1.286495652e-01f;
    const float large = sign_from(1.f - exp_of(-(c * q) - c), x);
    return t > 0.921875f ? large : small;  // NaN falls through to `small`, which is NaN
}

// sin(x + quarter * pi / 2) for |x| up to about 2^19; larger ones are the caller's to patch.
constexpr float trig_limit = 5e5f;
CORNU_INLINE float sin_shifted(float x, int32_t quarter) {
    constexpr double magic = 6755399441055744.0;  // 1.5 * 2^52
    const double wide = x;
    const double n = (wide * 0.63661977236758134 + magic) - magic;
    // pi / 2 in two parts, the first of 33 bits: n times it is exact.
    const float r = float((wide - n * 1.57079632673412561417) - n * 6.07710050650619224932e-11);
    const int32_t q = int32_t(x > -trig_limit && x < trig_limit ? n : 0.0) + quarter;
    const float s = r * r;
    float sine = 1.181998226e-06f;
    sine = sine * s - 1.965688641e-04f;
    sine = sine * s + 8.332675607e-03f;
    sine = sine * s - 1.666665998e-01f;
    sine = sine * (s * r) + r;
    float cosine = -2.674276028e-07f;
    cosine = cosine * s + 2.479333935e-05f;
    cosine = cosine * s - 1.388885795e-03f;
    cosine = cosine * s + 4.166666629e-02f;
    cosine = cosine * (s * s) + (1.f - 0.5f * s);
    const float value = (q & 1) != 0 ? cosine : sine;
    const float result = float_of(bits_of(value) ^ ((q & 2) << 30));
    return x == 0.f && quarter == 0 ? x : result;  // the sign of zero
}

CORNU_INLINE float round_of(float x) {
    const float a = abs_of(x);
    const float rounded = sign_from((a + 8388608.f) - 8388608.f, x);
    return a < 8388608.f ? rounded : x;
}
CORNU_INLINE float floor_of(float x) {
    const float r = round_of(x);
    return sign_from(r > x ? r - 1.f : r, x);
}
CORNU_INLINE float ceil_of(float x) {
    const float r = round_of(x);
    return sign_from(r < x ? r + 1.f : r, x);
}
CORNU_INLINE float trunc_of(float x) { return sign_from(floor_of(abs_of(x)), x); }

CORNU_INLINE float softplus_of(float x) {
    const float a = abs_of(x);
    const float z = exp_of(-a), u = 1.f + z;  // log1p(z) without its special cases
    return (x < 0.f ? 0.f : x) + (log_normal(u, 0.f) + (z - (u - 1.f)) / u);
}
// With t = 1 / (1 + |x| / 2): t * exp(-x^2 + a polynomial in t), after Numerical Recipes' erfcc. The
// square is taken of the upper half of x, so that the large exponent has no rounding.
CORNU_INLINE float erfc_of(float x) {
    const float a = abs_of(x) < 16.f ? abs_of(x) : 16.f, t = 1.f / (1.f + 0.5f * a);  // 0 from 11 on
    float q = 0.17087277f;
    q = q * t - 0.82215223f;
    q = q * t + 1.48851587f;
    q = q * t - 1.13520398f;
    q = q * t + 0.27886807f;
    q = q * t - 0.18628806f;
    q = q * t + 0.09678418f;
    q = q * t + 0.37409196f;
    q = q * t + 1.00002368f;
    q = q * t - 1.26551223f;
    const float upper = float_of(bits_of(a) & ~0xfff);
    const float tail = t * exp_of(-upper * upper) * exp_of(q - (a - upper) * (a + upper));
    // Near zero the difference from 1 is the better known.
    return a < 0.5f ? 1.f - erf_of(x) : x < 0.f ? 2.f - tail : x != x ? x : tail;
}
CORNU_INLINE float gelu_of(float x) { return 0.5f * x * (1.f + erf_of(x * 0.707106781f)); }
CORNU_INLINE float gelu_tanh_of(float x) {
    return 0.5f * x * (1.f + tanh_of(0.797884561f * (x + 0.044715f * x * x * x)));
}
CORNU_INLINE float gelu_slope(float x) {
    return 0.5f * (1.f + erf_of(x * 0.707106781f)) + x * 0.398942280f * exp_of(-0.5f * x * x);
}

// x^y for finite x > 0 and finite y, through double so that the logarithm keeps enough digits.
CORNU_INLINE float pow_positive(float x, float y) {
    const double wide = x;  // never subnormal as a double
    const int64_t i = int64_t(__builtin_bit_cast(uint64_t, wide) - 0x3fe6a09e667f3bcdULL);
    // int64 -> double by the magic number: few machines convert 64-bit integers in vectors.
    constexpr double magic = 6755399441055744.0;
    const int64_t e_bits = (i >> 52) + __builtin_bit_cast(int64_t, magic);
    const double e = __builtin_bit_cast(double, e_bits) - magic;
    const double m = __builtin_bit_cast(double, (i & 0x000fffffffffffffLL) + 0x3fe6a09e667f3bcdLL);
    const double f = (m - 1.0) / (m + 1.0), s = f * f;  // log m = 2 atanh f
    double a = 2.0 / 13;
    a = a * s + 2.0 / 11;
    a = a * s + 2.0 / 9;
    a = a * s + 2.0 / 7;
    a = a * s + 2.0 / 5;
    a = a * s + 2.0 / 3;
    a = a * s + 2.0;
    double t = double(y) * (e + a * f * 1.4426950408889634);
    t = t < -160.0 ? -160.0 : t;
    t = t > 130.0 ? 130.0 : t;
    const double shifted = t + magic;
    const double r = (t - (shifted - magic)) * 0.6931471805599453;
    double p = 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    const int64_t n = __builtin_bit_cast(int64_t, shifted) - __builtin_bit_cast(int64_t, magic);
    return float(p * __builtin_bit_cast(double, (n + 1023) << 52));
}

}  // namespace cornu::native::SIMD_NAMESPACE
