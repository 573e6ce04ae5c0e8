// SwapEMAWeights: evaluates with the running averages of the weights that the optimizer keeps.
#pragma once

#include "cornu/training/callback.h"

namespace cornu::callbacks {

struct SwapEMAWeightsConfig {
    bool swap_on_epoch = false;              // at the end of an epoch too: for callbacks that come after, e.g. ModelCheckpoint
};

// For an optimizer with use_ema = true; throws ValueError otherwise. Before an evaluation (validation
// in fit, evaluate, predict) weights and averages change places, and after it back. (Keras 3.15.1
// forgets to change back after predict.)
class CORNU_API SwapEMAWeights : public Callback {
public:
    explicit SwapEMAWeights(SwapEMAWeightsConfig config = {});
};

}  // namespace cornu::callbacks
