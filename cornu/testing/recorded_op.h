// Outputs of an op against those that Keras recorded.
#pragma once

#include <string>
#include <vector>

#include "cornu/ops/op.h"
#include "cornu/testing/golden.h"

namespace cornu::testing {

// `recorded` is a case with `outputs` and `reference` (docs/golden.md, family ops). One line for each
// output that differs by more than 1e-6 (element-wise ops), 1e-5 (others), a few steps of a narrow type,
// or twice what Keras itself misses float64 by. 64-bit results meet those that JAX narrowed.
CORNU_API std::vector<std::string> check_recorded_outputs(const Op& op, const Tensors& ours, const Golden& golden, const Json& recorded);

}  // namespace cornu::testing
