#include "cornu/optimizers/adagrad.h"

#include "cornu/ops/elementwise.h"
#include "cornu/optimizers/options_impl.h"

namespace cornu::optimizers {

namespace {

class CustomAdagrad final : public ConfiguredOptimizer<AdagradConfig> {
public:
    explicit CustomAdagrad(AdagradConfig config) : ConfiguredOptimizer("Adagrad", std::move(config)) {}
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        accumulators_ = add_slots(variables, {"accumulator"}, {config_.initial_accumulator_value})[0];
    }
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        const Tensor sum = accumulators_[index].value() + ops::square(gradient);
        assign(accumulators_[index], sum);
        assign(variable, variable.value() - learning_rate * gradient / ops::sqrt(sum + config_.epsilon));
    }

private:
    Variables accumulators_;
};

}  // namespace

void AdagradConfig::describe(Schema<AdagradConfig>& s) {
    describe_options(s);
    s.field<&AdagradConfig::initial_accumulator_value>("what the sums start at").non_negative();
    s.field<&AdagradConfig::epsilon>("keeps the divisor from 0");
}

Adagrad::Adagrad(AdagradConfig config) : Optimizer(std::make_shared<CustomAdagrad>(std::move(config))) {}

}  // namespace cornu::optimizers
