// Attention of float32, by blocks of queries. Other types, and empty tensors, are left to the
// composition.
#include <algorithm>
#include <cmath>

#include "cornu/backends/native/kernels/attention.h"
#include "cornu/backends/native/kernels/strided.h"
#include "cornu/backends/native/lowering.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::native {

namespace {

// The inputs of the forward call begin at `first`.
AttentionSpec spec_of(const Call& call, const DotProductAttentionAttrs& d, size_t first) {
    const Shape &query = call.shape(first), &key = call.shape(first + 1), &value = call.shape(first + 2);
    const Shape scores{query[0], query[2], query[1], key[1]};
    const auto strides = [&](const Shape& shape) {
        AttentionSpec::Strides out;
        std::ranges::copy(broadcast_strides(shape, scores), out.begin());
        return out;
    };
    AttentionSpec s;
    s.batch = query[0];
    s.queries = query[1];
    s.keys = key[1];
    s.heads = query[2];
    s.key_heads = key[2];
    s.depth = query[3];
    s.value_depth = value[3];
    s.scale = static_cast<float>(d.scale.value_or(1 / std::sqrt(static_cast<double>(query[3]))));
    s.is_causal = d.is_causal;
    if (d.has_bias) s.bias = strides(call.shape(first + 3));
    if (d.has_mask) s.mask = strides(call.shape(first + 3 + d.has_bias));
    return s;
}
AttentionInputs inputs_of(const void* const* in, const DotProductAttentionAttrs& d) {
    return {.query = static_cast<const float*>(in[0]), .key = static_cast<const float*>(in[1]), .value = static_cast<const float*>(in[2]),
            .bias = d.has_bias ? static_cast<const float*>(in[3]) : nullptr,
            .mask = d.has_mask ? static_cast<const bool*>(in[3 + d.has_bias]) : nullptr};
}
bool fits(const Call& call, const DotProductAttentionAttrs& d, size_t first) {
    for (size_t i = 0; i < call.in.size(); ++i) {
        const bool mask = d.has_mask && i == first + 3 + d.has_bias;
        if (call.dtype(i) != (mask ? DType::bool_ : DType::float32) || call.shape(i).size() == 0) return false;
    }
    return true;
}

Kernel lower_forward(const Call& call) {
    const auto& d = call.as<DotProductAttentionAttrs>();
    const Attention kernel(spec_of(call, d, 0));
    return {.run = [=](const void* const* in, void* const* out, void* scratch) { kernel.run(inputs_of(in, d), static_cast<float*>(out[0]), scratch); },
            .scratch_bytes = kernel.scratch_bytes()};
}
bool supports_forward(const Call& call) { return fits(call, call.as<DotProductAttentionAttrs>(), 0); }

Kernel lower_backward(const Call& call) {
    const auto& d = call.as<DotProductAttentionGradAttrs>();
    const AttentionGrad kernel(spec_of(call, d.attention, 1), d.bias_gradient);
    return {.run = [=](const void* const* in, void* const* out, void* scratch) {
                const AttentionGradients grads{.query = static_cast<float*>(out[0]), .key = static_cast<float*>(out[1]), .value = static_cast<float*>(out[2]),
                                               .bias = d.bias_gradient ? static_cast<float*>(out[3]) : nullptr};
                kernel.run(static_cast<const float*>(in[0]), inputs_of(in + 1, d.attention), grads, scratch);
            },
            .scratch_bytes = kernel.scratch_bytes()};
}
bool supports_backward(const Call& call) {
    const Shape &dout = call.shape(0), &query = call.shape(1);
    return fits(call, call.as<DotProductAttentionGradAttrs>().attention, 1) && dout == Shape{query[0], query[1], query[2], call.shape(3)[3]};
}

constexpr Lowering table[] = {{"dot_product_attention", lower_forward, supports_forward}, {"dot_product_attention_grad", lower_backward, supports_backward}};

}  // namespace

std::span<const Lowering> attention_lowerings() { return table; }

}  // namespace cornu::native
