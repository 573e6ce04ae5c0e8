// ReversibleEmbedding: a row of a table for each index, and from rows back to a score for each index.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/tensor/codec.h"

namespace cornu::layers {

struct CORNU_API ReversibleEmbeddingConfig {
    Required<int64_t> input_dim;
    Required<int64_t> output_dim;
    bool tie_weights = true;                     // backwards with the same table; else one of its own
    Initializer embeddings_initializer = "uniform";
    Regularizer embeddings_regularizer = {};
    Constraint embeddings_constraint = {};
    bool mask_zero = false;
    OptionalDType reverse_dtype = {};            // to compute backwards in; the layer's by default
    std::optional<double> logit_soft_cap = {};   // scores are kept within ± this by tanh
    Regularizer activity_regularizer = {};
    std::optional<int64_t> lora_rank = {};
    std::optional<double> lora_alpha = {};
    Json quantization_config = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ReversibleEmbeddingConfig>& s);
};

// Integers (…) → (…, output_dim). Weights: embeddings (input_dim, output_dim), and, unless they are
// tied, reverse_embeddings (output_dim, input_dim).
class CORNU_API ReversibleEmbedding : public Layer {
public:
    using Config = ReversibleEmbeddingConfig;
    explicit ReversibleEmbedding(ReversibleEmbeddingConfig config);
    Tensor reverse(const Tensor& x) const;       // (…, output_dim) → (…, input_dim); Keras's reverse=True
};

}  // namespace cornu::layers
