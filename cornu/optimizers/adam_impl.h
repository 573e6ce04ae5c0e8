// The update that Adam and AdamW share; they differ in defaults and names alone.
#pragma once

#include "cornu/ops/elementwise.h"
#include "cornu/optimizers/options_impl.h"

namespace cornu::optimizers {

template <class Config>
class AdamUpdate final : public ConfiguredOptimizer<Config> {
public:
    AdamUpdate(const char* class_name, Config config) : ConfiguredOptimizer<Config>(class_name, std::move(config)) {}
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        slots_ = this->add_slots(variables, {"momentum", "velocity"});
        if (this->config_.amsgrad) largest_ = this->add_slots(variables, {"velocity_hat"})[0];
    }
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        const Config& c = this->config_;
        const Tensor step = ops::cast(this->iterations() + 1, variable.dtype());
        const Tensor power_1 = ops::power(Tensor(c.beta_1), step), power_2 = ops::power(Tensor(c.beta_2), step);
        const Tensor alpha = learning_rate * ops::sqrt(1.0 - power_2) / (1.0 - power_1);
        const Tensor m = slots_[0][index].value(), v = slots_[1][index].value();
        const Tensor mean = m + (gradient - m) * (1 - c.beta_1);
        const Tensor squares = v + (ops::square(gradient) - v) * (1 - c.beta_2);
        this->assign(slots_[0][index], mean);
        this->assign(slots_[1][index], squares);
        Tensor divisor = squares;
        if (c.amsgrad) {
            divisor = ops::maximum(largest_[index].value(), squares);
            this->assign(largest_[index], divisor);
        }
        this->assign(variable, variable.value() - mean * alpha / (ops::sqrt(divisor) + c.epsilon));
    }

private:
    std::vector<Variables> slots_;
    Variables largest_;
};

template <class Config>
void describe_adam(Schema<Config>& s) {
    describe_options(s);
    s.template field<&Config::beta_1>("how slowly the mean of gradients follows").between(0, 1);
    s.template field<&Config::beta_2>("how slowly the mean of squares follows").between(0, 1);
    s.template field<&Config::epsilon>("keeps the divisor from 0");
    s.template field<&Config::amsgrad>("divide by the largest mean of squares so far");
}

}  // namespace cornu::optimizers
