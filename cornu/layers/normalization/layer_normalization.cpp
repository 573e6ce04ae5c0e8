#include "cornu/layers/normalization/layer_normalization.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

// The sizes of the axes that weights run over. The axis becomes a list, as Keras writes it once built.
Shape weight_shape(Axes& axis, const Shape& input) {
    if (axis.kind == Axes::Kind::all) throw ValueError("`axis` must be an integer or a list of integers. Received: axis=null");
    for (const int64_t a : axis.axes) normalize_axis(a, input.rank());
    if (axis.kind == Axes::Kind::list) std::sort(axis.axes.begin(), axis.axes.end());
    Shape shape;
    for (const int64_t a : axis.axes) shape.push_back(input.dim(a));
    axis.kind = Axes::Kind::list;
    return shape;
}

class LayerNormalizationLayer final : public ConfiguredLayer<LayerNormalizationConfig> {
public:
    explicit LayerNormalizationLayer(LayerNormalizationConfig config) : ConfiguredLayer("LayerNormalization", std::move(config)) {
        if (config_.rms_scaling) throw UnsupportedError("`rms_scaling=True` is deprecated in Keras and not supported; use layers::RMSNormalization.");
        resolve(config_.beta_initializer, config_.gamma_initializer);
        set_autocast(false);
    }
    bool supports_masking() const override { return true; }

    void build(const Shape& input) override {
        const Shape shape = weight_shape(config_.axis, input);
        if (config_.scale)
            gamma_ = add_weight({.name = "gamma", .shape = shape, .initializer = config_.gamma_initializer, .regularizer = config_.gamma_regularizer.function(),
                                 .constraint = config_.gamma_constraint.function(), .autocast = false});
        if (config_.center)
            beta_ = add_weight({.name = "beta", .shape = shape, .initializer = config_.beta_initializer, .regularizer = config_.beta_regularizer.function(),
                                .constraint = config_.beta_constraint.function(), .autocast = false});
    }

    Tensor call(const Tensor& x, const Call&) override {
        // Moments in at least float32; the result in the compute dtype.
        const DType dtype = result_type(x.dtype(), DType::float32);
        const Tensor gamma = config_.scale ? ops::cast(gamma_, dtype) : Tensor(), beta = config_.center ? ops::cast(beta_, dtype) : Tensor();
        return ops::cast(ops::layer_normalization(ops::cast(x, dtype), gamma, beta, config_.axis, config_.epsilon), compute_dtype());
    }

private:
    Variable gamma_, beta_;
};

class RMSNormalizationLayer final : public ConfiguredLayer<RMSNormalizationConfig> {
public:
    explicit RMSNormalizationLayer(RMSNormalizationConfig config) : ConfiguredLayer("RMSNormalization", std::move(config)) {}
    void build(const Shape& input) override {
        scale_ = add_weight({.name = "scale", .shape = weight_shape(config_.axis, input), .initializer = "ones"});
    }
    Tensor call(const Tensor& x, const Call&) override { return ops::rms_normalization(x, scale_, config_.axis, config_.epsilon); }

private:
    Variable scale_;
};

class GroupNormalizationLayer final : public ConfiguredLayer<GroupNormalizationConfig> {
public:
    explicit GroupNormalizationLayer(GroupNormalizationConfig config) : ConfiguredLayer("GroupNormalization", std::move(config)) {
        if (config_.groups <= 0 && config_.groups != -1)
            throw ValueError(str("Received an invalid value for argument `groups`, expected a positive integer (or `-1` for instance normalization). "
                                 "Received: groups=", config_.groups));
        resolve(config_.beta_initializer, config_.gamma_initializer);
        set_autocast(false);
    }
    bool supports_masking() const override { return true; }

