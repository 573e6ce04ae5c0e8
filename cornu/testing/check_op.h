// Checks of an op's record against what an engine does, and of derivatives against differences. They
// report what is wrong as text, so that any test framework, or none, can use them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cornu/backend/backend.h"
#include "cornu/ops/op.h"

namespace cornu::testing {

using Function = std::function<Tensors(const Tensors&)>;

struct GradientOptions {
    int order = 2;              // derivatives of derivatives up to this one
    double step = 1e-5;         // of the central difference
    double tolerance = 1e-6;    // of the two inner products, by their sum of absolute terms
    uint64_t seed = 1;
};
// Compares the change of fn along a random direction with what its gradient says, for float64
// inputs and outputs; others stay as they are. Returns what is wrong, or nothing.
CORNU_API std::string check_gradients(const Function& fn, const Tensors& inputs, const GradientOptions& options = {});

// Reproducible inputs for a call, from the op's domain.
CORNU_API Tensors sample_inputs(const Op& op, const Specs& specs, uint64_t seed = 1);
// The calls that an op is tested with: its own, or for element-wise ops shapes that broadcast, are
// empty, of size 1 and odd.
CORNU_API std::vector<OpSample> samples_of(const Op& op);

struct OpReport {
    std::vector<std::string> failures;       // "sample 2 (float64(3, 4)): traced: element …"
    std::vector<DType> unsupported;          // dtypes that the rule accepts and the engine refuses
    int checks = 0;
};
// For each sample and dtype: the rule is the real result's shape and dtype; eager, traced and
// compiled whole agree; other dtypes agree with float64; derivatives of order 1 and 2; wrong calls
// are refused with an error.
CORNU_API OpReport check_op(const Op& op, Backend& backend);

}  // namespace cornu::testing
