#include "cornu/optimizers/lion.h"

#include "cornu/ops/elementwise.h"
#include "cornu/optimizers/options_impl.h"

namespace cornu::optimizers {

namespace {

class CustomLion final : public ConfiguredOptimizer<LionConfig> {
public:
    explicit CustomLion(LionConfig config) : ConfiguredOptimizer("Lion", std::move(config)) {}
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        momentums_ = add_slots(variables, {"momentum"})[0];
    }
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        const Tensor momentum = momentums_[index].value();
        assign(variable, variable.value() - learning_rate * ops::sign(momentum * config_.beta_1 + gradient * (1.0 - config_.beta_1)));
        assign(momentums_[index], momentum * config_.beta_2 + gradient * (1.0 - config_.beta_2));
    }

private:
    Variables momentums_;
};

}  // namespace

void LionConfig::describe(Schema<LionConfig>& s) {
    describe_options(s);
    s.field<&LionConfig::beta_1>("how much momentum is in a step").positive().between(0, 1);
    s.field<&LionConfig::beta_2>("how slowly the momentum follows").between(0, 1);
}

Lion::Lion(LionConfig config) : Optimizer(std::make_shared<CustomLion>(std::move(config))) {}

}  // namespace cornu::optimizers
