// A layer against what Keras recorded of it: config, weights, predictions, gradients, training.
#pragma once

#include <string>
#include <vector>

#include "cornu/testing/golden.h"

namespace cornu::testing {

// Builds the layers of a case of tests/golden/layers.zip from their configs and runs them as Keras
// did. Returns one line for each thing that differs: the config it writes back, names and values of
// weights, predictions (close at 1e-5, or at twice what Keras misses float64 by), gradients of the
// inputs, outputs and state in training, losses and weights after three steps of SGD (1e-4).
CORNU_API std::vector<std::string> check_recorded_layer(const Golden& golden, const Json& recorded);

}  // namespace cornu::testing
