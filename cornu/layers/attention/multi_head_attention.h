// MultiHeadAttention: several attentions side by side, each on a projection of its own.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/tensor/codec.h"

namespace cornu::layers {

struct CORNU_API MultiHeadAttentionConfig {
    Required<int64_t> num_heads;
    Required<int64_t> key_dim;                   // size of a head's query and key
    std::optional<int64_t> value_dim = {};       // size of a head's value; key_dim by default
    double dropout = 0.0;                        // of the attention's weights, in training
    bool use_bias = true;
    OptionalShape output_shape = {};             // of one step; the query's by default
    std::optional<std::vector<int64_t>> attention_axes = {};   // all between batch and features by default
    std::optional<int64_t> sliding_window = {};  // a query looks only at keys less than this far away
    std::optional<bool> flash_attention = {};    // taken from Keras; means nothing here
    Initializer kernel_initializer = "glorot_uniform";
    Initializer bias_initializer = "zeros";
    Regularizer kernel_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};       // of each projection's output
    Constraint kernel_constraint = {};
    Constraint bias_constraint = {};
    bool use_gate = false;                       // heads are multiplied by a sigmoid of the query
    std::optional<int64_t> seed = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static constexpr bool sublayers_regularize_activity = true;
    static void describe(Schema<MultiHeadAttentionConfig>& s);
};

// {query (batch, T, …, d_q), value (batch, S, …, d_v)}, and key (batch, S, …, d_k), which is the value by
// default → (batch, T, …, d_q or output_shape). Call: attention_mask (batch, T, S), use_causal_mask;
// with return_attention_scores the outputs are [output, scores (batch, num_heads, T, S)].
// Sublayers: query, key, value, attention_output; gate with use_gate.
// Source: Vaswani et al., "Attention Is All You Need", 2017.
class CORNU_API MultiHeadAttention : public Layer {
public:
    using Config = MultiHeadAttentionConfig;
    explicit MultiHeadAttention(MultiHeadAttentionConfig config);
};

}  // namespace cornu::layers
