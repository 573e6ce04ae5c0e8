// The one comparison of numbers: close at t means |a - b| ≤ t·|b| + t·max|b|.
#pragma once

#include <string>

#include "cornu/tensor/tensor.h"

namespace cornu::testing {

struct Near {
    bool ok = true;
    double excess = 0;         // the greatest |a - b| / (|b| + max|b|): what t would have to be
    std::string message = {};  // what differs most, and where; empty when ok
    explicit operator bool() const { return ok; }
};

// Shapes must agree; dtypes may not. Equal infinities are close, as are two NaNs.
CORNU_API Near near(const Tensor& actual, const Tensor& expected, double t);

}  // namespace cornu::testing
