#include "cornu/optimizers/adamax.h"

#include "cornu/ops/elementwise.h"
#include "cornu/optimizers/options_impl.h"

namespace cornu::optimizers {

namespace {

class CustomAdamax final : public ConfiguredOptimizer<AdamaxConfig> {
public:
    explicit CustomAdamax(AdamaxConfig config) : ConfiguredOptimizer("Adamax", std::move(config)) {}
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        slots_ = add_slots(variables, {"momentum", "norm"});
    }
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        const Tensor power = ops::power(Tensor(config_.beta_1), ops::cast(iterations() + 1, variable.dtype()));
        const Tensor mean = slots_[0][index].value() + (gradient - slots_[0][index].value()) * (1 - config_.beta_1);
        const Tensor largest = ops::maximum(config_.beta_2 * slots_[1][index].value(), ops::abs(gradient));
        assign(slots_[0][index], mean);
        assign(slots_[1][index], largest);
        assign(variable, variable.value() - learning_rate * mean / ((1.0 - power) * (largest + config_.epsilon)));
    }

private:
    std::vector<Variables> slots_;
};

}  // namespace

void AdamaxConfig::describe(Schema<AdamaxConfig>& s) {
    describe_options(s);
    s.field<&AdamaxConfig::beta_1>("how slowly the mean follows").between(0, 1);
    s.field<&AdamaxConfig::beta_2>("how slowly the largest is forgotten").between(0, 1);
    s.field<&AdamaxConfig::epsilon>("keeps the divisor from 0");
}

Adamax::Adamax(AdamaxConfig config) : Optimizer(std::make_shared<CustomAdamax>(std::move(config))) {}

}  // namespace cornu::optimizers
