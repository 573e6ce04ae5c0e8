// Embedding: a row of a table for each index.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API EmbeddingConfig {
    Required<int64_t> input_dim;                 // rows: indices lie in [0, input_dim)
    Required<int64_t> output_dim;
    Initializer embeddings_initializer = "uniform";
    Regularizer embeddings_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint embeddings_constraint = {};
    bool mask_zero = false;                      // index 0 is padding, masked from later layers
    std::optional<int64_t> lora_rank = {};       // LoRA from the start, see lora.h
    std::optional<double> lora_alpha = {};
    Json quantization_config = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<EmbeddingConfig>& s);
};

// Integers of any shape (…) → (…, output_dim). Weight: embeddings (input_dim, output_dim).
class CORNU_API Embedding : public Layer {
public:
    using Config = EmbeddingConfig;
    explicit Embedding(EmbeddingConfig config);
};

}  // namespace cornu::layers
