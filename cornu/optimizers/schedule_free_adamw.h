// AdamW whose averaging takes a schedule's place: no decay needs planning (Defazio et al., 2024).
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct ScheduleFreeAdamWConfig {
    LearningRate learning_rate = 0.0025;
    double beta_1 = 0.9, beta_2 = 0.999;
    double epsilon = 1e-8;
    int64_t warmup_steps = 0;                // the rate grows linearly over so many
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    static void describe(Schema<ScheduleFreeAdamWConfig>& s);
};

class CORNU_API ScheduleFreeAdamW : public Optimizer {
public:
    explicit ScheduleFreeAdamW(ScheduleFreeAdamWConfig config = {});
};

}  // namespace cornu::optimizers
