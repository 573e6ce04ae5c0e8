// Lion: steps by the sign of a mix of gradient and momentum (Chen et al., 2023).
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct LionConfig {
    LearningRate learning_rate = 0.001;
    double beta_1 = 0.9, beta_2 = 0.99;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    static void describe(Schema<LionConfig>& s);
};

class CORNU_API Lion : public Optimizer {
public:
    explicit Lion(LionConfig config = {});
};

}  // namespace cornu::optimizers
