#include "cornu/layers/merging/merging.h"

#include "cornu/layers/merging/merge.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

std::string shapes_text(const ShapeTree& inputs) {
    std::string text;
    inputs.for_each([&](const Shape& shape) { text += (text.empty() ? "[" : ", ") + shape.to_string(); });
    return text + "]";
}

}  // namespace

void check_merge_inputs(const ShapeTree& inputs) {
    if (!inputs.is_list())
        throw ValueError(str("A merge layer should be called on a list of inputs. Received: input_shape=", inputs.is_leaf() ? inputs.leaf().to_string() : "a dict",
                             " (not a list of shapes)"));
    if (inputs.list().empty())
        throw ValueError("A merge layer should be called on a list of at least 1 input. Received 0 inputs. Full input_shape received: []");
}

void check_merge_shapes(const ShapeTree& inputs) {
    check_merge_inputs(inputs);
    int64_t batch = None;
    Shape merged;
    bool first = true;
    for (const ShapeTree& item : inputs.list()) {
        const Shape& shape = item.leaf();
        if (shape.empty()) throw ShapeError(str("A merge layer takes inputs with a batch axis. Received: input_shape=", shapes_text(inputs)));
        if (shape[0] != None && batch != None && shape[0] != batch)
            throw ShapeError(str("Cannot merge tensors with different batch sizes. Received tensors with shapes ", shapes_text(inputs)));
        if (shape[0] != None) batch = shape[0];
        const auto both = first ? shape.without_front() : broadcast_shapes(merged, shape.without_front());
        if (!both)
            throw ShapeError(str("Inputs have incompatible shapes. Received shapes ", merged, " and ", shape.without_front()));
        merged = *both;
        first = false;
    }
}

Tensors align_ranks(const Structure& inputs) {
    Tensors aligned = inputs.flatten();
    int64_t rank = 0;
    for (const Tensor& x : aligned) rank = std::max(rank, x.rank());
    for (Tensor& x : aligned)
        while (x.rank() < rank) x = ops::expand_dims(x, 1);
    return aligned;
}

Structure merge_masks(const Structure& mask) {
    Tensor merged;
    bool all = true;
    mask.for_each([&](const Tensor& m) {
        all = all && m.defined();
        if (all) merged = merged.defined() ? ops::logical_or(merged, m) : m;
    });
    return all && merged.defined() ? Structure(merged) : Structure();
}

namespace {

using Combine = Tensor (*)(const Tensor&, const Tensor&);

class MergeLayer final : public ConfiguredLayer<MergeConfig> {
public:
    MergeLayer(const char* class_name, Combine combine, MergeConfig config) : ConfiguredLayer(class_name, std::move(config)), combine_(combine) {}
    bool supports_masking() const override { return true; }
    Structure compute_mask(const Structure&, const Structure& mask) override { return mask.is_list() ? merge_masks(mask) : Structure(); }

    using CustomLayer::build;
    using CustomLayer::call;
    void build(const ShapeTree& inputs) override {
        check_merge_shapes(inputs);
        if (class_name() == "Subtract" && inputs.list().size() != 2)
            throw ValueError(str("A `Subtract` layer should be called on exactly 2 inputs. Received: input_shape=", shapes_text(inputs)));
    }
    Structure call(const Structure& inputs, const Call& call) override {
        check_merge_shapes(inputs.map([](const Tensor& x) { return x.shape(); }));
        const Tensors xs = align_ranks(inputs);
        const bool masks_fit = call.mask.is_list() && call.mask.list().size() == xs.size() && xs[0].rank() > 1;
        Tensor out = xs[0], out_mask = masks_fit ? expanded(call.mask, 0, xs[0]) : Tensor();
        for (size_t i = 1; i < xs.size(); ++i) {
            Tensor x = xs[i];
            const Tensor mask = masks_fit ? expanded(call.mask, i, x) : Tensor();
            if (mask.defined()) x = ops::where(mask, x, out);       // a masked step takes the other's value
            if (out_mask.defined()) out = ops::where(out_mask, out, x);
            out_mask = mask.defined() && out_mask.defined() ? ops::logical_or(out_mask, mask) : Tensor();
            out = combine_(out, x);
        }
        return class_name() == "Average" ? out / static_cast<double>(xs.size()) : out;
    }

private:
    static Tensor expanded(const Structure& masks, size_t i, const Tensor& x) {
        const Tensor& mask = masks.list()[i].leaf();
        return mask.defined() ? ops::broadcast_to(ops::expand_dims(mask, -1), x.shape()) : Tensor();
    }
    Combine combine_;
};

class ConcatenateLayer final : public ConfiguredLayer<ConcatenateConfig> {
public:
    explicit ConcatenateLayer(ConcatenateConfig config) : ConfiguredLayer("Concatenate", std::move(config)) {}
    bool supports_masking() const override { return true; }

