#include "cornu/optimizers/schedule_free_adamw.h"

#include "cornu/ops/apply.h"
#include "cornu/ops/elementwise.h"
#include "cornu/optimizers/options_impl.h"

namespace cornu::optimizers {

namespace {

class CustomScheduleFreeAdamW final : public ConfiguredOptimizer<ScheduleFreeAdamWConfig> {
public:
    explicit CustomScheduleFreeAdamW(ScheduleFreeAdamWConfig config) : ConfiguredOptimizer("ScheduleFreeAdamW", std::move(config)) {}
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        slots_ = add_slots(variables, {"momentum", "velocity"});
        const StateScopePause pause;  // the optimizer may be built in the middle of a step being traced
        for (size_t i = 0; i < variables.size(); ++i)
            if (slots_[0][i].defined()) slots_[0][i].assign(variables[i].stored().with_new_identity());
    }
    // The variable is where gradients are taken: between the fast one (kept as momentum) and the
    // average of the fast ones, which is got back from both.
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        const double beta_1 = config_.beta_1, beta_2 = config_.beta_2;
        const Tensor step = ops::cast(iterations() + 1, variable.dtype());
        Tensor rate = learning_rate;
        if (config_.warmup_steps > 0) rate = rate * ops::minimum(step / static_cast<double>(config_.warmup_steps), 1.0);
        const Tensor fast = slots_[0][index].value();
        const Tensor squares = slots_[1][index].value() + (ops::square(gradient) - slots_[1][index].value()) * (1 - beta_2);
        assign(slots_[1][index], squares);
        const Tensor divisor = ops::sqrt(squares / (1.0 - ops::power(Tensor(beta_2), step))) + config_.epsilon;
        const Tensor faster = fast - rate * gradient / divisor;
        assign(slots_[0][index], faster);
        const Tensor average = (variable.value() - (1 - beta_1) * fast) / beta_1;
        const Tensor weight = 1.0 / step;
        const Tensor next = (1.0 - weight) * average + weight * faster;
        assign(variable, (1 - beta_1) * faster + beta_1 * next);
    }

private:
    std::vector<Variables> slots_;
};

}  // namespace

void ScheduleFreeAdamWConfig::describe(Schema<ScheduleFreeAdamWConfig>& s) {
    describe_options(s);
    s.field<&ScheduleFreeAdamWConfig::beta_1>("how near to the average gradients are taken").between(0, 1).rule([](const Json& beta) -> std::optional<std::string> {
        if (beta.as_double() != 0) return {};
        return "must not be 0: the average would be lost";
    });
    s.field<&ScheduleFreeAdamWConfig::beta_2>("how slowly the mean of squares follows").between(0, 1);
    s.field<&ScheduleFreeAdamWConfig::epsilon>("keeps the divisor from 0");
    s.field<&ScheduleFreeAdamWConfig::warmup_steps>("over how many steps the rate grows").non_negative();
}

ScheduleFreeAdamW::ScheduleFreeAdamW(ScheduleFreeAdamWConfig config) : Optimizer(std::make_shared<CustomScheduleFreeAdamW>(std::move(config))) {}

}  // namespace cornu::optimizers
