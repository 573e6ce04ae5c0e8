#include "cornu/optimizers/adadelta.h"

#include "cornu/ops/elementwise.h"
#include "cornu/optimizers/options_impl.h"

namespace cornu::optimizers {

namespace {

class CustomAdadelta final : public ConfiguredOptimizer<AdadeltaConfig> {
public:
    explicit CustomAdadelta(AdadeltaConfig config) : ConfiguredOptimizer("Adadelta", std::move(config)) {}
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        slots_ = add_slots(variables, {"accumulated_grad", "accumulated_delta_var"});
    }
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        const double rho = config_.rho;
        const auto rms = [&](const Tensor& x) { return ops::sqrt(x + config_.epsilon); };
        const Tensor squares = rho * slots_[0][index].value() + (1 - rho) * ops::square(gradient);
        const Tensor steps = slots_[1][index].value();
        const Tensor step = -(rms(steps) * gradient / rms(squares));
        assign(slots_[0][index], squares);
        assign(slots_[1][index], rho * steps + (1 - rho) * ops::square(step));
        assign(variable, variable.value() + learning_rate * step);
    }

private:
    std::vector<Variables> slots_;
};

}  // namespace

void AdadeltaConfig::describe(Schema<AdadeltaConfig>& s) {
    describe_options(s);
    s.field<&AdadeltaConfig::rho>("how slowly the means follow").between(0, 1);
    s.field<&AdadeltaConfig::epsilon>("keeps the divisor from 0");
}

Adadelta::Adadelta(AdadeltaConfig config) : Optimizer(std::make_shared<CustomAdadelta>(std::move(config))) {}

}  // namespace cornu::optimizers
