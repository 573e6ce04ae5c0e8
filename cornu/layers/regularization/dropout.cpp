#include "cornu/layers/regularization/dropout.h"

#include "cornu/layers/regularization/noise.h"

namespace cornu::layers {

namespace {

class DropoutLayer final : public SeededLayer<DropoutConfig> {
public:
    explicit DropoutLayer(DropoutConfig config) : SeededLayer("Dropout", config, config.rate > 0) {
        if (!config_.noise_shape) return;
        for (size_t i = 0; i < config_.noise_shape->size(); ++i)
            if (const auto dim = (*config_.noise_shape)[i]; dim && *dim <= 0)
                throw ValueError(str("Invalid value received for argument `noise_shape`. Expected all dimensions to be positive integers or None. "
                                     "Received negative or zero value at index ", i, ": ", *dim));
    }

    Tensor call(const Tensor& x, const Call& call) override {
        if (!call.training || config_.rate == 0) return x;
        return drop(x, config_.rate, noise_shape_for(x, config_.noise_shape));
    }
};

}  // namespace

void DropoutConfig::describe(Schema<DropoutConfig>& s) {
    using C = DropoutConfig;
    describe_layer(s);
    s.field<&C::rate>("The share that is dropped.").between(0, 1);
    s.field<&C::seed>("Seed; drawn when not given.");
    s.field<&C::noise_shape>("Shape of the mask, broadcast to the input.");
}

Dropout::Dropout(DropoutConfig config) : Layer(std::make_shared<DropoutLayer>(std::move(config))) {}

}  // namespace cornu::layers
