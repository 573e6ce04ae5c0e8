// RMSprop: gradients over the root of a running mean of their squares.
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct RMSpropConfig {
    LearningRate learning_rate = 0.001;
    double rho = 0.9;                        // how slowly the mean follows
    double momentum = 0.0;
    double epsilon = 1e-7;
    bool centered = false;                   // over the variance instead
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    static void describe(Schema<RMSpropConfig>& s);
};

class CORNU_API RMSprop : public Optimizer {
public:
    explicit RMSprop(RMSpropConfig config = {});
};

}  // namespace cornu::optimizers
