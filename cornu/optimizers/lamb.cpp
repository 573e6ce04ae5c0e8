#include "cornu/optimizers/lamb.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/optimizers/options_impl.h"

namespace cornu::optimizers {

namespace {

Tensor norm(const Tensor& x) { return ops::sqrt(ops::sum(ops::square(x))); }

class CustomLamb final : public ConfiguredOptimizer<LambConfig> {
public:
    explicit CustomLamb(LambConfig config) : ConfiguredOptimizer("Lamb", std::move(config)) {}
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        slots_ = add_slots(variables, {"momentum", "velocity"});
    }
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        const Tensor step = ops::cast(iterations() + 1, variable.dtype());
        const Tensor mean = slots_[0][index].value() + (gradient - slots_[0][index].value()) * (1 - config_.beta_1);
        const Tensor squares = slots_[1][index].value() + (ops::square(gradient) - slots_[1][index].value()) * (1 - config_.beta_2);
        assign(slots_[0][index], mean);
        assign(slots_[1][index], squares);
        // Factors first: a number divides faster than ten million do.
        const Tensor now = mean * (1.0 / (1.0 - ops::power(Tensor(config_.beta_1), step)));
        const Tensor update = now / (ops::sqrt(squares * (1.0 / (1.0 - ops::power(Tensor(config_.beta_2), step)))) + config_.epsilon);
        const Tensor size = norm(variable.value()), length = norm(update);
        const Tensor both = ops::logical_and(ops::greater(size, 0.0), ops::greater(length, 0.0));
        const Tensor ratio = ops::where(both, size / ops::where(both, length, 1.0), 1.0);
        assign(variable, variable.value() - ratio * learning_rate * update);
    }

private:
    std::vector<Variables> slots_;
};

}  // namespace

void LambConfig::describe(Schema<LambConfig>& s) {
    describe_options(s);
    s.field<&LambConfig::beta_1>("how slowly the mean of gradients follows").between(0, 1);
    s.field<&LambConfig::beta_2>("how slowly the mean of squares follows").between(0, 1);
    s.field<&LambConfig::epsilon>("keeps the divisor from 0");
}

Lamb::Lamb(LambConfig config) : Optimizer(std::make_shared<CustomLamb>(std::move(config))) {}

}  // namespace cornu::optimizers
