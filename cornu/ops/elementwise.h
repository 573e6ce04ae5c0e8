// Element-wise ops: arithmetic, powers and exponentials, rounding, comparison, logic, selection.
// Shapes broadcast as in NumPy; dtypes promote as in Keras.
#pragma once

#include "cornu/ops/apply.h"
#include "cornu/tensor/variable.h"

namespace cornu::ops {

CORNU_API Tensor add(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor subtract(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor multiply(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor divide(const Tensor& x1, const Tensor& x2);        // integers become floatx
inline Tensor true_divide(const Tensor& x1, const Tensor& x2) { return divide(x1, x2); }
CORNU_API Tensor power(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor maximum(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor minimum(const Tensor& x1, const Tensor& x2);

CORNU_API Tensor negative(const Tensor& x);
CORNU_API Tensor abs(const Tensor& x);
inline Tensor absolute(const Tensor& x) { return abs(x); }
CORNU_API Tensor sign(const Tensor& x);
CORNU_API Tensor square(const Tensor& x);
CORNU_API Tensor sqrt(const Tensor& x);
CORNU_API Tensor rsqrt(const Tensor& x);
CORNU_API Tensor exp(const Tensor& x);
CORNU_API Tensor expm1(const Tensor& x);
CORNU_API Tensor log(const Tensor& x);
CORNU_API Tensor log1p(const Tensor& x);
CORNU_API Tensor tanh(const Tensor& x);
CORNU_API Tensor floor(const Tensor& x);

CORNU_API Tensor equal(const Tensor& x1, const Tensor& x2);         // comparisons give bool
CORNU_API Tensor not_equal(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor greater(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor greater_equal(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor less(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor less_equal(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor logical_and(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor logical_or(const Tensor& x1, const Tensor& x2);
CORNU_API Tensor logical_not(const Tensor& x);

CORNU_API Tensor where(const Tensor& condition, const Tensor& x1, const Tensor& x2);
CORNU_API Tensor cast(const Tensor& x, DType dtype);
inline Tensor cast(const Tensor& x, const char* dtype) { return cast(x, parse_dtype(dtype)); }
CORNU_API Tensor stop_gradient(const Tensor& x);

}  // namespace cornu::ops

namespace cornu {
inline Tensor operator+(const Tensor& a, const Tensor& b) { return ops::add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return ops::subtract(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return ops::multiply(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return ops::divide(a, b); }
inline Tensor operator-(const Tensor& a) { return ops::negative(a); }
inline Tensor operator<(const Tensor& a, const Tensor& b) { return ops::less(a, b); }
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return ops::less_equal(a, b); }
inline Tensor operator>(const Tensor& a, const Tensor& b) { return ops::greater(a, b); }
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return ops::greater_equal(a, b); }
}  // namespace cornu
