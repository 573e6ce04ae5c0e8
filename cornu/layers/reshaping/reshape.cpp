#include "cornu/layers/reshaping/reshape.h"

#include "cornu/ops/manipulation.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

class ReshapeLayer final : public ConfiguredLayer<ReshapeConfig> {
public:
    explicit ReshapeLayer(ReshapeConfig config) : ConfiguredLayer("Reshape", std::move(config)) {
        int unknown = 0;
        for (const int64_t dim : config_.target_shape.get()) {
            if (dim < -1) throw ValueError(str("`target_shape` may hold -1 and sizes only. Received: target_shape=", Shape(config_.target_shape.get())));
            unknown += dim == -1;
        }
        if (unknown > 1)
            throw ValueError(str("There must be at most one unknown dimension (-1) in `target_shape`. Received: target_shape=", Shape(config_.target_shape.get())));
        build_at_init();
    }
    Tensor call(const Tensor& x, const Call&) override {
        Shape shape = Shape(config_.target_shape.get());
        const Shape rest = x.shape().without_front();
        if (rest.is_static()) resolve_unknown(shape, rest);
        return ops::reshape(x, shape.with_front(x.shape()[0]));
    }

private:
    // The batch may be unknown, so the -1 is worked out from the other axes.
    void resolve_unknown(Shape& shape, const Shape& rest) const {
        int64_t known = 1;
        for (const int64_t dim : shape)
            if (dim >= 0) known *= dim;
        for (int64_t& dim : shape)
            if (dim < 0) dim = known ? rest.size() / known : 0;
        if (shape.size() != rest.size())
            throw ShapeError(str("The total size of the tensor must be unchanged. Received: input_shape=", rest, ", target_shape=", Shape(config_.target_shape.get())));
    }
};

class PermuteLayer final : public ConfiguredLayer<PermuteConfig> {
public:
    explicit PermuteLayer(PermuteConfig config) : ConfiguredLayer("Permute", std::move(config)) {
        std::vector<int64_t> sorted = config_.dims.get();
        std::sort(sorted.begin(), sorted.end());
        for (size_t i = 0; i < sorted.size(); ++i)
            if (sorted[i] != static_cast<int64_t>(i) + 1)
                throw ValueError(str("Invalid permutation argument `dims` for Permute Layer. The set of indices in `dims` must be consecutive and start from 1. "
                                     "Received dims=", Shape(config_.dims.get())));
        set_input_spec({.ndim = static_cast<int64_t>(sorted.size()) + 1});
    }
    Tensor call(const Tensor& x, const Call&) override {
        std::vector<int64_t> axes = config_.dims.get();
        axes.insert(axes.begin(), 0);
        return ops::transpose(x, axes);
    }
};

class RepeatVectorLayer final : public ConfiguredLayer<RepeatVectorConfig> {
public:
    explicit RepeatVectorLayer(RepeatVectorConfig config) : ConfiguredLayer("RepeatVector", std::move(config)) { set_input_spec({.ndim = 2}); }
    Tensor call(const Tensor& x, const Call&) override { return ops::repeat(ops::expand_dims(x, 1), config_.n, 1); }
};

}  // namespace

void ReshapeConfig::describe(Schema<ReshapeConfig>& s) {
    describe_layer(s);
    s.field<&ReshapeConfig::target_shape>("The shape without the batch; one -1 is worked out.");
}
void PermuteConfig::describe(Schema<PermuteConfig>& s) {
    describe_layer(s);
    s.field<&PermuteConfig::dims>("The new order of axes, counted from 1.");
}
void RepeatVectorConfig::describe(Schema<RepeatVectorConfig>& s) {
    describe_layer(s);
    s.field<&RepeatVectorConfig::n>("How often the input is repeated.").positive();
}

Reshape::Reshape(ReshapeConfig config) : Layer(std::make_shared<ReshapeLayer>(std::move(config))) {}
Permute::Permute(PermuteConfig config) : Layer(std::make_shared<PermuteLayer>(std::move(config))) {}
RepeatVector::RepeatVector(RepeatVectorConfig config) : Layer(std::make_shared<RepeatVectorLayer>(std::move(config))) {}

}  // namespace cornu::layers
