// Adagrad: gradients over the root of the sum of their squares.
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct AdagradConfig {
    LearningRate learning_rate = 0.001;
    double initial_accumulator_value = 0.1;
    double epsilon = 1e-7;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    static void describe(Schema<AdagradConfig>& s);
};

class CORNU_API Adagrad : public Optimizer {
public:
    explicit Adagrad(AdagradConfig config = {});
};

}  // namespace cornu::optimizers
