#include "cornu/optimizers/optimizer.h"

#include <regex>

#include "cornu/base/log.h"
#include "cornu/base/naming.h"
#include "cornu/ops/apply.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/reduction.h"
#include "cornu/optimizers/catalogue.h"
#include "cornu/optimizers/options_impl.h"
#include "cornu/optimizers/registry.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

// State is made outside of whatever step is being traced.
Variable make_variable(Tensor value, std::string name, const std::string& scope) {
    return Variable(std::move(value), {.name = name, .trainable = false, .path = scope + "/" + name});
}

Tensor clip_by_norm(const Tensor& gradient, double limit) {
    const Tensor squares = ops::sum(ops::square(gradient));
    const Tensor some = ops::greater(squares, 0.0);
    const Tensor norm = ops::where(some, ops::sqrt(ops::where(some, squares, ops::ones_like(squares))), squares);
    return gradient * limit / ops::maximum(norm, limit);
}

}  // namespace

CustomOptimizer::CustomOptimizer(std::string class_name, LearningRate learning_rate, OptimizerOptions options)
    : class_name_(std::move(class_name)), learning_rate_(std::move(learning_rate)), options_(std::move(options)) {
    const auto refuse = [&](const std::string& message) { throw ValueError(str("[optimizers.", class_name_, "] ", message)); };
    const int limits = int(options_.clipnorm.has_value()) + int(options_.clipvalue.has_value()) + int(options_.global_clipnorm.has_value());
    if (limits > 1) {
        const auto show = [](const std::optional<double>& v) { return v ? str(*v) : std::string("None"); };
        refuse(str("only one of clipnorm, clipvalue and global_clipnorm can be set. Received: clipnorm=", show(options_.clipnorm),
                   ", clipvalue=", show(options_.clipvalue), ", global_clipnorm=", show(options_.global_clipnorm)));
    }
    if (options_.gradient_accumulation_steps && *options_.gradient_accumulation_steps < 2)
        refuse(str("gradient_accumulation_steps must be an integer >= 2. Received: gradient_accumulation_steps=", *options_.gradient_accumulation_steps));
    if (options_.use_ema && (options_.ema_momentum < 0 || options_.ema_momentum > 1))
        refuse(str("ema_momentum must lie in [0, 1]. Received: ema_momentum=", options_.ema_momentum));
    if (options_.use_ema && options_.ema_overwrite_frequency && *options_.ema_overwrite_frequency < 1)
        refuse(str("ema_overwrite_frequency must be an integer >= 1. Received: ema_overwrite_frequency=", *options_.ema_overwrite_frequency));

    Context& context = Context::current();
    if (options_.name.empty()) options_.name = context.unique_name(utils::to_snake_case(class_name_));
    const StateScopePause pause;
    const UseMode eagerly(nullptr);
    iterations_ = make_variable(Tensor::full({}, 0, DType::int32), "iteration", options_.name);
    variables_.push_back(iterations_);
    if (learning_rate_.schedule()) return;
    rate_ = make_variable(Tensor::full({}, learning_rate_.value(), context.floatx()), "learning_rate", options_.name);
    variables_.push_back(rate_);
}

Variable CustomOptimizer::add_slot(const Variable& reference, const std::string& name, double initial) {
    std::string stem = reference.path();
    std::replace(stem.begin(), stem.end(), '/', '_');
    return add_variable(stem + "_" + name, reference.shape(), reference.dtype(), initial);
}

Variable CustomOptimizer::add_variable(const std::string& name, const Shape& shape, DType dtype, double initial) {
    const StateScopePause pause;
    const UseMode eagerly(nullptr);
    const Unheard unheard;
    Variable variable = make_variable(Tensor::full(shape, initial, dtype), name, options_.name);
    variables_.push_back(variable);
    return variable;
}

Variable CustomOptimizer::add_own(const std::string& path, DType dtype, double initial) {
    const StateScopePause pause;
    const UseMode eagerly(nullptr);
    const Unheard unheard;
    Variable own(Tensor::full({}, initial, dtype), {.name = path, .trainable = false, .path = path});
    variables_.push_back(own);
    return own;
}

