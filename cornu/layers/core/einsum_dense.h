// EinsumDense: a dense layer whose product is an einsum of one's own.
#pragma once

#include "cornu/activations/activation.h"
#include "cornu/layers/configured_layer.h"
#include "cornu/tensor/codec.h"

namespace cornu::layers {

struct CORNU_API EinsumDenseConfig {
    Required<std::string> equation;              // "abc,cd->abd", "...x,xy->...y" or "ab...,bc->ac..."
    Required<Shape> output_shape;                // without the batch and "..."; None: as the input's
    cornu::Activation activation = {};
    std::optional<std::string> bias_axes = {};   // letters of the output that the bias runs over
    Initializer kernel_initializer = "glorot_uniform";
    Initializer bias_initializer = "zeros";
    Regularizer kernel_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint kernel_constraint = {};
    Constraint bias_constraint = {};
    std::optional<int64_t> lora_rank = {};       // LoRA from the start, see lora.h
    std::optional<double> lora_alpha = {};
    Json quantization_config = {};               // null only
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<EinsumDenseConfig>& s);
};

// Weights: kernel, of the shape that the equation's second term and the output's shape give; bias.
class CORNU_API EinsumDense : public Layer {
public:
    using Config = EinsumDenseConfig;
    explicit EinsumDense(EinsumDenseConfig config);
};

}  // namespace cornu::layers
