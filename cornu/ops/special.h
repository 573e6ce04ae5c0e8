// Element-wise functions less often met: roots, angles, Bessel, steps, remainders, bits of floats.
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::ops {

CORNU_API Tensor cbrt(const Tensor& x);
CORNU_API Tensor deg2rad(const Tensor& x);
CORNU_API Tensor rad2deg(const Tensor& x);
CORNU_API Tensor hypot(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor i0(const Tensor& x);                                // modified Bessel function, first kind, order 0
CORNU_API Tensor sinc(const Tensor& x);                              // sin(pi x) / (pi x)
CORNU_API Tensor logaddexp2(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor ldexp(const Tensor& x1, const Tensor& x2);          // x1 * 2^x2; x2 holds integers
CORNU_API Tensor heaviside(const Tensor& x1, const Tensor& x2);      // x2 where x1 is 0
CORNU_API Tensor divide_no_nan(const Tensor& x1, const Tensor& x2);  // 0 where x2 is 0
CORNU_API Tensor fabs(const Tensor& x);                              // integers become floatx
CORNU_API Tensor fmod(const Tensor& x1, const Tensor& x2);           // the sign of x1, as in C
CORNU_API Tensor fmax(const Tensor& x1, const Tensor& x2);           // NaN loses
CORNU_API Tensor fmin(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor gcd(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor lcm(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor nextafter(const Tensor& x1, const Tensor& x2);      // the float after x1 on the way to x2
CORNU_API Tensor signbit(const Tensor& x);                           // true for -0.0 too

}  // namespace cornu::ops
