// Adadelta: steps in proportion to the steps made before.
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct AdadeltaConfig {
    LearningRate learning_rate = 0.001;
    double rho = 0.95;
    double epsilon = 1e-7;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    static void describe(Schema<AdadeltaConfig>& s);
};

class CORNU_API Adadelta : public Optimizer {
public:
    explicit Adadelta(AdadeltaConfig config = {});
};

}  // namespace cornu::optimizers
