// 64-bit arithmetic that cannot wrap: nothing is allocated or addressed by an unchecked product.
#pragma once

#include <cstdint>

#include "cornu/base/error.h"

namespace cornu {

template <class T>
bool multiply_overflows(T a, T b, T* out) { return __builtin_mul_overflow(a, b, out); }
template <class T>
bool add_overflows(T a, T b, T* out) { return __builtin_add_overflow(a, b, out); }

template <class T>
T checked_multiply(T a, T b) {
    T out;
    if (multiply_overflows(a, b, &out)) throw ValueError(str("the size ", a, " x ", b, " is too large."));
    return out;
}
template <class T>
T checked_add(T a, T b) {
    T out;
    if (add_overflows(a, b, &out)) throw ValueError(str("the size ", a, " + ", b, " is too large."));
    return out;
}

}  // namespace cornu
