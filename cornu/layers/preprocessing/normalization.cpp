#include "cornu/layers/preprocessing/normalization.h"

#include "cornu/layers/preprocessing/adapting.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/context.h"

namespace cornu::layers {

namespace {

class NormalizationLayer final : public ConfiguredLayer<NormalizationConfig> {
public:
    explicit NormalizationLayer(NormalizationConfig config) : ConfiguredLayer("Normalization", std::move(config)) {
        const Moments &mean = config_.mean, &variance = config_.variance;
        if (!mean != !variance)
            throw ValueError(str("When setting values directly, both `mean` and `variance` must be set. Received: ", mean ? "mean" : "variance", " alone."));
        if (mean.shape != variance.shape)
            throw ValueError(str("When setting values directly, `mean` and `variance` must have the same shape. Received: ", mean.shape, " and ", variance.shape));
        for (const double value : variance.values)
            if (value < 0) throw ValueError(str("`variance` must not be negative. Received: variance=", value));
        if (config_.axis.kind == Axes::Kind::all) config_.axis = Axes(std::vector<int64_t>());
        config_.axis.kind = Axes::Kind::list;
        if (mean.shape.rank() > static_cast<int64_t>(config_.axis.axes.size()))
            throw ValueError(str("The rank of `mean` must be less than or equal to the number of axes (", config_.axis.axes.size(), "). Received: mean shape ", mean.shape));
    }
    bool supports_masking() const override { return true; }

    void build(const Shape& input) override {
        std::vector<int64_t> kept = config_.axis.axes.empty() ? std::vector<int64_t>() : normalize_axes(config_.axis.axes, input.rank());
        built_on_ = input;
        kept_ = kept;
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
        if (config_.mean) return place_given(kept, shape);
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

    void adapt(const std::function<void(const std::function<void(const Tensor&)>&)>& for_each) {
        if (config_.mean) throw ValueError("Normalization.adapt: `mean` and `variance` were given; there is nothing to learn.");
        Tensor mean, variance;
        double seen = 0;
        for_each([&](const Tensor& data) {
            if (data.dtype() == DType::string || is_complex(data.dtype())) throw DTypeError(str("Normalization.adapt takes numbers. Received: ", data.spec()));
            build_once(ShapeTree(data.shape()));
            check_fits(data.shape());
            const Tensor x = ops::cast(data, variable_dtype());
            const Tensor batch_mean = reduced_.empty() ? x : ops::mean(x, reduced_);
            const Tensor batch_variance = reduced_.empty() ? ops::cast(x * 0.0, x.dtype()) : ops::var(x, reduced_);
            double count = 1;
            for (const int64_t axis : reduced_) count *= static_cast<double>(data.shape()[axis]);
            seen += count;
            if (!mean.defined()) {
                mean = batch_mean;
                variance = batch_variance;
                return;
            }
            // The parts' squares around the common mean.
            const double weight = count / seen, rest = 1 - weight;
            const Tensor total = mean * rest + batch_mean * weight;
            variance = (variance + ops::square(mean - total)) * rest + (batch_variance + ops::square(batch_mean - total)) * weight;
            mean = total;
        });
        if (!mean.defined()) throw ValueError("Normalization.adapt needs at least one batch. Received: none");
        mean_.assign(mean);
        variance_.assign(variance);
    }

private:
    void check_fits(const Shape& shape) const {
        bool fits = shape.rank() == built_on_.rank();
        for (const int64_t axis : kept_) fits = fits && shape[axis] == built_on_[axis];
        if (!fits)
            throw ShapeError(str("The layer was built with input_shape=", built_on_, ", but adapt() is being called with data with an incompatible shape, data.shape=", shape));
    }
    // Their axes are the last of those kept.
    void place_given(const std::vector<int64_t>& kept, const Shape& shape) {
        const Shape& given = config_.mean.shape;
        given_shape_ = Shape(std::vector<int64_t>(static_cast<size_t>(broadcast_.rank()), 1));
        for (int64_t i = 1; i <= given.rank(); ++i) {
            const int64_t axis = kept[kept.size() - static_cast<size_t>(i)], size = given[given.rank() - i];
            if (size != 1 && size != broadcast_[axis])
                throw ShapeError(str("`mean` and `variance` must have one value, or one for each place along `axis`. Received: values of shape ", given, " for ", shape));
            given_shape_[axis] = size;
        }
    }
    Tensor moment(const Moments& given, const Variable& learned) const {
        if (!given) return ops::cast(ops::reshape(learned, broadcast_), compute_dtype());
        return ops::cast(Tensor::from(std::vector<float>(given.values.begin(), given.values.end()), given_shape_), compute_dtype());
    }

    Variable mean_, variance_;
    Shape broadcast_, given_shape_, built_on_;
    std::vector<int64_t> reduced_, kept_;
};

}  // namespace

void NormalizationConfig::describe(Schema<NormalizationConfig>& s) {
    describe_layer(s);
    s.field<&NormalizationConfig::axis>("The axes that have moments of their own.");
    s.field<&NormalizationConfig::invert>("Whether to go back from normalised values.");
    s.field<&NormalizationConfig::mean>("The mean, when it is known.");
    s.field<&NormalizationConfig::variance>("The variance, when it is known.");
}

Normalization::Normalization(NormalizationConfig config) : Layer(std::make_shared<NormalizationLayer>(std::move(config))) {}
void Normalization::check() const { check_class<NormalizationLayer>(*this, "Normalization"); }
void Normalization::adapt(const Tensor& data) const {
    static_cast<NormalizationLayer&>(impl()).adapt([&](const auto& take) { take(data); });
}
void Normalization::adapt(const Dataset& batches) const {
    static_cast<NormalizationLayer&>(impl()).adapt([&](const auto& take) { for_each_batch(batches, {}, take); });
}

}  // namespace cornu::layers

namespace cornu {

Json Codec<layers::Moments>::encode(const layers::Moments& v) {
    if (!v) return {};
    size_t next = 0;
    const std::function<Json(int64_t)> nest = [&](int64_t axis) -> Json {
        if (axis == v.shape.rank()) return v.values[next++];
        Json list = Json::array();
        for (int64_t i = 0; i < v.shape[axis]; ++i) list.push_back(nest(axis + 1));
        return list;
    };
    return nest(0);
}

void Codec<layers::Moments>::decode(const Json& j, layers::Moments& v) {
    v = {};
    if (j.is_null()) return;
    for (const Json* at = &j; at->is_array(); at = &(*at)[0]) {
        v.shape.push_back(static_cast<int64_t>(at->size()));
        if (at->size() == 0) throw ValueError("must be a number, or lists of numbers. Received: an empty list");
    }
    const std::function<void(const Json&, int64_t)> read = [&](const Json& json, int64_t axis) {
        if (axis == v.shape.rank()) return v.values.push_back(json.as_double());
        if (!json.is_array() || static_cast<int64_t>(json.size()) != v.shape[axis]) throw ValueError("must be lists of one length. Received: lists of several");
        for (const Json& item : json.as_array()) read(item, axis + 1);
    };
    read(j, 0);
}

}  // namespace cornu