std::vector<Variables> CustomOptimizer::add_slots(const Variables& references, const std::vector<std::string>& names,
                                                  const std::vector<double>& initial) {
    std::vector<Variables> slots(names.size());
    for (const Variable& reference : references)
        for (size_t i = 0; i < names.size(); ++i)
            slots[i].push_back(reference.options().overwrite_with_gradient
                                   ? Variable()
                                   : add_slot(reference, names[i], i < initial.size() ? initial[i] : 0));
    return slots;
}

void CustomOptimizer::build(const Variables& variables) {
    if (options_.use_ema) averages_ = add_slots(variables, {"average"})[0];
    if (options_.gradient_accumulation_steps)
        for (const Variable& variable : variables) accumulators_.push_back(add_slot(variable, "gradient_accumulator"));
    trained_ = variables;
    built_ = true;
}

Tensor CustomOptimizer::iterations() const {
    const Tensor steps = iterations_.value();
    return options_.gradient_accumulation_steps ? ops::floor_divide(steps, *options_.gradient_accumulation_steps) : steps;
}

Tensor CustomOptimizer::current_learning_rate() const {
    if (learning_rate_.schedule()) return (*learning_rate_.schedule())(iterations_.value());
    return rate_.value();
}

void CustomOptimizer::set_learning_rate(double rate) {
    if (learning_rate_.schedule())
        throw ValueError(str("[optimizers.", class_name(), " \"", name(), "\"] a schedule decides its learning rate, which therefore cannot be set. "
                             "Make the optimizer with a number instead. Received: learning_rate=", rate));
    rate_.assign(Tensor::full({}, rate, rate_.dtype()));
}

Json CustomOptimizer::finished(Json config) const {
    config.set("name", options_.name);
    if (!learning_rate_.schedule()) config.set("learning_rate", rate_.stored().item<double>());
    if (config.contains("loss_scale_factor")) config.set("loss_scale_factor", Codec<std::optional<double>>::encode(options_.loss_scale_factor));
    return config;
}

Json CustomOptimizer::get_config() const {
    const OptimizerOptions& o = options_;
    return finished(to_json(optimizers::PlainConfig{learning_rate_, o.weight_decay, o.clipnorm, o.clipvalue, o.global_clipnorm, o.use_ema, o.ema_momentum,
                                                    o.ema_overwrite_frequency, o.loss_scale_factor, o.gradient_accumulation_steps, o.name}));
}

void CustomOptimizer::assign(Variable variable, const Tensor& value) {
    variable.assign(value.dtype() == variable.dtype() ? value : ops::cast(value, variable.dtype()));
}

size_t CustomOptimizer::index_of(const Variable& variable) const {
    for (size_t i = 0; i < trained_.size(); ++i)
        if (trained_[i].id() == variable.id()) return i;
    throw ValueError(str("[optimizers.", class_name(), " \"", name(), "\"] an optimizer takes the variables that it was built with; "
                         "make a new one for others. Received: ", variable.path()));
}

Tensor CustomOptimizer::scale_loss(const Tensor& loss) const {
    return options_.loss_scale_factor ? loss * *options_.loss_scale_factor : loss;
}

void CustomOptimizer::exclude_from_weight_decay(const Variables& variables, const std::vector<std::string>& words) {
    if (built_) throw ValueError(str("[optimizers.", class_name(), " \"", name(), "\"] exclude_from_weight_decay comes before the optimizer is built."));
    for (const std::string& word : words) optimizers::found_in({word}, "");  // refuses what is no expression
    undecayed_ = variables;
    undecayed_words_ = words;
}

bool CustomOptimizer::excluded_from_weight_decay(const Variable& variable) const {
    return std::any_of(undecayed_.begin(), undecayed_.end(), [&](const Variable& v) { return v.id() == variable.id(); }) ||
           optimizers::found_in(undecayed_words_, variable.name());
}

std::optional<double> CustomOptimizer::weight_decay_of(const Variable& variable) const {
    return excluded_from_weight_decay(variable) ? std::nullopt : options_.weight_decay;
}

void CustomOptimizer::decay(const Variables& variables) {
    Tensor rate;
    for (const Variable& variable : variables) {
        const std::optional<double> share = weight_decay_of(variable);
        if (!share) continue;
        if (!rate.defined()) rate = current_learning_rate();
        const Tensor value = variable.value();
        assign(variable, value - value * *share * ops::cast(rate, variable.dtype()));
    }
}

