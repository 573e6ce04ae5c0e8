#include "cornu/layers/core/activation.h"

namespace cornu::layers {

namespace {

class ActivationLayer final : public ConfiguredLayer<ActivationConfig> {
public:
    explicit ActivationLayer(ActivationConfig config) : ConfiguredLayer("Activation", std::move(config)) { build_at_init(); }
    bool supports_masking() const override { return true; }
    Tensor call(const Tensor& x, const Call&) override { return config_.activation.get()(x); }
};

}  // namespace

void ActivationConfig::describe(Schema<ActivationConfig>& s) {
    describe_layer(s);
    s.field<&ActivationConfig::activation>("The function.");
    s.field<&ActivationConfig::activity_regularizer>("Penalty on the output.").omit_null();
}

Activation::Activation(ActivationConfig config) : Layer(std::make_shared<ActivationLayer>(std::move(config))) {}

}  // namespace cornu::layers
