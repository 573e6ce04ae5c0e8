// InputSpec: what a layer's input must be like, checked before each call so that the error names
// the layer and the rule.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cornu/tensor/structure.h"

namespace cornu {

struct InputSpec {
    OptionalDType dtype = {};
    std::optional<Shape> shape = {};              // unknown dimensions match any
    std::optional<int64_t> ndim = {}, min_ndim = {}, max_ndim = {};
    std::map<int64_t, int64_t> axes = {};         // axis (negative: from the end) → size
    bool optional = false;                        // may be undefined
};

// Throws ValueError in Keras's words when an input breaks its rule. No specs: nothing is checked.
CORNU_API void check_inputs(const std::vector<InputSpec>& specs, const Structure& inputs, const std::string& layer_name);

}  // namespace cornu
