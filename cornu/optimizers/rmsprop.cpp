#include "cornu/optimizers/rmsprop.h"

#include "cornu/ops/elementwise.h"
#include "cornu/optimizers/options_impl.h"

namespace cornu::optimizers {

namespace {

class CustomRMSprop final : public ConfiguredOptimizer<RMSpropConfig> {
public:
    explicit CustomRMSprop(RMSpropConfig config) : ConfiguredOptimizer("RMSprop", std::move(config)) {}
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        velocities_ = add_slots(variables, {"velocity"})[0];
        if (config_.momentum > 0) momentums_ = add_slots(variables, {"momentum"})[0];
        if (config_.centered) averages_ = add_slots(variables, {"average_gradient"})[0];
    }
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        const double rho = config_.rho;
        const Tensor velocity = rho * velocities_[index].value() + (1 - rho) * ops::square(gradient);
        assign(velocities_[index], velocity);
        Tensor divisor = velocity;
        if (config_.centered) {
            const Tensor average = rho * averages_[index].value() + (1 - rho) * gradient;
            assign(averages_[index], average);
            divisor = velocity - ops::square(average);
        }
        Tensor step = learning_rate * gradient / ops::sqrt(divisor + config_.epsilon);
        if (config_.momentum > 0) {
            step = config_.momentum * momentums_[index].value() + step;
            assign(momentums_[index], step);
        }
        assign(variable, variable.value() - step);
    }

private:
    Variables velocities_, momentums_, averages_;
};

}  // namespace

void RMSpropConfig::describe(Schema<RMSpropConfig>& s) {
    describe_options(s);
    s.field<&RMSpropConfig::rho>("how slowly the mean follows").between(0, 1);
    s.field<&RMSpropConfig::momentum>("how much of the last step goes into the next").between(0, 1);
    s.field<&RMSpropConfig::epsilon>("keeps the divisor from 0");
    s.field<&RMSpropConfig::centered>("divide by the variance");
}

RMSprop::RMSprop(RMSpropConfig config) : Optimizer(std::make_shared<CustomRMSprop>(std::move(config))) {}

}  // namespace cornu::optimizers
