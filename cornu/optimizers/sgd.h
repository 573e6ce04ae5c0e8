// Gradient descent, with momentum (Nesterov's too) when asked for.
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct SGDConfig {
    LearningRate learning_rate = 0.01;
    double momentum = 0.0;                   // how much of the last step goes into the next
    bool nesterov = false;                   // look ahead by the momentum
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    static void describe(Schema<SGDConfig>& s);
};

class CORNU_API SGD : public Optimizer {
public:
    explicit SGD(SGDConfig config = {});
};

}  // namespace cornu::optimizers
