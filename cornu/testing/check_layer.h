// One call that takes a layer through everything a layer must do; what is wrong comes back as text,
// so that any test framework, or none, can use it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cornu/layers/layer.h"

namespace cornu::testing {

// What the layer is expected to be like; what is left out is not looked at.
struct LayerExpectations {
    OptionalShape output_shape = {};                  // for the given inputs, batch included; of the only output
    std::optional<size_t> trainable_weights = {};
    std::optional<size_t> non_trainable_weights = {};
    std::optional<size_t> seed_generators = {};
    std::optional<size_t> losses = {};                // of one call in training
    std::optional<bool> supports_masking = {};
    double low = -1, high = 1;                        // inputs are drawn from [low, high)
    bool deterministic = true;                        // the same outputs each time, outside training
    bool gradients = true;                            // differences tell the truth: no kinks, no integers
    bool mixed_precision = true;
    bool training = true;                             // one step of SGD changes every trainable weight
    bool file = true;                                 // its class is registered, so that files can hold it
};

// `make` builds the layer anew with a dtype policy; `inputs` are what one call gets, batch first.
// Checked: shapes and dtypes, eager, symbolic and compiled, on every engine found; counts; masks pass
// through; the config makes the same layer again, and so does a .keras file; gradients against
// differences in float64; mixed_bfloat16 keeps float32 weights; a training step.
CORNU_API std::vector<std::string> check_layer(const std::function<Layer(const DTypePolicy&)>& make, const Specs& inputs,
                                               const LayerExpectations& expected = {});

template <class Handle>
std::vector<std::string> check_layer(const typename Handle::Config& config, const Specs& inputs, const LayerExpectations& expected = {}) {
    return check_layer(
        [&](const DTypePolicy& policy) -> Layer {
            auto own = config;
            if (!policy.is_default()) own.dtype = policy;
            return Handle(own);
        },
        inputs, expected);
}

}  // namespace cornu::testing
