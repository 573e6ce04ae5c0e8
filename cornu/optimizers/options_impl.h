// The options that all optimizers share, for configs that list them: described and read in one place.
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

// Whether one of these regular expressions is found in the text. Throws ValueError for one that is none.
bool found_in(const std::vector<std::string>& expressions, const std::string& text);

// In the order in which Keras writes them.
template <class C>
void describe_options(Schema<C>& s) {
    s.template field<&C::name>("the optimizer's name");
    s.template field<&C::learning_rate>("a number or a schedule");
    s.template field<&C::weight_decay>("how much of a variable, times the rate, goes each step");
    s.template field<&C::clipnorm>("the most that the norm of each gradient may be");
    s.template field<&C::global_clipnorm>("the most that the norm of all gradients together may be");
    s.template field<&C::clipvalue>("the most that each element of a gradient may be");
    s.template field<&C::use_ema>("keep running averages of the variables");
    s.template field<&C::ema_momentum>("how slowly averages follow");
    s.template field<&C::ema_overwrite_frequency>("after how many steps variables become their averages");
    s.template field<&C::loss_scale_factor>("what the loss is scaled by while gradients are computed");
    s.template field<&C::gradient_accumulation_steps>("how many batches make one update");
}

template <class C>
OptimizerOptions options_of(const C& c) {
    return {c.weight_decay, c.clipnorm, c.clipvalue, c.global_clipnorm, c.use_ema, c.ema_momentum,
            c.ema_overwrite_frequency, c.loss_scale_factor, c.gradient_accumulation_steps, c.name};
}

// The config of an optimizer that has no settings of its own.
struct PlainConfig {
    LearningRate learning_rate = 0.001;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {}, clipvalue = {}, global_clipnorm = {};
    bool use_ema = false;
    double ema_momentum = 0.99;
    std::optional<int64_t> ema_overwrite_frequency = {};
    std::optional<double> loss_scale_factor = {};
    std::optional<int64_t> gradient_accumulation_steps = {};
    std::string name = {};
    static void describe(Schema<PlainConfig>& s) { describe_options(s); }
};

// An optimizer with a config.
template <class Config>
class ConfiguredOptimizer : public CustomOptimizer {
public:
    Json get_config() const override { return finished(to_json(config_)); }

protected:
    ConfiguredOptimizer(const char* class_name, Config config)
        : CustomOptimizer(class_name, config.learning_rate, options_of(config)), config_(std::move(config)) {
        validate(config_, str("optimizers.", class_name));
    }
    Config config_;
};

}  // namespace cornu::optimizers
