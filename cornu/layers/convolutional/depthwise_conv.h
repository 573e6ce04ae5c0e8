// Depthwise and separable convolutions: filters that see one channel each.
#pragma once

#include "cornu/activations/activation.h"
#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API DepthwiseConvConfig {
    Required<PerAxis> kernel_size;
    PerAxis strides = 1;
    std::string padding = "valid";               // or "same"
    int64_t depth_multiplier = 1;                // filters of each channel
    std::string data_format = {};
    PerAxis dilation_rate = 1;
    cornu::Activation activation = {};
    bool use_bias = true;
    Initializer depthwise_initializer = "glorot_uniform";
    Initializer bias_initializer = "zeros";
    Regularizer depthwise_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint depthwise_constraint = {};
    Constraint bias_constraint = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<DepthwiseConvConfig>& s);
};
// (batch, spatial…, channels) → (batch, spatial…, channels · depth_multiplier). Weights: kernel
// (spatial…, channels, depth_multiplier), bias.
class CORNU_API DepthwiseConv1D : public Layer { public: using Config = DepthwiseConvConfig; explicit DepthwiseConv1D(DepthwiseConvConfig config); };
class CORNU_API DepthwiseConv2D : public Layer { public: using Config = DepthwiseConvConfig; explicit DepthwiseConv2D(DepthwiseConvConfig config); };

struct CORNU_API SeparableConvConfig {
    Required<int64_t> filters;
    Required<PerAxis> kernel_size;
    PerAxis strides = 1;
    std::string padding = "valid";
    std::string data_format = {};
    PerAxis dilation_rate = 1;
    int64_t depth_multiplier = 1;
    cornu::Activation activation = {};
    bool use_bias = true;
    Initializer depthwise_initializer = "glorot_uniform";
    Initializer pointwise_initializer = "glorot_uniform";
    Initializer bias_initializer = "zeros";
    Regularizer depthwise_regularizer = {};
    Regularizer pointwise_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint depthwise_constraint = {};
    Constraint pointwise_constraint = {};
    Constraint bias_constraint = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<SeparableConvConfig>& s);
};
// A depthwise convolution, then one that mixes channels. Weights: depthwise_kernel,
// pointwise_kernel (1…, channels · depth_multiplier, filters), bias (filters).
class CORNU_API SeparableConv1D : public Layer { public: using Config = SeparableConvConfig; explicit SeparableConv1D(SeparableConvConfig config); };
class CORNU_API SeparableConv2D : public Layer { public: using Config = SeparableConvConfig; explicit SeparableConv2D(SeparableConvConfig config); };

}  // namespace cornu::layers
