// Adafactor: of a matrix only the rows' and columns' mean squares are kept (Shazeer and Stern, 2018).
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct AdafactorConfig {
    LearningRate learning_rate = 0.001;
    double beta_2_decay = -0.8;              // the mean of squares follows as 1 - step ^ beta_2_decay
    double epsilon_1 = 1e-30, epsilon_2 = 1e-3;  // added to squares; the least size of a variable
    double clip_threshold = 1.0;             // the most that the root mean square of an update may be
    bool relative_step = true;               // the rate is at most 1 / sqrt(step)
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    static void describe(Schema<AdafactorConfig>& s);
};

class CORNU_API Adafactor : public Optimizer {
public:
    explicit Adafactor(AdafactorConfig config = {});
};

}  // namespace cornu::optimizers
