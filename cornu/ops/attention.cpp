#include "cornu/ops/attention.h"

#include <cmath>

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/einsum.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

DType common_float(DType query, DType key, DType value) {
    const PromotionOperand operands[] = {{query, false}, {key, false}, {value, false}};
    return to_float_dtype(result_type(operands));
}

bool known_to_differ(int64_t m, int64_t n) { return m != None && n != None && m != n; }

Specs infer_attention(const InferArgs& a) {
    const auto& d = a.as<DotProductAttentionAttrs>();
    const size_t expected = 3u + d.has_bias + d.has_mask;
    if (a.in.size() != expected) throw ValueError(str("ops.dot_product_attention takes ", expected, " tensors. Received: ", a.in.size()));
    const Shape &query = a.shape(0), &key = a.shape(1), &value = a.shape(2);
    const auto refuse = [&](const char* rule) {
        throw ShapeError(str("ops.dot_product_attention: ", rule, " Received: query.shape=", query, ", key.shape=", key, ", value.shape=", value));
    };
    if (query.rank() != 4 || key.rank() != 4 || value.rank() != 4) refuse("query, key and value must have four axes, (batch, steps, heads, depth).");
    if (known_to_differ(query[3], key[3])) refuse("query and key must have the same depth.");
    if (known_to_differ(key[1], value[1]) || known_to_differ(key[2], value[2])) refuse("key and value must have the same steps and heads.");
    if (known_to_differ(query[0], key[0]) || known_to_differ(query[0], value[0])) refuse("the batch must be the same.");
    if (query[2] != None && key[2] != None && (key[2] == 0 || query[2] % key[2] != 0)) refuse("the query's heads must be a multiple of the key's.");
    const Shape scores{query[0], query[2], query[1], key[1]};
    for (size_t i = 3; i < a.in.size(); ++i) {
        const Shape& shape = a.shape(i);
        bool fits = shape.rank() <= 4;
        for (int64_t axis = -shape.rank(); fits && axis < 0; ++axis) fits = shape.dim(axis) == 1 || !known_to_differ(shape.dim(axis), scores.dim(axis));
        if (!fits)
            throw ShapeError(str("ops.dot_product_attention: bias and mask must be broadcastable to the scores' shape, ", scores, ". Received: ", shape));
    }
    return {{{query[0], query[1], query[2], value[3]}, common_float(a.dtype(0), a.dtype(1), a.dtype(2))}};
}

// The composition up to its weights. Inputs are in the dtype of the scores; query heads stand by the
// key that serves them: (batch, steps, groups, heads of a group, depth).
struct Parts {
    DType dtype;                 // of the result
    Tensor query, key, value;
    Tensor mask;                 // undefined: every key may be looked at
    Tensor softmax, weights;     // (batch, heads, T, S); weights are rounded to the result's dtype
    double scale;
    Shape grouped;               // (batch, groups, heads of a group, T, S)
};

Parts parts_of(const Tensors& in, const DotProductAttentionAttrs& d) {
    Parts p;
    p.dtype = common_float(in[0].dtype(), in[1].dtype(), in[2].dtype());
    const DType wide = composing::at_least_float32(p.dtype);
    const Shape &q = in[0].shape(), &k = in[1].shape();
    const int64_t batch = q[0], steps = q[1], heads = q[2], groups = k[2], keys = k[1];
    p.query = ops::reshape(ops::cast(in[0], wide), {batch, steps, groups, heads / groups, q[3]});
    p.key = ops::cast(in[1], wide);
    p.value = ops::cast(in[2], wide);
    p.scale = d.scale.value_or(1 / std::sqrt(static_cast<double>(q[3])));
    p.grouped = {batch, groups, heads / groups, steps, keys};
    Tensor scores = ops::einsum("btkgh,bskh->bkgts", {p.query, p.key});
    scores = ops::reshape(scores * p.scale, {batch, heads, steps, keys});
    if (d.has_bias) scores = scores + ops::cast(in[3], wide);
    if (d.has_mask) p.mask = ops::cast(in[3u + d.has_bias], DType::bool_);
    if (d.is_causal) p.mask = p.mask.defined() ? ops::logical_and(p.mask, ops::causal_mask(steps, keys)) : ops::causal_mask(steps, keys);
    // As JAX does: far away, but finite, so that a row without any key is uniform.
    if (p.mask.defined()) scores = ops::where(p.mask, scores, -0.7 * composing::largest(DType::float32));
    p.softmax = ops::softmax(scores);
    p.weights = ops::cast(ops::cast(p.softmax, p.dtype), wide);
    return p;
}

