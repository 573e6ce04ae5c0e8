#include "cornu/optimizers/adafactor.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/optimizers/options_impl.h"

namespace cornu::optimizers {

namespace {

Tensor root_mean_square(const Tensor& x) { return ops::sqrt(ops::mean(ops::square(x))); }

class CustomAdafactor final : public ConfiguredOptimizer<AdafactorConfig> {
public:
    explicit CustomAdafactor(AdafactorConfig config) : ConfiguredOptimizer("Adafactor", std::move(config)) {}
    void build(const Variables& variables) override {
        CustomOptimizer::build(variables);
        for (const Variable& variable : variables) {
            const Shape& shape = variable.shape();
            const bool overwritten = variable.options().overwrite_with_gradient;
            if (shape.rank() < 2) {  // Keras keeps two scalars that nobody uses in the place of rows and columns
                rows_.push_back(add_own(variable.name(), DType::int32, 0));
                columns_.push_back(add_own(variable.name(), DType::int32, 0));
            } else if (overwritten) {
                rows_.emplace_back();
                columns_.emplace_back();
            } else {
                Shape rows(std::vector<int64_t>(shape.begin(), shape.end() - 1)), columns(std::vector<int64_t>(shape.begin(), shape.end() - 2));
                columns.push_back(shape.back());
                rows_.push_back(add_variable(variable.name(), rows, variable.dtype()));
                columns_.push_back(add_variable(variable.name(), columns, variable.dtype()));
            }
            velocities_.push_back(overwritten ? Variable() : add_slot(variable, "velocity"));
        }
    }
    void update_step(const Tensor& gradient, Variable variable, const Tensor& learning_rate, size_t index) override {
        const Tensor step = ops::cast(iterations() + 1, variable.dtype());
        // A given rate and the relative step are both limits: the smaller one counts.
        const Tensor rate = ops::minimum(learning_rate, 1.0 / ops::sqrt(step));
        const Tensor alpha = ops::maximum(config_.epsilon_2, root_mean_square(variable.value())) * rate;
        const Tensor squares = ops::square(gradient) + config_.epsilon_1;
        const Tensor beta = 1.0 - ops::power(step, config_.beta_2_decay);
        Tensor velocity;
        if (variable.shape().rank() < 2) {
            velocity = beta * velocities_[index].value() + (1.0 - beta) * squares;
        } else {
            const Tensor rows = beta * rows_[index].value() + (1.0 - beta) * ops::mean(squares, -1);
            const Tensor columns = beta * columns_[index].value() + (1.0 - beta) * ops::mean(squares, -2);
            assign(rows_[index], rows);
            assign(columns_[index], columns);
            velocity = ops::expand_dims(rows / ops::mean(rows, -1, true), -1) * ops::expand_dims(columns, -2);
        }
        assign(velocities_[index], velocity);
        const Tensor update = gradient / ops::sqrt(velocity);
        const Tensor limited = update / ops::maximum(1.0, root_mean_square(update) / config_.clip_threshold);
        assign(variable, variable.value() - alpha * limited);
    }

private:
    Variables rows_, columns_, velocities_;
};

}  // namespace

void AdafactorConfig::describe(Schema<AdafactorConfig>& s) {
    describe_options(s);
    s.field<&AdafactorConfig::beta_2_decay>("the mean of squares follows as 1 - step ^ beta_2_decay");
    s.field<&AdafactorConfig::epsilon_1>("added to squares");
    s.field<&AdafactorConfig::epsilon_2>("the least size of a variable");
    s.field<&AdafactorConfig::clip_threshold>("the most that the root mean square of an update may be").positive();
    s.field<&AdafactorConfig::relative_step>("the rate is at most 1 / sqrt(step)");
}

Adafactor::Adafactor(AdafactorConfig config) : Optimizer(std::make_shared<CustomAdafactor>(std::move(config))) {}

}  // namespace cornu::optimizers
