// Transposed convolutions: the gradient of a convolution as a layer, which enlarges its input.
#pragma once

#include "cornu/activations/activation.h"
#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API ConvTransposeConfig {
    Required<int64_t> filters;
    Required<PerAxis> kernel_size;
    PerAxis strides = 1;
    std::string padding = "valid";               // or "same"
    PerAxis output_padding = {};                 // smaller than the stride; null: worked out
    std::string data_format = {};
    PerAxis dilation_rate = 1;
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
    static void describe(Schema<ConvTransposeConfig>& s);
};
// Weights: kernel (spatial…, filters, channels), bias (filters).
class CORNU_API Conv1DTranspose : public Layer { public: using Config = ConvTransposeConfig; explicit Conv1DTranspose(ConvTransposeConfig config); };
class CORNU_API Conv2DTranspose : public Layer { public: using Config = ConvTransposeConfig; explicit Conv2DTranspose(ConvTransposeConfig config); };
class CORNU_API Conv3DTranspose : public Layer { public: using Config = ConvTransposeConfig; explicit Conv3DTranspose(ConvTransposeConfig config); };

}  // namespace cornu::layers