std::vector<OpSample> attention_samples() {
    const Spec q{{2, 3, 4, 5}, DType::float64}, k{{2, 4, 2, 5}, DType::float64}, v{{2, 4, 2, 3}, DType::float64};
    return {{{q, k, v}, DotProductAttentionAttrs{}},
            {{q, q, q}, DotProductAttentionAttrs{true, 0.3}},
            {{q, k, v, {{1, 4, 3, 4}, DType::float64}, {{2, 1, 3, 4}, DType::bool_}}, DotProductAttentionAttrs{false, {}, true, true}},
            {{q, k, v, {{2, 1, 1, 4}, DType::float64}}, DotProductAttentionAttrs{true, -0.5, true, false}}};
}

extern const Op dot_product_attention_grad_op;

constinit const Op dot_product_attention_op = {
    .name = "dot_product_attention", .keras = "keras.src.ops.nn.DotProductAttention", .doc = "Softmax of the fit of queries to keys, over values.", .inputs = -1,
    .arguments = "query key value * bias? mask? scale=",
    .infer = infer_attention,
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& d = v.as<DotProductAttentionAttrs>();
        Tensors in{v.g()};
        in.insert(in.end(), v.in.begin(), v.in.end());
        const bool bias_gradient = d.has_bias && v.wants(3);
        Tensors grads = apply(dot_product_attention_grad_op, in, DotProductAttentionGradAttrs{d, bias_gradient});
        grads.resize(v.in.size());   // a mask has none
        return grads;
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Parts p = parts_of(in, attrs.as<DotProductAttentionAttrs>());
        const Shape& q = in[0].shape();
        const Tensor out = ops::einsum("bkgts,bskh->btkgh", {ops::reshape(p.weights, p.grouped), p.value});
        return {ops::cast(ops::reshape(out, {q[0], q[1], q[2], in[2].shape()[3]}), p.dtype)};
    },
    .traits = {.fused = true},
    .samples = {.cases = attention_samples},
    .read_attrs = read_attrs<DotProductAttentionAttrs>};

// What the derivatives of the composition give, rounded where it rounds.
constinit const Op dot_product_attention_grad_op = {
    .name = "dot_product_attention_grad", .doc = "Gradients of attention with respect to query, key, value and bias.", .inputs = -1,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& d = a.as<DotProductAttentionGradAttrs>();
        if (d.bias_gradient && !d.attention.has_bias) throw ValueError("dot_product_attention_grad: without a bias there is no gradient of one.");
        const Attrs attention = d.attention;
        const Spec out = infer_attention({a.op, a.in.subspan(1), attention})[0];
        bool same = out.shape.rank() == a.shape(0).rank();
        for (int64_t i = 0; same && i < out.shape.rank(); ++i) same = !known_to_differ(out.shape[i], a.shape(0)[i]);
        if (!same)
            throw ShapeError(str("dot_product_attention_grad: the gradient must have the shape of the result, ", out.shape, ". Received: ", a.shape(0)));
        Specs grads;
        for (size_t i = 1; i <= 3u + d.bias_gradient; ++i) grads.push_back({a.shape(i), out.dtype});
        return grads;
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& d = attrs.as<DotProductAttentionGradAttrs>();
        const Parts p = parts_of({in.begin() + 1, in.end()}, d.attention);
        const Shape &q = in[1].shape(), &dout = in[0].shape();
        const Shape scores{q[0], q[2], q[1], in[2].shape()[1]};
        const Tensor dy = ops::reshape(ops::cast(in[0], p.value.dtype()), {dout[0], dout[1], p.grouped[1], p.grouped[2], dout[3]});
        const Tensor dvalue = ops::einsum("bkgts,btkgh->bskh", {ops::reshape(p.weights, p.grouped), dy});
        Tensor dweights = ops::reshape(ops::einsum("btkgh,bskh->bkgts", {dy, p.value}), scores);
        dweights = ops::cast(ops::cast(dweights, p.dtype), p.value.dtype()) * p.softmax;
        Tensor dscores = dweights - p.softmax * ops::sum(dweights, -1, true);
        if (p.mask.defined()) dscores = ops::where(p.mask, dscores, 0.0);
        const Tensor dproducts = ops::reshape(dscores * p.scale, p.grouped);
        Tensors grads{ops::reshape(ops::einsum("bkgts,bskh->btkgh", {dproducts, p.key}), q),
                      ops::einsum("bkgts,btkgh->bskh", {dproducts, p.query}), dvalue};
        if (d.bias_gradient) grads.push_back(sum_to_shape(dscores, in[4].shape()));
        for (Tensor& grad : grads) grad = ops::cast(grad, p.dtype);
        return grads;
    },
    .traits = {.fused = true},
    .samples = {.cases = [] {
        std::vector<OpSample> out;
        for (const OpSample& s : attention_samples()) {
            const auto& d = s.attrs.as<DotProductAttentionAttrs>();
            Specs in = infer_specs(dot_product_attention_op, s.in, s.attrs);
            in.insert(in.end(), s.in.begin(), s.in.end());
            out.push_back({in, DotProductAttentionGradAttrs{d, d.has_bias}});
        }
        return out;
    }}};

constexpr const Op* family[] = {&dot_product_attention_op, &dot_product_attention_grad_op};

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
