// Window functions: weights of x elements that fade out towards both ends, in floatx.
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::ops {

CORNU_API Tensor bartlett(int64_t x);
CORNU_API Tensor blackman(int64_t x);
CORNU_API Tensor hamming(int64_t x);
CORNU_API Tensor hanning(int64_t x);
CORNU_API Tensor kaiser(int64_t x, double beta);

}  // namespace cornu::ops