Tensors CustomOptimizer::clipped(const Tensors& gradients) const {
    Tensors out = gradients;
    if (options_.clipnorm && *options_.clipnorm > 0) {
        for (Tensor& g : out) g = clip_by_norm(g, *options_.clipnorm);
    } else if (options_.global_clipnorm && *options_.global_clipnorm > 0) {
        Tensor squares;
        for (const Tensor& g : out) squares = squares.defined() ? squares + ops::sum(ops::square(g)) : ops::sum(ops::square(g));
        const Tensor norm = ops::sqrt(squares);
        // norm - norm is 0, or NaN when the norm is not finite: then nothing may pass for a gradient.
        const Tensor scale = *options_.global_clipnorm * ops::minimum(1.0 / norm, 1.0 / *options_.global_clipnorm) + (norm - norm);
        for (Tensor& g : out) g = g * scale;
    } else if (options_.clipvalue && *options_.clipvalue > 0) {
        for (Tensor& g : out) g = ops::clip(g, -*options_.clipvalue, *options_.clipvalue);
    }
    return out;
}

void CustomOptimizer::update(const Tensors& gradients, const Variables& variables) {
    const Tensors ready = clipped(gradients);
    decay(variables);
    begin_step();
    const Tensor rate = current_learning_rate();
    for (size_t i = 0; i < variables.size(); ++i) {
        const DType dtype = variables[i].dtype();
        update_step(ops::cast(ready[i], dtype), variables[i], ops::cast(rate, dtype), index_of(variables[i]));
    }
}

// Every step computes the update and keeps it only when the last of a round came: no branch, so that
// one graph serves all steps.
void CustomOptimizer::update_accumulated(const Tensors& gradients, const Variables& variables) {
    const int64_t steps = *options_.gradient_accumulation_steps;
    const Tensor last = ops::equal(ops::mod(iterations_.value() + 1, steps), 0);
    Tensors values, state, sums, means;
    for (const Variable& variable : variables) values.push_back(variable.value());
    for (const Variable& variable : variables_) state.push_back(variable.value());
    for (size_t i = 0; i < gradients.size(); ++i) {
        const Tensor sum = gradients[i] + accumulators_[index_of(variables[i])].value();
        sums.push_back(ops::where(last, ops::zeros_like(sum), sum));
        means.push_back(ops::where(last, sum / static_cast<double>(steps), gradients[i]));
    }
    update(means, variables);
    for (size_t i = 0; i < variables.size(); ++i) assign(variables[i], ops::where(last, variables[i].value(), values[i]));
    for (size_t i = 0; i < variables_.size(); ++i) {
        const Tensor now = variables_[i].value();
        if (now.id() != state[i].id()) assign(variables_[i], ops::where(last, now, state[i]));
    }
    for (size_t i = 0; i < variables.size(); ++i) assign(accumulators_[index_of(variables[i])], sums[i]);
}

void CustomOptimizer::update_averages() {
    const Tensor later = ops::not_equal(iterations(), 0);
    Tensor overwrite;
    if (options_.ema_overwrite_frequency)
        overwrite = ops::equal(ops::mod(iterations() + 1, *options_.ema_overwrite_frequency), 0);
    for (size_t i = 0; i < trained_.size(); ++i) {
        if (!averages_[i].defined()) continue;
        const Tensor value = trained_[i].value();
        const Tensor momentum = ops::cast(later, value.dtype()) * options_.ema_momentum;  // 0 at first
        const Tensor average = momentum * averages_[i].value() + (1.0 - momentum) * value;
        assign(averages_[i], average);
        if (overwrite.defined()) assign(trained_[i], ops::where(overwrite, average, value));
    }
}

void CustomOptimizer::finalize_variable_values(const Variables& variables) {
    if (!options_.use_ema || !built_) return;
    for (Variable variable : variables) {
        const Variable& average = averages_[index_of(variable)];
        if (average.defined()) variable.assign(average.value().with_new_identity());
    }
}

