#include "cornu/layers/preprocessing/normalization.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/context.h"

namespace cornu::layers {

namespace {

class NormalizationLayer final : public ConfiguredLayer<NormalizationConfig> {
public:
    explicit NormalizationLayer(NormalizationConfig config) : ConfiguredLayer("Normalization", std::move(config)) {
        if (config_.mean.has_value() != config_.variance.has_value())
            throw ValueError(str("When setting values directly, both `mean` and `variance` must be set. Received: ", config_.mean ? "mean" : "variance", " alone."));
        if (config_.mean && config_.mean->size() != config_.variance->size())
            throw ValueError(str("When setting values directly, `mean` and `variance` must have the same shape. Received: ", config_.mean->size(), " and ",
                                 config_.variance->size(), " values"));
        if (config_.axis.kind == Axes::Kind::all) config_.axis = Axes(std::vector<int64_t>());
        config_.axis.kind = Axes::Kind::list;
    }
    bool supports_masking() const override { return true; }

    Json get_config() const override {
        Json config = ConfiguredLayer::get_config();
        if (config_.axis.axes.empty() && config_.mean && config_.mean->size() == 1) {   // Keras writes a scalar as one
            config.set("mean", config_.mean->front());
            config.set("variance", config_.variance->front());
        }
        return config;
    }

    void build(const Shape& input) override {
        std::vector<int64_t> kept = config_.axis.axes.empty() ? std::vector<int64_t>() : normalize_axes(config_.axis.axes, input.rank());
        broadcast_ = Shape(std::vector<int64_t>(static_cast<size_t>(input.rank()), 1));
        reduced_.clear();
        Shape shape;
        for (int64_t axis = 0; axis < input.rank(); ++axis) {
            if (std::find(kept.begin(), kept.end(), axis) == kept.end()) {
                reduced_.push_back(axis);
                continue;
            }
            if (input[axis] == None)
                throw ShapeError(str("All `axis` values to be kept must have a known shape. Received inputs.shape=", input, ", with unknown axis at index ", axis));
            broadcast_[axis] = input[axis];
            shape.push_back(input[axis]);
        }
        if (config_.mean) return check_given(shape);
        mean_ = add_weight({.name = "mean", .shape = shape, .initializer = "zeros", .trainable = false});
        variance_ = add_weight({.name = "variance", .shape = shape, .initializer = "ones", .trainable = false});
        add_weight({.name = "count", .shape = {}, .initializer = "zeros", .dtype = DType::int32, .trainable = false});
    }

    Tensor call(const Tensor& inputs, const Call&) override {
        const DType dtype = compute_dtype();
        const Tensor x = ops::cast(inputs, dtype), mean = moment(config_.mean, mean_), deviation = ops::sqrt(moment(config_.variance, variance_));
        const Tensor scale = ops::maximum(deviation, Context::current().epsilon());
        return config_.invert ? mean + x * scale : (x - mean) / scale;
    }

    void adapt(const Tensor& data) {
        if (config_.mean) throw ValueError("Normalization.adapt: `mean` and `variance` were given; there is nothing to learn.");
        build_once(ShapeTree(data.shape()));
        const Tensor x = ops::cast(data, variable_dtype());
        mean_.assign(reduced_.empty() ? x : ops::mean(x, reduced_));
        variance_.assign(reduced_.empty() ? ops::cast(x * 0.0, x.dtype()) : ops::var(x, reduced_));
    }

private:
    void check_given(const Shape& shape) const {
        const auto count = static_cast<int64_t>(config_.mean->size());
        if (count != 1 && count != shape.size())
            throw ShapeError(str("`mean` and `variance` must have one value, or one for each place along `axis`. Received: ", count, " values for ", shape));
    }
    Tensor moment(const std::optional<std::vector<double>>& given, const Variable& learned) const {
        if (!given) return ops::cast(ops::reshape(learned, broadcast_), compute_dtype());
        const std::vector<float> values(given->begin(), given->end());
        const Tensor all = Tensor::from(values, Shape{static_cast<int64_t>(values.size())});
        const Shape shape = values.size() == 1 ? Shape(std::vector<int64_t>(static_cast<size_t>(broadcast_.rank()), 1)) : broadcast_;
        return ops::cast(ops::reshape(all, shape), compute_dtype());
    }

    Variable mean_, variance_;
    Shape broadcast_;
    std::vector<int64_t> reduced_;
};

}  // namespace

void NormalizationConfig::describe(Schema<NormalizationConfig>& s) {
    describe_layer(s);
    s.field<&NormalizationConfig::axis>("The axes that have moments of their own.");
    s.field<&NormalizationConfig::invert>("Whether to go back from normalised values.");
    s.field<&NormalizationConfig::mean>("The mean, when it is known.");
    s.field<&NormalizationConfig::variance>("The variance, when it is known.").non_negative();
}

Normalization::Normalization(NormalizationConfig config) : Layer(std::make_shared<NormalizationLayer>(std::move(config))) {}
void Normalization::adapt(const Tensor& data) const { static_cast<NormalizationLayer&>(impl()).adapt(data); }

}  // namespace cornu::layers
