#include "cornu/layers/merging/dot.h"

#include "cornu/layers/merging/merge.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

class DotLayer final : public ConfiguredLayer<DotConfig> {
public:
    explicit DotLayer(DotConfig config) : ConfiguredLayer("Dot", std::move(config)) {
        Axes& axes = config_.axes.get();
        if (axes.kind == Axes::Kind::list && axes.axes.size() == 1) axes = Axes(axes.axes[0]);   // {1} is 1: the same axis of both
        if (axes.kind == Axes::Kind::all || (axes.kind == Axes::Kind::list && axes.axes.size() != 2))
            throw ValueError(str("Invalid format for argument `axes`: it should contain two elements. Received: axes=", Codec<Axes>::encode(axes)));
    }
    bool supports_masking() const override { return true; }
    Structure compute_mask(const Structure&, const Structure&) override { return {}; }

    using CustomLayer::build;
    using CustomLayer::call;
    void build(const ShapeTree& inputs) override { check(inputs); }

    Structure call(const Structure& inputs, const Call&) override {
        check(inputs.map([](const Tensor& x) { return x.shape(); }));
        Tensor x = inputs.list()[0].leaf(), y = inputs.list()[1].leaf();
        const auto [a, b] = axes_for(x.shape(), y.shape());
        if (config_.normalize) {
            x = ops::normalize(x, a);
            y = ops::normalize(y, b);
        }
        const Tensor out = prim::dot_general(x, y, {.lhs_contract = {a}, .rhs_contract = {b}, .lhs_batch = {0}, .rhs_batch = {0}});
        return out.rank() == 1 ? ops::expand_dims(out, 1) : out;
    }

private:
    void check(const ShapeTree& inputs) const {
        if (!inputs.is_list() || inputs.list().size() != 2)
            throw ValueError(str("A `Dot` layer should be called on a list of 2 inputs. Received: ", inputs.leaf_count(), " inputs"));
        const Shape &x = inputs.list()[0].leaf(), &y = inputs.list()[1].leaf();
        const auto [a, b] = axes_for(x, y);
        if (x[a] != y[b] && x[a] != None && y[b] != None)
            throw ShapeError(str("Incompatible input shapes: axis values ", x[a], " (at axis ", a, ") != ", y[b], " (at axis ", b, "). Full input shapes: ", x, ", ", y));
    }

    std::pair<int64_t, int64_t> axes_for(const Shape& x, const Shape& y) const {
        const std::vector<int64_t>& axes = config_.axes.get().axes;
        if (axes.empty() || axes.size() > 2) throw ValueError(str("`axes` must hold one axis, or one for each input. Received: ", Codec<Axes>::encode(config_.axes)));
        const int64_t a = normalize_axis(axes.front(), x.rank(), "axes"), b = normalize_axis(axes.back(), y.rank(), "axes");
        if (a == 0 || b == 0) throw ValueError(str("A `Dot` layer cannot sum over the batch axis. Received: axes=", Codec<Axes>::encode(config_.axes)));
        return {a, b};
    }
};

}  // namespace

void DotConfig::describe(Schema<DotConfig>& s) {
    describe_layer(s);
    s.field<&DotConfig::axes>("The axis of each input that is summed over.");
    s.field<&DotConfig::normalize>("Whether inputs are brought to unit length first.");
}

Dot::Dot(DotConfig config) : Layer(std::make_shared<DotLayer>(std::move(config))) {}

Tensor dot(const Tensors& inputs, DotConfig config) { return merged(Dot(std::move(config)), inputs); }

}  // namespace cornu::layers
