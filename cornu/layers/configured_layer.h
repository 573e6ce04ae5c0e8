// What Cornu's own layers stand on: a layer whose constructor arguments are a config, described once.
#pragma once

#include "cornu/constraints/constraint.h"
#include "cornu/layers/layer.h"
#include "cornu/ops/per_axis.h"

namespace cornu::layers {

// The fields that every layer has; they come first in its config.
template <class Config>
void describe_layer(Schema<Config>& s) {
    s.template field<&Config::name>("Name; made from the class name when empty.");
    s.template field<&Config::trainable>("Whether training changes the weights.");
    s.template field<&Config::dtype>("Dtype or policy; the global policy by default.");
}

// The fields of a kernel and a bias, which come one after the other in Keras's configs.
enum class WhenNull { written, omitted };
template <class Config>
void describe_kernel_and_bias(Schema<Config>& s, WhenNull activity_regularizer = WhenNull::written) {
    s.template field<&Config::kernel_initializer>("How the kernel starts.");
    s.template field<&Config::bias_initializer>("How the bias starts.");
    s.template field<&Config::kernel_regularizer>("Penalty on the kernel.");
    s.template field<&Config::bias_regularizer>("Penalty on the bias.");
    auto activity = s.template field<&Config::activity_regularizer>("Penalty on the output.");
    if (activity_regularizer == WhenNull::omitted) activity.omit_null();
    s.template field<&Config::kernel_constraint>("What the kernel is kept to.");
    s.template field<&Config::bias_constraint>("What the bias is kept to.");
}

// Keras draws the seeds of unseeded initializers in the constructor, in the order of arguments.
template <class... Initializers>
void resolve(Initializers&... initializers) { (initializers.resolve(), ...); }

// Keras's argument checks, in its words. `standardize` gives one number per axis.
CORNU_API void standardize(PerAxis& value, int64_t axes, const char* name, bool allow_zero = false);
CORNU_API void standardize_data_format(std::string& data_format);
CORNU_API void standardize_padding(std::string& padding, bool allow_causal = false);

// Throws UnsupportedError unless null.
CORNU_API void refuse_quantization(const Json& quantization_config);

// What ConfiguredLayer does that needs no template: name and options; the config as the layer is now.
CORNU_API void start_layer(CustomLayer& layer, std::string& name, DTypePolicy& dtype, bool trainable, const Regularizer& activity_regularizer);
CORNU_API Json finish_config(const CustomLayer& layer, Json config);

// Everything of a layer with a config but its behaviour. Base: CustomLayer, or a kind of it.
template <class ConfigType, class Base = CustomLayer>
class ConfiguredLayer : public Base {
public:
    using Config = ConfigType;
    ConfiguredLayer(const char* class_name, Config config) : config_(std::move(config)), class_name_(class_name) {
        validate(config_, label());
        if constexpr (requires { config_.activity_regularizer; } && !requires { Config::sublayers_regularize_activity; })
            start_layer(*this, config_.name, config_.dtype, config_.trainable, config_.activity_regularizer);
        else start_layer(*this, config_.name, config_.dtype, config_.trainable, {});
    }
    std::string class_name() const final { return class_name_; }
    Json get_config() const override { return finish_config(*this, to_json(config_)); }
    const Config& config() const { return config_; }

protected:
    std::string label() const { return str("layers.", class_name_); }
    Config config_;

private:
    const char* class_name_;
};

}  // namespace cornu::layers
