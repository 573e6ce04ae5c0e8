// Muon: momentum made orthogonal for matrices, AdamW for all other variables (Jordan et al., 2024).
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct MuonConfig {
    LearningRate learning_rate = 0.001;
    double adam_beta_1 = 0.9, adam_beta_2 = 0.999;
    std::optional<double> adam_weight_decay = 0.004;
    double epsilon = 1e-7;
    std::optional<double> weight_decay = 0.004;  // of matrices
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    // Regular expressions: variables in whose path one is found go to AdamW, as do embeddings.
    std::vector<std::string> exclude_layers = {};
    bool exclude_embeddings = true;
    double muon_a = 3.4445, muon_b = -4.7750, muon_c = 2.0315;  // of the Newton-Schulz polynomial
    double adam_lr_ratio = 1;                // AdamW's rate over Muon's
    double momentum = 0.95;
    int64_t ns_steps = 5;
    bool nesterov = true;
    std::optional<double> rms_rate = 0.2;    // scales the step by sqrt(the longer side); none: leaves it
    static void describe(Schema<MuonConfig>& s);
};

class CORNU_API Muon : public Optimizer {
public:
    explicit Muon(MuonConfig config = {});
};

}  // namespace cornu::optimizers
