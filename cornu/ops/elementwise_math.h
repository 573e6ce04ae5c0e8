// More element-wise ops: trigonometry, error functions, rounding, remainders, bits, tests.
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::ops {

CORNU_API Tensor reciprocal(const Tensor& x);
CORNU_API Tensor exp2(const Tensor& x);
CORNU_API Tensor log2(const Tensor& x);
CORNU_API Tensor log10(const Tensor& x);
CORNU_API Tensor logaddexp(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor sin(const Tensor& x);
CORNU_API Tensor cos(const Tensor& x);
CORNU_API Tensor tan(const Tensor& x);
CORNU_API Tensor arcsin(const Tensor& x);
CORNU_API Tensor arccos(const Tensor& x);
CORNU_API Tensor arctan(const Tensor& x);
CORNU_API Tensor arctan2(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor sinh(const Tensor& x);
CORNU_API Tensor cosh(const Tensor& x);
CORNU_API Tensor arcsinh(const Tensor& x);
CORNU_API Tensor arccosh(const Tensor& x);
CORNU_API Tensor arctanh(const Tensor& x);
CORNU_API Tensor erf(const Tensor& x);
CORNU_API Tensor erfc(const Tensor& x);
CORNU_API Tensor erfinv(const Tensor& x);

CORNU_API Tensor ceil(const Tensor& x);
CORNU_API Tensor round(const Tensor& x, int64_t decimals = 0);  // halves go to the even neighbour
CORNU_API Tensor trunc(const Tensor& x);
CORNU_API Tensor mod(const Tensor& x1, const Tensor& x2);           // the sign of x2, as in Python
CORNU_API Tensor floor_divide(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor clip(const Tensor& x, const Tensor& x_min, const Tensor& x_max);

CORNU_API Tensor isnan(const Tensor& x);
CORNU_API Tensor isinf(const Tensor& x);
CORNU_API Tensor isfinite(const Tensor& x);
CORNU_API Tensor logical_xor(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor bitwise_and(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor bitwise_or(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor bitwise_xor(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor bitwise_not(const Tensor& x);
CORNU_API Tensor left_shift(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor right_shift(const Tensor& x1, const Tensor& x2);   // unsigned types shift in zeros
inline Tensor bitwise_invert(const Tensor& x) { return bitwise_not(x); }
inline Tensor bitwise_left_shift(const Tensor& x1, const Tensor& x2) { return left_shift(x1, x2); }
inline Tensor bitwise_right_shift(const Tensor& x1, const Tensor& x2) { return right_shift(x1, x2); }

}  // namespace cornu::ops

namespace cornu::prim {
CORNU_API Tensor fma(const Tensor& a, const Tensor& b, const Tensor& c);  // a * b + c rounded once, where the engine can
}  // namespace cornu::prim
