// Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019).
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct AdamWConfig {
    LearningRate learning_rate = 0.001;
    std::optional<double> weight_decay = 0.004;
    double beta_1 = 0.9, beta_2 = 0.999;
    double epsilon = 1e-7;
    bool amsgrad = false;
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    static void describe(Schema<AdamWConfig>& s);
};

class CORNU_API AdamW : public Optimizer {
public:
    explicit AdamW(AdamWConfig config = {});
};

}  // namespace cornu::optimizers
