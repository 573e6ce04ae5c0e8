// Conv1D, Conv2D, Conv3D: filters slid over one to three spatial axes.
#pragma once

#include "cornu/activations/activation.h"
#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API ConvConfig {
    Required<int64_t> filters;
    Required<PerAxis> kernel_size;
    PerAxis strides = 1;
    std::string padding = "valid";               // "same"; Conv1D: "causal" too
    std::string data_format = {};
    PerAxis dilation_rate = 1;
    int64_t groups = 1;
    cornu::Activation activation = {};
    bool use_bias = true;
    Initializer kernel_initializer = "glorot_uniform";
    Initializer bias_initializer = "zeros";
    Regularizer kernel_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint kernel_constraint = {};
    Constraint bias_constraint = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ConvConfig>& s);
};

// (batch, spatial…, channels) → (batch, spatial…, filters), or channels first. Weights: kernel
// (spatial…, channels / groups, filters), bias (filters).
class CORNU_API Conv1D : public Layer {
public:
    using Config = ConvConfig;
    explicit Conv1D(ConvConfig config);
};
class CORNU_API Conv2D : public Layer {
public:
    using Config = ConvConfig;
    explicit Conv2D(ConvConfig config);
};
class CORNU_API Conv3D : public Layer {
public:
    using Config = ConvConfig;
    explicit Conv3D(ConvConfig config);
};

}  // namespace cornu::layers
