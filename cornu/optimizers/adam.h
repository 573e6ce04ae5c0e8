// Adam: steps by running means of gradients and of their squares (Kingma and Ba, 2014).
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct AdamConfig {
    LearningRate learning_rate = 0.001;
    double beta_1 = 0.9, beta_2 = 0.999;     // how slowly the means follow
    double epsilon = 1e-7;
    bool amsgrad = false;                    // the largest mean of squares so far
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    static void describe(Schema<AdamConfig>& s);
};

class CORNU_API Adam : public Optimizer {
public:
    explicit Adam(AdamConfig config = {});
};

}  // namespace cornu::optimizers