    using CustomLayer::build;
    using CustomLayer::call;
    void build(const ShapeTree& inputs) override {
        if (!inputs.is_list() || inputs.list().empty())
            throw ValueError(str("A `Concatenate` layer should be called on a list of at least 1 input. Received: input_shape=", shapes_text(inputs)));
        const Shape& first = inputs.list()[0].leaf();
        const int64_t axis = normalize_axis(config_.axis, first.rank());
        for (const ShapeTree& item : inputs.list()) {
            const Shape& shape = item.leaf();
            bool fits = shape.rank() == first.rank();
            for (int64_t i = 0; fits && i < first.rank(); ++i) fits = i == axis || shape[i] == first[i] || shape[i] == None || first[i] == None;
            if (!fits)
                throw ShapeError(str("A `Concatenate` layer requires inputs with matching shapes except for the concatenation axis. Received: input_shape=",
                                     shapes_text(inputs)));
        }
    }
    Structure call(const Structure& inputs, const Call&) override { return ops::concatenate(inputs.flatten(), config_.axis); }

    Structure compute_mask(const Structure& inputs, const Structure& mask) override {
        const Tensors xs = inputs.flatten(), given = mask.flatten();
        if (given.size() != xs.size() || std::none_of(given.begin(), given.end(), [](const Tensor& m) { return m.defined(); })) return {};
        Tensors masks;
        for (size_t i = 0; i < xs.size(); ++i) {
            if (!given[i].defined()) masks.push_back(ops::full(xs[i].shape(), true, DType::bool_));
            else if (given[i].rank() < xs[i].rank()) masks.push_back(ops::broadcast_to(ops::expand_dims(given[i], -1), xs[i].shape()));
            else masks.push_back(given[i]);
        }
        return ops::any(ops::concatenate(masks, config_.axis), -1);
    }
};

std::shared_ptr<CustomLayer> make(const char* name, Combine combine, MergeConfig config) {
    return std::make_shared<MergeLayer>(name, combine, std::move(config));
}

}  // namespace

void MergeConfig::describe(Schema<MergeConfig>& s) { describe_layer(s); }
void ConcatenateConfig::describe(Schema<ConcatenateConfig>& s) {
    describe_layer(s);
    s.field<&ConcatenateConfig::axis>("The axis along which inputs are joined.");
}

Add::Add(MergeConfig config) : Layer(make("Add", ops::add, std::move(config))) {}
Subtract::Subtract(MergeConfig config) : Layer(make("Subtract", ops::subtract, std::move(config))) {}
Multiply::Multiply(MergeConfig config) : Layer(make("Multiply", ops::multiply, std::move(config))) {}
Average::Average(MergeConfig config) : Layer(make("Average", ops::add, std::move(config))) {}
Maximum::Maximum(MergeConfig config) : Layer(make("Maximum", ops::maximum, std::move(config))) {}
Minimum::Minimum(MergeConfig config) : Layer(make("Minimum", ops::minimum, std::move(config))) {}
Concatenate::Concatenate(ConcatenateConfig config) : Layer(std::make_shared<ConcatenateLayer>(std::move(config))) {}

Tensor add(const Tensors& inputs, MergeConfig config) { return merged(Add(std::move(config)), inputs); }
Tensor subtract(const Tensors& inputs, MergeConfig config) { return merged(Subtract(std::move(config)), inputs); }
Tensor multiply(const Tensors& inputs, MergeConfig config) { return merged(Multiply(std::move(config)), inputs); }
Tensor average(const Tensors& inputs, MergeConfig config) { return merged(Average(std::move(config)), inputs); }
Tensor maximum(const Tensors& inputs, MergeConfig config) { return merged(Maximum(std::move(config)), inputs); }
Tensor minimum(const Tensors& inputs, MergeConfig config) { return merged(Minimum(std::move(config)), inputs); }
Tensor concatenate(const Tensors& inputs, ConcatenateConfig config) { return merged(Concatenate(std::move(config)), inputs); }

}  // namespace cornu::layers
