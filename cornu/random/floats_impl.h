// How random bits become floating numbers, as in JAX; for the draws of this room.
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::random {

DType unsigned_of(int bits);
int mantissa(DType dtype);        // bits that are stored; throws DTypeError for what cannot be drawn
double tiny(DType dtype);         // the smallest normal number
DType word_of(DType dtype);       // the type of the bits that a draw of `dtype` needs
Tensor scalar(double value, DType dtype);

Tensor unit_of(const Tensor& bits, DType dtype);                                    // [0, 1), of words of that type
Tensor scaled(const Tensor& unit, const Tensor& minval, const Tensor& maxval);      // [minval, maxval)
Tensor normal_of(const Tensor& unit, DType dtype);

}  // namespace cornu::random
