// FTRL: follow the regularized leader, for sparse linear models (McMahan et al., 2013).
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct FtrlConfig {
    LearningRate learning_rate = 0.001;
    double learning_rate_power = -0.5;
    double initial_accumulator_value = 0.1;
    double l1_regularization_strength = 0.0;
    double l2_regularization_strength = 0.0;
    double l2_shrinkage_regularization_strength = 0.0;
    double beta = 0.0;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    static void describe(Schema<FtrlConfig>& s);
};

class CORNU_API Ftrl : public Optimizer {
public:
    explicit Ftrl(FtrlConfig config = {});
};

}  // namespace cornu::optimizers
