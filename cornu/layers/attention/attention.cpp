#include "cornu/layers/attention/attention.h"

#include "cornu/layers/regularization/noise.h"
#include "cornu/ops/attention.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

// The sum over features of f(query + key) for every pair of steps.
Tensor pair_sums(const Tensor& query, const Tensor& key) { return ops::expand_dims(query, -2) + ops::expand_dims(key, -3); }

template <class Config>
class AttentionBase : public SeededLayer<Config> {
public:
    AttentionBase(const char* class_name, Config config) : SeededLayer<Config>(class_name, config, config.dropout > 0, true) {}
    bool supports_masking() const override { return true; }

    using CustomLayer::build;
    using CustomLayer::call;
    void build(const ShapeTree& inputs) override {
        check(inputs);
        build_weights(inputs.list()[0].leaf());
    }

    Structure call(const Structure& inputs, const Call& call) override {
        check(inputs.map([](const Tensor& x) { return x.shape(); }));
        const Tensors x = inputs.flatten();
        const Tensor &query = x[0], &value = x[1], &key = x.size() > 2 ? x[2] : x[1];
        const Tensors masks = call.mask.is_list() ? call.mask.flatten() : Tensors();
        const Tensor query_mask = masks.empty() ? Tensor() : masks[0], value_mask = masks.size() > 1 ? masks[1] : Tensor();
        Tensor scores = this->scores(query, key);
        Tensor visible = value_mask.defined() ? ops::cast(value_mask, DType::bool_) : Tensor();
        if (visible.defined() && visible.rank() == 2) visible = ops::expand_dims(visible, -2);
        if (call.use_causal_mask) {
            const Tensor back = ops::causal_mask(scores.shape().dim(-2), scores.shape().dim(-1));
            visible = visible.defined() ? ops::logical_and(visible, back) : back;
        }
        if (visible.defined()) scores = ops::where(visible, scores, scores - (scores.dtype() == DType::float16 ? 65504.0 : 1e9));
        Tensor weights = ops::softmax(scores);
        if (call.training && this->config_.dropout > 0) weights = dropout(weights, this->config_.dropout, this->next_key(), weights.shape());
        Tensor out = ops::matmul(weights, value);
        if (query_mask.defined()) out = ops::where(ops::expand_dims(ops::cast(query_mask, DType::bool_), -1), out, 0.0);
        return call.return_attention_scores ? Structure(Structure::List{out, weights}) : Structure(out);
    }

    SpecTree compute_output_spec(const SpecTree& inputs, const Call& call) override {
        check(inputs.map([](const Spec& x) { return x.shape; }));
        const Specs x = inputs.flatten();   // steps may be unknown, which a trace could not follow
        Shape out = x[0].shape, scores = x[0].shape;
        out[out.rank() - 1] = x[1].shape.back();
        scores[scores.rank() - 1] = x.back().shape.dim(-2);
        const Spec outputs{out, this->compute_dtype()};
        if (!call.return_attention_scores) return outputs;
        return SpecTree::List{outputs, Spec{scores, this->compute_dtype()}};
    }

    Structure compute_mask(const Structure&, const Structure& mask) override {
        return mask.is_list() && !mask.list().empty() && mask.list()[0].is_leaf() ? mask.list()[0] : Structure();
    }

protected:
    virtual void build_weights(const Shape& query) = 0;
    virtual Tensor scores(const Tensor& query, const Tensor& key) = 0;

private:
    void check(const ShapeTree& inputs) const {
        const size_t count = inputs.leaf_count();
        if (!inputs.is_list())
            throw ValueError(str(this->class_name(), " layer must be called on a list of inputs, namely [query, value] or [query, value, key]. Received: one input."));
        if (count < 2 || count > 3)
            throw ValueError(str(this->class_name(), " layer accepts inputs list of length 2 or 3, namely [query, value] or [query, value, key]. Received length: ", count, "."));
        inputs.for_each([&](const Shape& shape) {
            if (shape.rank() < 2) throw ShapeError(str(this->class_name(), ": inputs must have the axes (batch, steps, features). Received: ", shape));
        });
    }
};

class AttentionLayer final : public AttentionBase<AttentionConfig> {
public:
    explicit AttentionLayer(AttentionConfig config) : AttentionBase("Attention", std::move(config)) {}

private:
    void build_weights(const Shape&) override {
        if (config_.use_scale) scale_ = add_weight({.name = "scale", .shape = {}, .initializer = "ones"});
        if (config_.score_mode == "concat") concat_ = add_weight({.name = "concat_score_weight", .shape = {}, .initializer = "ones"});
    }
    Tensor scores(const Tensor& query, const Tensor& key) override {
        if (config_.score_mode == "dot") {
            const Tensor dots = ops::matmul(query, ops::swapaxes(key, -2, -1));
            return config_.use_scale ? dots * scale_ : dots;
        }
        const Tensor sums = pair_sums(query, key);
        return Tensor(concat_) * ops::sum(ops::tanh(config_.use_scale ? Tensor(scale_) * sums : sums), -1);
    }
    Variable scale_, concat_;
};

class AdditiveAttentionLayer final : public AttentionBase<AdditiveAttentionConfig> {
public:
    explicit AdditiveAttentionLayer(AdditiveAttentionConfig config) : AttentionBase("AdditiveAttention", std::move(config)) {}

private:
    void build_weights(const Shape& query) override {
        if (config_.use_scale) scale_ = add_weight({.name = "scale", .shape = {query.back()}, .initializer = "glorot_uniform"});
    }
    Tensor scores(const Tensor& query, const Tensor& key) override {
        const Tensor each = ops::tanh(pair_sums(query, key));
        return ops::sum(config_.use_scale ? Tensor(scale_) * each : each, -1);
    }
    Variable scale_;
};

}  // namespace

void AttentionConfig::describe(Schema<AttentionConfig>& s) {
    describe_layer(s);
    s.field<&AttentionConfig::use_scale>("Whether scores have a learned factor.");
    s.field<&AttentionConfig::score_mode>("How a key is held against a query.").one_of({"dot", "concat"});
    s.field<&AttentionConfig::dropout>("The share of weights that training drops.").between(0, 1);
    s.field<&AttentionConfig::seed>("Seed; drawn when not given.");
}
void AdditiveAttentionConfig::describe(Schema<AdditiveAttentionConfig>& s) {
    describe_layer(s);
    s.field<&AdditiveAttentionConfig::use_scale>("Whether features have learned factors.");
    s.field<&AdditiveAttentionConfig::dropout>("The share of weights that training drops.").between(0, 1);
    s.field<&AdditiveAttentionConfig::seed>("Seed; drawn when not given.");
}

Attention::Attention(AttentionConfig config) : Layer(std::make_shared<AttentionLayer>(std::move(config))) {}
AdditiveAttention::AdditiveAttention(AdditiveAttentionConfig config) : Layer(std::make_shared<AdditiveAttentionLayer>(std::move(config))) {}

}  // namespace cornu::layers
