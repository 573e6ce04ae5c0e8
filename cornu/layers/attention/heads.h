// What layers of several attention heads share: projections, masks, scores and their softmax.
#pragma once

#include <cmath>

#include "cornu/activations/activation.h"
#include "cornu/layers/activations/activations.h"
#include "cornu/layers/configured_layer.h"
#include "cornu/layers/core/einsum_dense.h"
#include "cornu/layers/regularization/dropout.h"
#include "cornu/ops/attention.h"
#include "cornu/ops/einsum.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

// The fields after a layer's own sizes, in Keras's order.
template <class C>
void describe_heads(Schema<C>& s) {
    describe_kernel_and_bias(s);
    s.template field<&C::seed>("Seed; drawn when not given.");
    s.template field<&C::flash_attention>("Taken from Keras; means nothing here.").hidden();
}

// Query, value, and the key when it is one of its own.
const CallSignature& attention_signature();
void check_attention_inputs(const ShapeTree& shapes, const std::string& class_name);
// Where a query may look, from all that says so: the inputs' masks, the call's attention_mask and
// use_causal_mask, the window. (batch or 1, T, S); undefined when there is nothing to keep to.
Tensor merged_attention_mask(const Structure& inputs, const Call& call, const std::optional<int64_t>& window);
// An initializer that draws anew, as a projection gets it.
Initializer renewed(const Initializer& initializer);

template <class Config>
class HeadsLayer : public ConfiguredLayer<Config> {
public:
    HeadsLayer(const char* class_name, Config config, int64_t head_dim)
        : ConfiguredLayer<Config>(class_name, std::move(config)), scale_(1 / std::sqrt(static_cast<double>(head_dim))) {
        resolve(this->config_.kernel_initializer, this->config_.bias_initializer);
    }
    bool supports_masking() const override { return true; }
    const CallSignature& call_signature() const override { return attention_signature(); }

    using CustomLayer::build;
    using CustomLayer::call;
    void build(const ShapeTree& inputs) override {
        check_attention_inputs(inputs, this->class_name());
        const ShapeTree::List& shapes = inputs.list();
        build_heads(shapes[0].leaf(), shapes[1].leaf(), shapes.size() > 2 ? shapes[2].leaf() : shapes[1].leaf());
    }

    Structure call(const Structure& inputs, const Call& call) override {
        check_attention_inputs(inputs.map([](const Tensor& x) { return x.shape(); }), this->class_name());
        const Structure::List& given = inputs.list();
        const Tensor &query = given[0].leaf(), &value = given[1].leaf(), &key = given.size() > 2 ? given[2].leaf() : value;
        const bool masked = any_mask(call.mask) || any_mask(call.attention_mask) || this->config_.sliding_window;
        const Tensor mask = masked ? merged_attention_mask(inputs, call, this->config_.sliding_window) : Tensor();
        const bool scores_wanted = static_cast<bool>(call.return_attention_scores);
        const Tensor gate = this->config_.use_gate ? gate_(query) : Tensor();
        const Tensor q = query_(query), k = key_(key), v = value_(value);

        Tensor out, scores;
        // With a rate, Keras goes by Softmax, which gives a query that may look at nothing zeros.
        const bool by_softmax = this->config_.dropout > 0 && (call.training || masked);
        if (!by_softmax && !scores_wanted && q.rank() == 4) {
            const Tensor heads_mask = mask.defined() ? with_heads(mask, 4) : Tensor();
            out = ops::dot_product_attention(q, k, v, {.mask = heads_mask, .scale = scale_, .is_causal = !masked && call.use_causal_mask});
        } else {
            const Tensor explicit_mask = !masked && call.use_causal_mask ? ops::causal_mask(q.shape()[1], k.shape()[1]) : mask;
            scores = this->scores(q * scale_, k);
            Call masked_softmax;
            if (explicit_mask.defined()) masked_softmax.mask = with_heads(explicit_mask, scores.rank());
            scores = softmax_(scores, masked_softmax);
            out = combine(this->config_.dropout > 0 ? dropout_(scores, {.training = call.training}) : scores, v);
        }
        out = output_(gate.defined() ? out * gate : out);
        if (!scores_wanted) return out;
        if (const Tensor query_mask = mask_of(call, 0); query_mask.defined()) out.set_mask(query_mask);
        return Structure::List{out, scores};
    }

    Structure compute_mask(const Structure&, const Structure& mask) override {
        return mask.is_list() && !mask.list().empty() ? mask.list()[0] : Structure();
    }

protected:
    virtual void build_heads(const Shape& query, const Shape& value, const Shape& key) = 0;
    // The fit of (scaled) queries to keys, and the sum of values by their weights.
    virtual Tensor scores(const Tensor& query, const Tensor& key) = 0;
    virtual Tensor combine(const Tensor& weights, const Tensor& value) = 0;
    virtual int64_t score_axes() const { return 1; }   // of a query, in the scores

    Layer projection(const char* attribute, const char* name, const std::string& equation, Shape output, const std::string& bias_axes,
                     const Shape& input, const char* activation = nullptr) {
        const Config& c = this->config_;
        EinsumDenseConfig dense{.equation = equation, .output_shape = std::move(output)};
        if (activation) dense.activation = activation;
        if (c.use_bias) dense.bias_axes = bias_axes;
        dense.kernel_initializer = renewed(c.kernel_initializer);
        dense.bias_initializer = renewed(c.bias_initializer);
        dense.kernel_regularizer = c.kernel_regularizer;
        dense.bias_regularizer = c.bias_regularizer;
        dense.activity_regularizer = c.activity_regularizer;
        dense.kernel_constraint = c.kernel_constraint;
        dense.bias_constraint = c.bias_constraint;
        dense.name = name;
        dense.dtype = c.dtype;
        const Layer layer = this->track(attribute, EinsumDense(std::move(dense)));
        layer.build(input);
        return layer;
    }
    void make_softmax_and_dropout(Axes axes) {
        const Config& c = this->config_;
        softmax_ = this->track("_softmax", Softmax({.axis = std::move(axes), .dtype = c.dtype}));
        dropout_ = this->track("_dropout_layer", Dropout({.rate = c.dropout, .seed = c.seed, .dtype = c.dtype}));
    }
    Layer query_, key_, value_, gate_, output_;

private:
    static bool any_mask(const Structure& masks) {
        bool any = false;
        masks.for_each([&](const Tensor& mask) { any = any || mask.defined(); });
        return any;
    }
    static Tensor mask_of(const Call& call, size_t input) {
        return call.mask.is_list() && input < call.mask.list().size() ? call.mask.list()[input].leaf() : Tensor();
    }
    // The mask with the axes that scores have between batch and steps.
    Tensor with_heads(Tensor mask, int64_t rank) const {
        while (mask.rank() < rank) mask = ops::expand_dims(mask, -2 * score_axes() - 1);
        return mask;
    }

    double scale_;
    Layer softmax_, dropout_;
};

}  // namespace cornu::layers
