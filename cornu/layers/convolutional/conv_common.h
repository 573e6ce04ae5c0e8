// What the convolutional layers share.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

// Where the channels are: 1 or the last axis.
inline int64_t channel_axis(const std::string& data_format) { return data_format == "channels_last" ? -1 : 1; }
// The size of the input's channel axis, which must be known. Throws ShapeError.
int64_t input_channels(const Shape& input, const std::string& data_format);
// y + bias along the channel axis.
Tensor add_channel_bias(const Tensor& y, const Tensor& bias, const std::string& data_format);
// Zeros before the time axis, so that no output sees a later input.
Tensor pad_causal(const Tensor& x, int64_t kernel_size, int64_t dilation_rate, const std::string& data_format);
// Strides and dilation cannot both be above 1, in Keras's words.
void check_strides(const PerAxis& strides, const PerAxis& dilation_rate);

}  // namespace cornu::layers
