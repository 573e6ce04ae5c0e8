// Sequences of numbers at growing distances. The values are computed in double and rounded once.
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::ops {

// base^start … base^stop, evenly spaced exponents.
CORNU_API Tensor logspace(double start, double stop, int64_t num = 50, bool endpoint = true, double base = 10, OptionalDType dtype = {});
// start … stop, each the same multiple of the one before. Throws ValueError when an end is 0 or the signs differ.
CORNU_API Tensor geomspace(double start, double stop, int64_t num = 50, bool endpoint = true, OptionalDType dtype = {});

}  // namespace cornu::ops
