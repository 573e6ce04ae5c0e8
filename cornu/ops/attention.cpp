#include "cornu/ops/attention.h"

#include <cmath>

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/einsum.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

struct DotProductAttentionAttrs {
    bool is_causal = false;
    std::optional<double> scale = {};
    bool has_bias = false, has_mask = false;
    static void describe(Schema<DotProductAttentionAttrs>& s) {
        s.field<&DotProductAttentionAttrs::is_causal>();
        s.field<&DotProductAttentionAttrs::scale>().hidden();
        s.field<&DotProductAttentionAttrs::has_bias>().hidden();
        s.field<&DotProductAttentionAttrs::has_mask>().hidden();
    }
};

Specs infer_attention(const InferArgs& a) {
    const auto& d = a.as<DotProductAttentionAttrs>();
    const size_t expected = 3u + d.has_bias + d.has_mask;
    if (a.in.size() != expected) throw ValueError(str("ops.dot_product_attention takes ", expected, " tensors. Received: ", a.in.size()));
    const Shape &query = a.shape(0), &key = a.shape(1), &value = a.shape(2);
    const auto refuse = [&](const char* rule) {
        throw ShapeError(str("ops.dot_product_attention: ", rule, " Received: query.shape=", query, ", key.shape=", key, ", value.shape=", value));
    };
    if (query.rank() != 4 || key.rank() != 4 || value.rank() != 4) refuse("query, key and value must have four axes, (batch, steps, heads, depth).");
    const auto differ = [](int64_t m, int64_t n) { return m != None && n != None && m != n; };
    if (differ(query[3], key[3])) refuse("query and key must have the same depth.");
    if (differ(key[1], value[1]) || differ(key[2], value[2])) refuse("key and value must have the same steps and heads.");
    if (differ(query[0], key[0]) || differ(query[0], value[0])) refuse("the batch must be the same.");
    if (query[2] != None && key[2] != None && (key[2] == 0 || query[2] % key[2] != 0)) refuse("the query's heads must be a multiple of the key's.");
    const Shape scores{query[0], query[2], query[1], key[1]};
    for (size_t i = 3; i < a.in.size(); ++i) {
        const auto both = broadcast_shapes(a.shape(i), scores);
        if (!both || both->rank() != 4)
            throw ShapeError(str("ops.dot_product_attention: bias and mask must be broadcastable to the scores' shape, ", scores, ". Received: ", a.shape(i)));
    }
    const PromotionOperand operands[] = {{a.dtype(0), false}, {a.dtype(1), false}, {a.dtype(2), false}};
    return {{{query[0], query[1], query[2], value[3]}, to_float_dtype(result_type(operands))}};
}

constinit const Op dot_product_attention_op = {
    .name = "dot_product_attention", .keras = "keras.src.ops.nn.DotProductAttention", .doc = "Softmax of the fit of queries to keys, over values.", .inputs = -1,
    .arguments = "query key value bias? mask?",
    .infer = infer_attention,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& d = attrs.as<DotProductAttentionAttrs>();
        const PromotionOperand operands[] = {{in[0].dtype(), false}, {in[1].dtype(), false}, {in[2].dtype(), false}};
        const DType dtype = to_float_dtype(result_type(operands)), wide = composing::at_least_float32(dtype);
        const Shape &q = in[0].shape(), &k = in[1].shape();
        const int64_t batch = q[0], steps = q[1], heads = q[2], groups = k[2], keys = k[1];
        // (batch, group, query within the group, steps, …) as the product of one group's queries and key.
        const Tensor query = ops::reshape(ops::cast(in[0], wide), {batch, steps, groups, heads / groups, q[3]});
        Tensor scores = ops::einsum("btkgh,bskh->bkgts", {query, ops::cast(in[1], wide)});
        scores = ops::reshape(scores * d.scale.value_or(1 / std::sqrt(static_cast<double>(q[3]))), {batch, heads, steps, keys});
        if (d.has_bias) scores = scores + ops::cast(in[3], wide);
        Tensor mask = d.has_mask ? ops::cast(in[3u + d.has_bias], DType::bool_) : Tensor();
        if (d.is_causal) mask = mask.defined() ? ops::logical_and(mask, ops::causal_mask(steps, keys)) : ops::causal_mask(steps, keys);
        // As JAX does: far away, but finite, so that a row without any key is uniform.
        if (mask.defined()) scores = ops::where(mask, scores, -0.7 * composing::largest(DType::float32));
        const Tensor weights = ops::cast(ops::cast(ops::softmax(scores), dtype), wide);
        const Tensor out = ops::einsum("bkgts,bskh->btkgh", {ops::reshape(weights, {batch, groups, heads / groups, steps, keys}), ops::cast(in[2], wide)});
        return {ops::cast(ops::reshape(out, {batch, steps, heads, in[2].shape()[3]}), dtype)};
    },
    .traits = {.fused = true},
    .samples = {.cases = [] {
        const Spec q{{2, 3, 4, 5}, DType::float64}, k{{2, 4, 2, 5}, DType::float64}, v{{2, 4, 2, 3}, DType::float64};
        return std::vector<OpSample>{
            {{q, k, v}, DotProductAttentionAttrs{}},
            {{q, q, q}, DotProductAttentionAttrs{true, 0.3}},
            {{q, k, v, {{1, 4, 3, 4}, DType::float64}, {{2, 1, 3, 4}, DType::bool_}}, DotProductAttentionAttrs{false, {}, true, true}}};
    }},
    .read_attrs = read_attrs<DotProductAttentionAttrs>};

constexpr const Op* family[] = {&dot_product_attention_op};

}  // namespace

std::span<const Op* const> attention_ops() { return family; }

namespace ops {

Tensor causal_mask(int64_t queries, int64_t keys) {
    const Shape shape{1, queries, keys};
    return ops::greater_equal(prim::iota(shape, 1, DType::int32), prim::iota(shape, 2, DType::int32));
}

Tensor dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value, const DotProductAttentionOptions& options) {
    Tensors in{query, key, value};
    if (options.bias.defined()) in.push_back(options.bias);
    if (options.mask.defined()) in.push_back(options.mask);
    return apply1(dot_product_attention_op, in, DotProductAttentionAttrs{options.is_causal, options.scale, options.bias.defined(), options.mask.defined()});
}

}  // namespace ops
}  // namespace cornu
