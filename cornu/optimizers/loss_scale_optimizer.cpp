#include "cornu/optimizers/loss_scale_optimizer.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/reduction.h"
#include "cornu/optimizers/wrapper_impl.h"

namespace cornu::optimizers {

namespace {

class CustomLossScaleOptimizer final : public WrapperOptimizer {
public:
    explicit CustomLossScaleOptimizer(LossScaleOptimizerConfig config)
        : WrapperOptimizer("LossScaleOptimizer", {.name = config.name}), config_(std::move(config)) {
        validate(config_, "optimizers.LossScaleOptimizer");
        wrap(config_.inner_optimizer.get(), "inner_optimizer", {});
    }
    void build(const Variables& variables) override {
        counter_ = add_variable("step_counter", {}, DType::int32);
        scale_ = add_variable("dynamic_scale", {}, DType::float32, config_.initial_scale);
        inner_optimizer().build(variables);
        WrapperOptimizer::build(variables);
    }
    void apply(const Tensors& gradients, const Variables& variables_given) override {
        if (gradients.empty()) return;
        if (!built()) build(variables_given);
        Tensors unscaled;
        Tensor finite = Tensor(true);
        const Tensor scale = scale_.value();
        for (size_t i = 0; i < gradients.size(); ++i) {
            const Tensor& g = gradients[i];
            const bool as_it_is = !g.defined() || (i < variables_given.size() && variables_given[i].options().overwrite_with_gradient);
            unscaled.push_back(as_it_is ? g : g / ops::cast(scale, g.dtype()));
            if (g.defined()) finite = ops::logical_and(finite, ops::all(ops::isfinite(g)));
        }
        // The step is always computed and kept only when it is good: no branch, so that one graph
        // serves all steps.
        Variables state = variables_given;
        const Variables& slots = inner_optimizer().variables();
        state.insert(state.end(), slots.begin(), slots.end());
        Tensors before;
        for (const Variable& variable : state) before.push_back(variable.value());
        inner_optimizer().apply(unscaled, variables_given);
        for (size_t i = 0; i < state.size(); ++i) {
            const Tensor now = state[i].value();
            if (now.id() != before[i].id()) assign(state[i], ops::where(finite, now, before[i]));
        }
        const Tensor count = counter_.value();
        const Tensor grow = ops::logical_and(finite, ops::equal(count, config_.dynamic_growth_steps - 1));
        assign(counter_, ops::where(ops::logical_and(finite, ops::logical_not(grow)), count + 1, 0));
        assign(scale_, scale * ops::where(finite, ops::where(grow, 2.0, 1.0), 0.5));
    }
    Tensor scale_loss(const Tensor& loss) const override {
        return built() ? loss * ops::cast(scale_.value(), loss.dtype()) : loss * config_.initial_scale;
    }
    void set_loss_scale_factor(std::optional<double> factor) override {
        if (factor) throw ValueError(str("[optimizers.LossScaleOptimizer \"", name(), "\"] it finds its scale itself. Received: loss_scale_factor=", *factor));
    }
    Tensor current_learning_rate() const override { return inner_optimizer().current_learning_rate(); }
    void set_learning_rate(double rate) override { inner_optimizer().set_learning_rate(rate); }
    Tensor iterations() const override { return inner_optimizer().iterations(); }
    Json get_config() const override {
        Json config = to_json(config_);
        config.set("name", name());
        return config;
    }

private:
    CustomOptimizer& inner_optimizer() const { return config_.inner_optimizer.get().impl(); }
    LossScaleOptimizerConfig config_;
    Variable counter_, scale_;
};

}  // namespace

void LossScaleOptimizerConfig::describe(Schema<LossScaleOptimizerConfig>& s) {
    s.field<&LossScaleOptimizerConfig::name>("the optimizer's name");
    s.field<&LossScaleOptimizerConfig::inner_optimizer>("the optimizer that moves the variables");
    s.field<&LossScaleOptimizerConfig::initial_scale>("what the loss is scaled by at first").positive();
    s.field<&LossScaleOptimizerConfig::dynamic_growth_steps>("after how many good steps the scale doubles").positive();
}

LossScaleOptimizer::LossScaleOptimizer(LossScaleOptimizerConfig config)
    : Optimizer(std::make_shared<CustomLossScaleOptimizer>(std::move(config))) {}

}  // namespace cornu::optimizers
