#include "cornu/optimizers/muon.h"

#include <algorithm>
#include <cmath>

#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/optimizers/options_impl.h"

namespace cornu::optimizers {

namespace {

class CustomMuon final : public ConfiguredOptimizer<MuonConfig> {
public:
    explicit CustomMuon(MuonConfig config) : ConfiguredOptimizer("Muon", std::move(config)) {
        for (const std::string& expression : config_.exclude_layers) found_in({expression}, "");  // refuses what is none
    }
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        for (const Variable& variable : variables) {
            const bool overwritten = variable.options().overwrite_with_gradient;
            momentums_.push_back(overwritten ? Variable() : add_slot(variable, "momentum"));
            // A velocity says that this variable is AdamW's.
            velocities_.push_back(!overwritten && left_to_adamw(variable) ? add_slot(variable, "velocity") : Variable());
        }
    }
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        if (velocities_[index].defined()) adamw_step(gradient, variable, learning_rate * config_.adam_lr_ratio, index);
        else muon_step(gradient, variable, learning_rate, index);
    }
    std::optional<double> weight_decay_of(const Variable& variable) const override {
        if (excluded_from_weight_decay(variable)) return {};
        return left_to_adamw(variable) ? config_.adam_weight_decay : options().weight_decay;
    }

private:
    bool left_to_adamw(const Variable& variable) const {
        if (variable.shape().rank() != 2) return true;
        std::string path = variable.path();
        if (found_in(config_.exclude_layers, path)) return true;
        std::transform(path.begin(), path.end(), path.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return config_.exclude_embeddings && path.find("embedding") != std::string::npos;
    }
    void adamw_step(const Tensor& gradient, Variable variable, const Tensor& rate, size_t index) {
        const Tensor step = ops::cast(iterations() + 1, variable.dtype());
        const Tensor alpha = rate * ops::sqrt(1.0 - ops::power(Tensor(config_.adam_beta_2), step)) / (1.0 - ops::power(Tensor(config_.adam_beta_1), step));
        const Tensor m = momentums_[index].value(), v = velocities_[index].value();
        const Tensor mean = m + (gradient - m) * (1 - config_.adam_beta_1);
        const Tensor squares = v + (ops::square(gradient) - v) * (1 - config_.adam_beta_2);
        assign(momentums_[index], mean);
        assign(velocities_[index], squares);
        assign(variable, variable.value() - mean * alpha / (ops::sqrt(squares) + config_.epsilon));
    }
    void muon_step(const Tensor& gradient, Variable variable, const Tensor& rate, size_t index) {
        const Tensor momentum = momentums_[index].value() + gradient + momentums_[index].value() * (config_.momentum - 1);
        assign(momentums_[index], momentum);
        Tensor step = rate * orthogonal(config_.nesterov ? gradient + config_.momentum * momentum : momentum);
        const int64_t longer = std::max(variable.shape()[0], variable.shape()[1]);
        if (config_.rms_rate) step = step * std::sqrt(static_cast<double>(longer)) * *config_.rms_rate;
        assign(variable, variable.value() - step);
    }
    // Newton and Schulz's iteration: all singular values come near to 1, singular vectors stay.
    Tensor orthogonal(const Tensor& matrix) const {
        const bool tall = matrix.shape()[0] > matrix.shape()[1];
        Tensor x = tall ? ops::transpose(matrix) : matrix;
        x = x / (ops::sqrt(ops::sum(ops::square(x))) + 1e-7);
        for (int64_t i = 0; i < config_.ns_steps; ++i) {
            const Tensor a = ops::matmul(x, ops::transpose(x));
            x = config_.muon_a * x + ops::matmul(config_.muon_b * a + ops::matmul(config_.muon_c * a, a), x);
        }
        return tall ? ops::transpose(x) : x;
    }
    Variables momentums_, velocities_;
};

}  // namespace

void MuonConfig::describe(Schema<MuonConfig>& s) {
    describe_options(s);
    s.field<&MuonConfig::adam_beta_1>("how slowly AdamW's mean of gradients follows").between(0, 1);
    s.field<&MuonConfig::adam_beta_2>("how slowly AdamW's mean of squares follows").between(0, 1);
    s.field<&MuonConfig::epsilon>("keeps AdamW's divisor from 0");
    s.field<&MuonConfig::exclude_layers>("variables in whose path one of these expressions is found go to AdamW");
    s.field<&MuonConfig::muon_a>("of x in the polynomial");
    s.field<&MuonConfig::muon_b>("of x ^ 3");
    s.field<&MuonConfig::muon_c>("of x ^ 5");
    s.field<&MuonConfig::adam_lr_ratio>("AdamW's rate over Muon's");
    s.field<&MuonConfig::momentum>("how much of the last step goes into the next").between(0, 1);
    s.field<&MuonConfig::ns_steps>("how often the polynomial is applied").non_negative();
    s.field<&MuonConfig::nesterov>("look ahead by the momentum");
    s.field<&MuonConfig::exclude_embeddings>("embeddings go to AdamW");
    s.field<&MuonConfig::adam_weight_decay>("AdamW's weight decay");
    s.field<&MuonConfig::rms_rate>("scales the step by sqrt(the longer side)");
}

Muon::Muon(MuonConfig config) : Optimizer(std::make_shared<CustomMuon>(std::move(config))) {}

}  // namespace cornu::optimizers
