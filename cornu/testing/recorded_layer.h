// A layer against what Keras recorded of it: config, weights, predictions, gradients, training.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cornu/testing/golden.h"

namespace cornu::testing {

// Loads the model of a case of tests/golden/layers.zip and runs it as Keras did. Returns one line for
// each thing that differs: the configs written back, names and values of weights, predictions (close at 1e-5, or at twice what Keras misses float64 by), gradients of the
// inputs, outputs and state in training, losses and weights after three steps of SGD (1e-4).
// `prepare` is called in the context of the check, for what must be registered there.
CORNU_API std::vector<std::string> check_recorded_layer(const Golden& golden, const Json& recorded, const std::function<void()>& prepare = {});

}  // namespace cornu::testing
