#include "cornu/layers/preprocessing/rescaling.h"

#include "cornu/ops/elementwise.h"

namespace cornu::layers {

namespace {

class RescalingLayer final : public ConfiguredLayer<RescalingConfig> {
public:
    explicit RescalingLayer(RescalingConfig config) : ConfiguredLayer("Rescaling", std::move(config)) {}
    bool supports_masking() const override { return true; }
    Tensor call(const Tensor& x, const Call&) override { return ops::cast(x, compute_dtype()) * config_.scale.get() + config_.offset; }
};

}  // namespace

void RescalingConfig::describe(Schema<RescalingConfig>& s) {
    describe_layer(s);
    s.field<&RescalingConfig::scale>("The factor.");
    s.field<&RescalingConfig::offset>("What is added after.");
}

Rescaling::Rescaling(RescalingConfig config) : Layer(std::make_shared<RescalingLayer>(std::move(config))) {}

}  // namespace cornu::layers
