// Lamb: Adam's step in proportion to the size of each variable, for large batches (You et al., 2019).
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct LambConfig {
    LearningRate learning_rate = 0.001;
    double beta_1 = 0.9, beta_2 = 0.999;
    double epsilon = 1e-7;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    static void describe(Schema<LambConfig>& s);
};

class CORNU_API Lamb : public Optimizer {
public:
    explicit Lamb(LambConfig config = {});
};

}  // namespace cornu::optimizers
