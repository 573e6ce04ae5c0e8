#include "cornu/layers/activations/activations.h"

#include "cornu/activations/activation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/nn.h"

namespace cornu::layers {

namespace {

class ReLULayer final : public ConfiguredLayer<ReLUConfig> {
public:
    explicit ReLULayer(ReLUConfig config) : ConfiguredLayer("ReLU", std::move(config)) { build_at_init(); }
    bool supports_masking() const override { return true; }
    Tensor call(const Tensor& x, const Call&) override { return activations::relu(x, config_.negative_slope, config_.max_value, config_.threshold); }
};

class LeakyReLULayer final : public ConfiguredLayer<LeakyReLUConfig> {
public:
    explicit LeakyReLULayer(LeakyReLUConfig config) : ConfiguredLayer("LeakyReLU", std::move(config)) { build_at_init(); }
    bool supports_masking() const override { return true; }
    Tensor call(const Tensor& x, const Call&) override { return ops::leaky_relu(x, config_.negative_slope); }
};

class ELULayer final : public ConfiguredLayer<ELUConfig> {
public:
    explicit ELULayer(ELUConfig config) : ConfiguredLayer("ELU", std::move(config)) { build_at_init(); }
    bool supports_masking() const override { return true; }
    Tensor call(const Tensor& x, const Call&) override { return ops::elu(x, config_.alpha); }
};

class PReLULayer final : public ConfiguredLayer<PReLUConfig> {
public:
    explicit PReLULayer(PReLUConfig config) : ConfiguredLayer("PReLU", std::move(config)) { resolve(config_.alpha_initializer); }
    bool supports_masking() const override { return true; }

    void build(const Shape& input) override {
        Shape shape = input.without_front();
        InputSpec spec{.ndim = input.rank()};
        const auto& shared = config_.shared_axes;
        for (const int64_t axis : shared.value_or(std::vector<int64_t>())) {
            if (axis < 1 || axis >= input.rank())
                throw ValueError(str("`shared_axes` must lie between 1 and the last axis of the input. Received: ", axis, " for an input of shape ", input));
            shape[axis - 1] = 1;
        }
        if (shared)
            for (int64_t axis = 1; axis < input.rank(); ++axis)
                if (std::find(shared->begin(), shared->end(), axis) == shared->end()) spec.axes[axis] = input[axis];
        alpha_ = add_weight({.name = "alpha", .shape = shape, .initializer = config_.alpha_initializer,
                             .regularizer = config_.alpha_regularizer.function(), .constraint = config_.alpha_constraint.function()});
        set_input_spec(spec);
    }
    Tensor call(const Tensor& x, const Call&) override { return ops::relu(x) - Tensor(alpha_) * ops::relu(-x); }

private:
    Variable alpha_;
};

class SoftmaxLayer final : public ConfiguredLayer<SoftmaxConfig> {
public:
    explicit SoftmaxLayer(SoftmaxConfig config) : ConfiguredLayer("Softmax", std::move(config)) { build_at_init(); }
    bool supports_masking() const override { return true; }

    Tensor call(const Tensor& x, const Call& call) override {
        Tensor mask = call.mask.is_leaf() ? call.mask.leaf() : Tensor();
        if (!mask.defined()) return ops::softmax(x, config_.axis);
        const auto both = broadcast_shapes(mask.shape(), x.shape());
        if (!both || *both != x.shape())
            throw ShapeError(str("The `mask` must be broadcastable to `inputs`. Received: inputs.shape=", x.shape(), ", mask.shape=", mask.shape()));
        if (mask.dtype() != DType::bool_) mask = ops::greater(mask, 0.5);
        const double floor = x.dtype() == DType::float16 ? -3e4 : -1e9;
        return ops::where(mask, ops::softmax(ops::where(mask, x, floor), config_.axis), 0.0);
    }
};

}  // namespace

void ReLUConfig::describe(Schema<ReLUConfig>& s) {
    describe_layer(s);
    s.field<&ReLUConfig::max_value>("The greatest output.").non_negative();
    s.field<&ReLUConfig::negative_slope>("Slope below the threshold.").non_negative();
    s.field<&ReLUConfig::threshold>("Where the identity begins.").non_negative();
}
void LeakyReLUConfig::describe(Schema<LeakyReLUConfig>& s) {
    describe_layer(s);
    s.field<&LeakyReLUConfig::negative_slope>("Slope below zero.").non_negative().old_name("alpha");
}
void ELUConfig::describe(Schema<ELUConfig>& s) {
    describe_layer(s);
    s.field<&ELUConfig::alpha>("Minus the limit at minus infinity.");
}
void PReLUConfig::describe(Schema<PReLUConfig>& s) {
    describe_layer(s);
    s.field<&PReLUConfig::alpha_initializer>("How the slopes start.");
    s.field<&PReLUConfig::alpha_regularizer>("Penalty on the slopes.");
    s.field<&PReLUConfig::alpha_constraint>("What the slopes are kept to.");
    s.field<&PReLUConfig::shared_axes>("Axes along which slopes are the same.");
}
void SoftmaxConfig::describe(Schema<SoftmaxConfig>& s) {
    describe_layer(s);
    s.field<&SoftmaxConfig::axis>("The axes along which outputs sum to one.");
}

ReLU::ReLU(ReLUConfig config) : Layer(std::make_shared<ReLULayer>(std::move(config))) {}
LeakyReLU::LeakyReLU(LeakyReLUConfig config) : Layer(std::make_shared<LeakyReLULayer>(std::move(config))) {}
ELU::ELU(ELUConfig config) : Layer(std::make_shared<ELULayer>(std::move(config))) {}
PReLU::PReLU(PReLUConfig config) : Layer(std::make_shared<PReLULayer>(std::move(config))) {}
Softmax::Softmax(SoftmaxConfig config) : Layer(std::make_shared<SoftmaxLayer>(std::move(config))) {}

}  // namespace cornu::layers
