#include "cornu/layers/attention/group_query_attention.h"

#include "cornu/layers/attention/heads.h"
#include "cornu/ops/manipulation.h"

namespace cornu::layers {

namespace {

// Letters: b batch, q and k steps of query and key, m features, u and v heads of query and key, h a head's size.
class GroupQueryAttentionLayer final : public HeadsLayer<GroupQueryAttentionConfig> {
public:
    explicit GroupQueryAttentionLayer(GroupQueryAttentionConfig config) : HeadsLayer("GroupQueryAttention", config, config.head_dim) {
        if (config_.num_query_heads % config_.num_key_value_heads != 0)
            throw ValueError(str("`num_query_heads` must be divisible by `num_key_value_heads`. Received: num_query_heads=", config_.num_query_heads,
                                 ", num_key_value_heads=", config_.num_key_value_heads));
    }

    SpecTree compute_output_spec(const SpecTree& inputs, const Call& call) override {
        check_attention_inputs(inputs.map([](const Spec& spec) { return spec.shape; }), class_name());
        const Shape& query = inputs.list()[0].leaf().shape;
        const Spec out{query, compute_dtype()};
        if (!call.return_attention_scores) return out;
        return SpecTree::List{out, Spec{{query[0], config_.num_query_heads, query[1], inputs.list()[1].leaf().shape[1]}, compute_dtype()}};
    }

private:
    void build_heads(const Shape& query, const Shape& value, const Shape& key) override {
        if (query.rank() != 3 || value.rank() != 3)
            throw ShapeError(str("GroupQueryAttention takes inputs of three axes, (batch, steps, features). Received: query_shape=", query, ", value_shape=", value));
        const int64_t heads = config_.num_query_heads, shared = config_.num_key_value_heads, size = config_.head_dim;
        query_ = projection("_query_dense", "query", "bqm,muh->bquh", {None, heads, size}, "uh", query);
        key_ = projection("_key_dense", "key", "bkm,mvh->bkvh", {None, shared, size}, "vh", key);
        if (config_.use_gate) gate_ = projection("_gate_dense", "gate", "bqm,muh->bquh", {None, heads, size}, "uh", query, "sigmoid");
        value_ = projection("_value_dense", "value", "bkm,mvh->bkvh", {None, shared, size}, "vh", value);
        make_softmax_and_dropout(-1);
        output_ = projection("_output_dense", "attention_output", "bquh,uhm->bqm", {None, query.back()}, "m", {None, None, heads, size});
    }

    // One key and value for each query head; dot_product_attention groups them by itself.
    Tensor for_each_head(const Tensor& shared) const { return ops::repeat(shared, config_.num_query_heads / config_.num_key_value_heads, 2); }
    Tensor scores(const Tensor& query, const Tensor& key) override { return ops::einsum("bquh,bkuh->buqk", {query, for_each_head(key)}); }
    Tensor combine(const Tensor& weights, const Tensor& value) override { return ops::einsum("buqk,bkuh->bquh", {weights, for_each_head(value)}); }
};

}  // namespace

void GroupQueryAttentionConfig::describe(Schema<GroupQueryAttentionConfig>& s) {
    using C = GroupQueryAttentionConfig;
    describe_layer(s);
    s.field<&C::head_dim>("Size of a head.").positive();
    s.field<&C::num_query_heads>("How many heads of queries.").positive();
    s.field<&C::num_key_value_heads>("How many heads of keys and values; divides num_query_heads.").positive();
    s.field<&C::use_bias>("Whether projections have a bias.");
    s.field<&C::use_gate>("Whether heads are multiplied by a sigmoid of the query.");
    s.field<&C::sliding_window>("A query looks only at keys less than this far away.").positive();
    s.field<&C::dropout>("The share of weights that training drops.").between(0, 1);
    describe_heads(s);
}

GroupQueryAttention::GroupQueryAttention(GroupQueryAttentionConfig config) : Layer(std::make_shared<GroupQueryAttentionLayer>(std::move(config))) {}

}  // namespace cornu::layers