void CustomOptimizer::apply(const Tensors& all_gradients, const Variables& all_variables) {
    if (all_gradients.empty()) return;
    if (all_gradients.size() != all_variables.size())
        throw ValueError(str("[optimizers.", class_name(), " \"", name(), "\"] one gradient per variable is needed. Received: ",
                             all_gradients.size(), " gradients for ", all_variables.size(), " variables"));
    if (!built_) build(all_variables);
    Tensors gradients;
    Variables variables;
    std::string missing;
    for (size_t i = 0; i < all_gradients.size(); ++i) {
        index_of(all_variables[i]);
        if (!all_gradients[i].defined()) {
            missing += (missing.empty() ? "" : ", ") + all_variables[i].path();
        } else if (all_variables[i].options().overwrite_with_gradient) {
            assign(all_variables[i], all_gradients[i]);
        } else {
            gradients.push_back(all_gradients[i]);
            variables.push_back(all_variables[i]);
        }
    }
    if (gradients.empty() && !missing.empty())
        throw ValueError(str("[optimizers.", class_name(), " \"", name(), "\"] no gradients provided for any variable: nothing that the loss depends on is trained. Received: variables ", missing));
    if (!missing.empty())
        log_once("gradients:" + missing, LogLevel::warning,
                 str("gradients do not exist for variables ", missing, " when minimizing the loss."));
    if (!gradients.empty()) {
        if (options_.loss_scale_factor)
            for (Tensor& g : gradients) g = g / *options_.loss_scale_factor;
        if (options_.gradient_accumulation_steps) update_accumulated(gradients, variables);
        else update(gradients, variables);
        if (options_.use_ema) update_averages();
        for (const Variable& variable : variables)
            if (variable.options().constraint) assign(variable, variable.options().constraint(variable.value()));
    }
    count_step();
}

void CustomOptimizer::count_step() { iterations_.assign(iterations_.value() + 1); }

namespace optimizers {

std::pair<LearningRate, OptimizerOptions> read_options(const Json& config, std::string_view what) {
    const PlainConfig plain = from_json<PlainConfig>(config, what);
    return {plain.learning_rate, options_of(plain)};
}

bool found_in(const std::vector<std::string>& expressions, const std::string& text) {
    // Without look-back every search takes time in proportion to the text, whatever a file says.
#ifdef __GLIBCXX__
    constexpr auto syntax = std::regex::ECMAScript | std::regex_constants::__polynomial;
#else
    constexpr auto syntax = std::regex::ECMAScript;
#endif
    for (const std::string& expression : expressions) {
        if (expression.size() > 1000)
            throw ValueError(str("a regular expression for names of variables must not exceed 1000 characters. Received: ", expression.size()));
        try {
            if (std::regex_search(text, std::regex(expression, syntax))) return true;
        } catch (const std::regex_error& error) {
            throw ValueError(str("names of variables are looked for by regular expressions. Received: \"", expression, "\" (", error.what(), ")"));
        }
    }
    return false;
}

}  // namespace optimizers

// ---- the handle ----

Optimizer::Optimizer(const std::string& name) : impl_(optimizers::make_optimizer(SerializedObject{.class_name = name})) {}

CustomOptimizer& Optimizer::impl() const {
    if (!impl_) throw ValueError("an empty optimizer handle was used.");
    return *impl_;
}

void Optimizer::build(const Variables& variables) const {
    if (!impl().built()) impl().build(variables);
}
void Optimizer::apply_gradients(const Tensors& gradients, const Variables& variables) const { impl().apply(gradients, variables); }
void Optimizer::apply(const Tensors& gradients) const {
    if (!impl().built()) throw ValueError(str("[optimizers.", impl().class_name(), " \"", name(), "\"] build(variables) comes before apply(gradients)."));
    impl().apply(gradients, impl().trained());
}
double Optimizer::learning_rate() const { return impl().current_learning_rate().item<double>(); }
void Optimizer::set_learning_rate(double rate) const { impl().set_learning_rate(rate); }

Json Codec<Optimizer>::encode(const Optimizer& v) {
    if (!v.defined()) return {};
    return write_object_of(optimizers::all_optimizers(), "keras.optimizers", v.impl());
}
void Codec<Optimizer>::decode(const Json& j, Optimizer& v) {
    v = j.is_null() ? Optimizer() : Optimizer(optimizers::make_optimizer(read_object(j, "an optimizer")));
}

}  // namespace cornu
