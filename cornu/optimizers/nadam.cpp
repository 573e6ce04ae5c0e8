#include "cornu/optimizers/nadam.h"

#include "cornu/ops/elementwise.h"
#include "cornu/optimizers/options_impl.h"
#include "cornu/tensor/context.h"

namespace cornu::optimizers {

namespace {

class CustomNadam final : public ConfiguredOptimizer<NadamConfig> {
public:
    explicit CustomNadam(NadamConfig config) : ConfiguredOptimizer("Nadam", std::move(config)) {}
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        slots_ = add_slots(variables, {"momentum", "velocity"});
        product_ = add_own(Context::current().unique_name("variable"), variables.empty() ? DType::float32 : variables[0].dtype(), 1);
    }
    void begin_step() override { assign(product_, product_.value() * warmed(1, product_.dtype())); }
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        const DType dtype = variable.dtype();
        const Tensor now = warmed(1, dtype), next = warmed(2, dtype), product = ops::cast(product_.value(), dtype);
        const Tensor power = ops::power(Tensor(config_.beta_2), ops::cast(iterations() + 1, dtype));
        const Tensor mean = slots_[0][index].value() + (gradient - slots_[0][index].value()) * (1 - config_.beta_1);
        const Tensor squares = slots_[1][index].value() + (ops::square(gradient) - slots_[1][index].value()) * (1 - config_.beta_2);
        assign(slots_[0][index], mean);
        assign(slots_[1][index], squares);
        // Factors first: a number divides faster than ten million do.
        const Tensor ahead = mean * (next / (1.0 - product * next)) + gradient * ((1.0 - now) / (1.0 - product));
        assign(variable, variable.value() - ahead * learning_rate / (ops::sqrt(squares * (1.0 / (1.0 - power))) + config_.epsilon));
    }

private:
    // 0.96 ^ step is the schedule by which the momentum warms up.
    Tensor warmed(int64_t ahead, DType dtype) const {
        return config_.beta_1 * (1.0 - 0.5 * ops::power(Tensor(0.96), ops::cast(iterations() + ahead, dtype)));
    }
    std::vector<Variables> slots_;
    Variable product_;                       // of the momentums so far; Keras gives it no name of its own
};

}  // namespace

void NadamConfig::describe(Schema<NadamConfig>& s) {
    describe_options(s);
    s.field<&NadamConfig::beta_1>("how slowly the mean of gradients follows").between(0, 1);
    s.field<&NadamConfig::beta_2>("how slowly the mean of squares follows").between(0, 1);
    s.field<&NadamConfig::epsilon>("keeps the divisor from 0");
}

Nadam::Nadam(NadamConfig config) : Optimizer(std::make_shared<CustomNadam>(std::move(config))) {}

}  // namespace cornu::optimizers
