// The inverse error function, in the manner of simd_math.h.
#pragma once

#include "cornu/backends/native/kernels/simd_math.h"

namespace cornu::native::SIMD_NAMESPACE {

// a * b + c, rounded once where the machine has an instruction for it.
CORNU_INLINE float fused(float a, float b, float c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

// A polynomial, highest coefficient first. Recursive, because a loop in a loop does not vectorise.
template <int at = 1, int count>
CORNU_INLINE float horner(const float (&coefficients)[count], float x, float p) {
    if constexpr (at == count)
        return p;
    else
        return horner<at + 1>(coefficients, x, fused(p, x, coefficients[at]));
}
template <int count>
CORNU_INLINE float horner(const float (&coefficients)[count], float x) {
    return horner<1>(coefficients, x, coefficients[0]);
}
// The first polynomial or the second.
template <int at = 0, int count>
CORNU_INLINE float horner_of(bool first, const float (&a)[count], const float (&b)[count], float x,
                             float p = 0.f) {
    if constexpr (at == count)
        return p;
    else
        return horner_of<at + 1>(first, a, b, x, fused(p, x, first ? a[at] : b[at]));
}

// XLA's inverse error function, operation by operation (as in random/host_draws.cpp), so that normal
// draws are JAX's bit for bit: Giles's polynomials in log1p(-x * x), which is Cephes's.
CORNU_INLINE float erfinv_of(float x) {
    constexpr float near_numerator[] = {4.5270000862445199635215E-5f, 4.9854102823193375972212E-1f,
                                        6.5787325942061044846969E0f,  2.9911919328553073277375E1f,
                                        6.0949667980987787057556E1f,  5.7112963590585538103336E1f,
                                        2.0039553499201281259648E1f};
    constexpr float near_denominator[] = {1.f, 1.5062909083469192043167E1f, 8.3047565967967209469434E1f,
                                          2.2176239823732856465394E2f, 3.0909872225312059774938E2f,
                                          2.1642788614495947685003E2f, 6.0118660497603843919306E1f};
    constexpr float log_a[] = {7.0376836292E-2f, -1.1514610310E-1f, 1.1676998740E-1f},
                    log_b[] = {-1.2420140846E-1f, 1.4249322787E-1f, -1.6668057665E-1f},
                    log_c[] = {2.0000714765E-1f, -2.4999993993E-1f, 3.3333331174E-1f};
    constexpr float central[] = {2.81022636e-08f,  3.43273939e-07f,   -3.5233877e-06f,
                                 -4.39150654e-06f, 0.00021858087f,    -0.00125372503f,
                                 -0.00417768164f,  0.246640727f,      1.50140941f};
    constexpr float tail[] = {-0.000200214257f, 0.000100950558f, 0.00134934322f,
                              -0.00367342844f,  0.00573950773f,  -0.0076224613f,
                              0.00943887047f,   1.00167406f,     2.83297682f};
    const float t = fused(-x, x, 0.f);  // rounded: 1 + t must not be contracted to one step
    const float square = t * t;
    const float quotient = horner(near_numerator, t) / horner(near_denominator, t);
    const float near = t + fused(-0.5f, square, t * square * quotient);

    const int32_t word = bits_of(1.f + t);
    const float half = float_of((word & 0x007fffff) | 0x3f000000);  // in [0.5, 1)
    const bool low = half < 0.707106781186547524f;
    const float e = float((word >> 23) - 126) - (low ? 1.f : 0.f);
    const float m = (half - 1.f) + (low ? half : 0.f);
    const float m2 = m * m, m3 = m2 * m;
    const float series = fused(fused(horner(log_a, m), m3, horner(log_b, m)), m3, horner(log_c, m));
    const float small = fused(series, m3, -2.12194440e-4f * e);
    const float far = fused(0.693359375f, e, fused(-0.5f, m2, m) + small);

    const float w = -(abs_of(t) < 0.41421356237309504880f ? near : far);
    const bool inner = w < 5.f;
    const float z = inner ? w - 2.5f : __builtin_sqrtf(w) - 3.f;
    const float p = horner_of(inner, central, tail, z);
    const float edge = abs_of(x) == 1.f ? x * infinity : quiet_nan;
    return abs_of(x) < 1.f ? x * p : edge;
}

}  // namespace cornu::native::SIMD_NAMESPACE
