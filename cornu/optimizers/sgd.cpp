#include "cornu/optimizers/sgd.h"

#include "cornu/ops/elementwise.h"
#include "cornu/optimizers/options_impl.h"

namespace cornu::optimizers {

namespace {

class CustomSGD final : public ConfiguredOptimizer<SGDConfig> {
public:
    explicit CustomSGD(SGDConfig config) : ConfiguredOptimizer("SGD", std::move(config)) {}
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        if (config_.momentum != 0) momentums_ = add_slots(variables, {"momentum"})[0];
    }
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        const Tensor step = gradient * learning_rate;
        if (config_.momentum == 0) return assign(variable, variable.value() - step);
        const Tensor momentum = momentums_[index].value() * config_.momentum - step;
        assign(momentums_[index], momentum);
        assign(variable, variable.value() + (config_.nesterov ? momentum * config_.momentum - step : momentum));
    }

private:
    Variables momentums_;
};

}  // namespace

void SGDConfig::describe(Schema<SGDConfig>& s) {
    describe_options(s);
    s.field<&SGDConfig::momentum>("how much of the last step goes into the next").between(0, 1);
    s.field<&SGDConfig::nesterov>("look ahead by the momentum");
}

SGD::SGD(SGDConfig config) : Optimizer(std::make_shared<CustomSGD>(std::move(config))) {}

}  // namespace cornu::optimizers
