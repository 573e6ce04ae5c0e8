// Dense: activation(x · kernel + bias) over the last axis.
#pragma once

#include "cornu/activations/activation.h"
#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API DenseConfig {
    Required<int64_t> units;
    cornu::Activation activation = {};
    bool use_bias = true;
    Initializer kernel_initializer = "glorot_uniform";
    Initializer bias_initializer = "zeros";
    Regularizer kernel_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint kernel_constraint = {};
    Constraint bias_constraint = {};
    std::optional<int64_t> lora_rank = {};   // LoRA from the start, see lora.h
    std::optional<double> lora_alpha = {};
    Json quantization_config = {};   // null: weights that are quantized are not supported yet
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<DenseConfig>& s);
};

// (batch, …, n) → (batch, …, units). Weights: kernel (n, units), bias (units).
class CORNU_API Dense : public Layer {
public:
    using Config = DenseConfig;
    explicit Dense(DenseConfig config);
};

}  // namespace cornu::layers