    void build(const Shape& input) override {
        const int64_t axis = normalize_axis(config_.axis, input.rank()), channels = input[axis];
        if (channels == None)
            throw ShapeError(str("Axis ", config_.axis, " of input tensor should have a defined dimension but the layer received an input with shape ", input, "."));
        if (config_.groups == -1) config_.groups = channels;
        if (channels < config_.groups)
            throw ShapeError(str("Number of groups (", config_.groups, ") cannot be more than the number of channels (", channels, ")."));
        if (channels % config_.groups != 0)
            throw ShapeError(str("Number of groups (", config_.groups, ") must be a multiple of the number of channels (", channels, ")."));
        set_input_spec({.ndim = input.rank(), .axes = {{config_.axis, channels}}});
        if (config_.scale)
            gamma_ = add_weight({.name = "gamma", .shape = {channels}, .initializer = config_.gamma_initializer,
                                 .regularizer = config_.gamma_regularizer.function(), .constraint = config_.gamma_constraint.function(), .autocast = false});
        if (config_.center)
            beta_ = add_weight({.name = "beta", .shape = {channels}, .initializer = config_.beta_initializer,
                                .regularizer = config_.beta_regularizer.function(), .constraint = config_.beta_constraint.function(), .autocast = false});
    }

    Tensor call(const Tensor& inputs, const Call&) override {
        const int64_t axis = normalize_axis(config_.axis, inputs.rank()), channels = inputs.shape()[axis];
        const DType dtype = result_type(inputs.dtype(), DType::float32);
        Shape grouped = inputs.shape(), weights(std::vector<int64_t>(static_cast<size_t>(inputs.rank()), 1));
        grouped[axis] = weights[axis] = channels / config_.groups;
        grouped.insert(axis, config_.groups);
        weights.insert(axis, config_.groups);
        const Tensor x = ops::reshape(ops::cast(inputs, dtype), grouped);
        std::vector<int64_t> axes;   // all but the batch and the groups
        for (int64_t a = 1; a < x.rank(); ++a)
            if (a != axis) axes.push_back(a);
        const auto [mean, variance] = ops::moments(x, axes, true);
        Tensor factor = ops::rsqrt(variance + config_.epsilon);
        if (config_.scale) factor = factor * ops::cast(ops::reshape(gamma_, weights), dtype);
        Tensor shift = -mean * factor;
        if (config_.center) shift = shift + ops::cast(ops::reshape(beta_, weights), dtype);
        return ops::cast(ops::reshape(ops::cast(x * factor + shift, inputs.dtype()), inputs.shape()), compute_dtype());
    }

private:
    Variable gamma_, beta_;
};

template <class C>
void describe_affine(Schema<C>& s) {
    s.template field<&C::epsilon>("Added to the variance.");
    s.template field<&C::center>("Whether beta is added.");
    s.template field<&C::scale>("Whether gamma is a factor.");
    s.template field<&C::beta_initializer>("How beta starts.");
    s.template field<&C::gamma_initializer>("How gamma starts.");
    s.template field<&C::beta_regularizer>("Penalty on beta.");
    s.template field<&C::gamma_regularizer>("Penalty on gamma.");
    s.template field<&C::beta_constraint>("What beta is kept to.");
    s.template field<&C::gamma_constraint>("What gamma is kept to.");
}

}  // namespace

void LayerNormalizationConfig::describe(Schema<LayerNormalizationConfig>& s) {
    describe_layer(s);
    s.field<&LayerNormalizationConfig::axis>("The axes that are normalised together.");
    describe_affine(s);
    s.field<&LayerNormalizationConfig::rms_scaling>("Refused when true.");
}
void RMSNormalizationConfig::describe(Schema<RMSNormalizationConfig>& s) {
    describe_layer(s);
    s.field<&RMSNormalizationConfig::axis>("The axes that are normalised together.");
    s.field<&RMSNormalizationConfig::epsilon>("Added to the mean square.");
}
void GroupNormalizationConfig::describe(Schema<GroupNormalizationConfig>& s) {
    describe_layer(s);
    s.field<&GroupNormalizationConfig::groups>("How many groups; -1: one for each channel.");
    s.field<&GroupNormalizationConfig::axis>("The axis of the channels.");
    describe_affine(s);
}

LayerNormalization::LayerNormalization(LayerNormalizationConfig config) : Layer(std::make_shared<LayerNormalizationLayer>(std::move(config))) {}
RMSNormalization::RMSNormalization(RMSNormalizationConfig config) : Layer(std::make_shared<RMSNormalizationLayer>(std::move(config))) {}
GroupNormalization::GroupNormalization(GroupNormalizationConfig config) : Layer(std::make_shared<GroupNormalizationLayer>(std::move(config))) {}

}  // namespace cornu::layers
