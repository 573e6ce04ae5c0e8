#include "cornu/layers/core/embedding.h"

#include "cornu/layers/core/embedding_layer.h"

namespace cornu::layers {

void EmbeddingConfig::describe(Schema<EmbeddingConfig>& s) { describe_embedding(s); }

Embedding::Embedding(EmbeddingConfig config) : Layer(std::make_shared<EmbeddingLayer<EmbeddingConfig>>("Embedding", std::move(config))) {}

}  // namespace cornu::layers
