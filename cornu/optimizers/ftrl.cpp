#include "cornu/optimizers/ftrl.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/optimizers/options_impl.h"

namespace cornu::optimizers {

namespace {

class CustomFtrl final : public ConfiguredOptimizer<FtrlConfig> {
public:
    explicit CustomFtrl(FtrlConfig config) : ConfiguredOptimizer("Ftrl", std::move(config)) {}
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        slots_ = add_slots(variables, {"accumulator", "linear"}, {config_.initial_accumulator_value, 0});
    }
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        const Tensor value = variable.value(), old = slots_[0][index].value();
        const Tensor pull = config_.l2_regularization_strength + config_.beta / (2.0 * learning_rate);
        const double shrinkage = config_.l2_shrinkage_regularization_strength, l1 = config_.l1_regularization_strength;
        const Tensor shrunk = shrinkage == 0 ? gradient : gradient + 2 * shrinkage * value;
        const Tensor sum = old + ops::square(gradient);
        const auto raised = [&](const Tensor& x) { return config_.learning_rate_power == -0.5 ? ops::sqrt(x) : ops::power(x, -config_.learning_rate_power); };
        const Tensor slowness = 1.0 / learning_rate;
        const Tensor root = raised(sum) * slowness;
        const Tensor linear = slots_[1][index].value() + shrunk - (root - raised(old) * slowness) * value;
        const Tensor quadratic = root + 2.0 * pull;
        assign(slots_[1][index], linear);
        assign(variable, (l1 == 0 ? -linear : ops::clip(linear, -l1, l1) - linear) / quadratic);
        assign(slots_[0][index], sum);
    }

private:
    std::vector<Variables> slots_;
};

}  // namespace

void FtrlConfig::describe(Schema<FtrlConfig>& s) {
    describe_options(s);
    s.field<&FtrlConfig::learning_rate_power>("how the rate falls with the squares");
    s.field<&FtrlConfig::initial_accumulator_value>("what the sums start at").non_negative();
    s.field<&FtrlConfig::l1_regularization_strength>("pulls to exactly 0").non_negative();
    s.field<&FtrlConfig::l2_regularization_strength>("keeps weights small").non_negative();
    s.field<&FtrlConfig::l2_shrinkage_regularization_strength>("keeps gradients small").non_negative();
    s.field<&FtrlConfig::beta>("added to the root of the squares");
}

Ftrl::Ftrl(FtrlConfig config) : Optimizer(std::make_shared<CustomFtrl>(std::move(config))) {}

}  // namespace cornu::optimizers
