// GroupQueryAttention: attention of many query heads to fewer heads of keys and values.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/tensor/codec.h"

namespace cornu::layers {

struct CORNU_API GroupQueryAttentionConfig {
    Required<int64_t> head_dim;
    Required<int64_t> num_query_heads;
    Required<int64_t> num_key_value_heads;       // divides num_query_heads
    double dropout = 0.0;                        // of the attention's weights, in training
    bool use_bias = true;
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
    static void describe(Schema<GroupQueryAttentionConfig>& s);
};

// As MultiHeadAttention, on inputs of three axes. Keras's name for the class is GroupQueryAttention.
// Source: Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models", 2023.
class CORNU_API GroupQueryAttention : public Layer {
public:
    using Config = GroupQueryAttentionConfig;
    explicit GroupQueryAttention(GroupQueryAttentionConfig config);
};

}  // namespace cornu::layers
