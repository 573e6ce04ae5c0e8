// An optimizer around another one that keeps small gradients of float16 from vanishing: the loss is
// scaled up, gradients back down. A step with infinite or NaN gradients is left out and halves the
// scale; every so many good ones in a row double it.
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct LossScaleOptimizerConfig {
    Required<Optimizer> inner_optimizer;     // its own loss_scale_factor is put out of use
    double initial_scale = 32768.0;
    int64_t dynamic_growth_steps = 2000;
    std::string name = {};
    static void describe(Schema<LossScaleOptimizerConfig>& s);
};

class CORNU_API LossScaleOptimizer : public Optimizer {
public:
    explicit LossScaleOptimizer(LossScaleOptimizerConfig config);
};

}  // namespace cornu::optimizers
