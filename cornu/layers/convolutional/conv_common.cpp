#include "cornu/layers/convolutional/conv_common.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

int64_t input_channels(const Shape& input, const std::string& data_format) {
    const int64_t channels = input.dim(channel_axis(data_format));
    if (channels == None)
        throw ShapeError(str("The channel dimension of the inputs should be defined. Received: input_shape=", input));
    return channels;
}

Tensor add_channel_bias(const Tensor& y, const Tensor& bias, const std::string& data_format) {
    if (data_format == "channels_last") return y + bias;
    Shape shape(std::vector<int64_t>(static_cast<size_t>(y.rank()), 1));
    shape[1] = bias.size();
    return y + ops::reshape(bias, shape);
}

Tensor pad_causal(const Tensor& x, int64_t kernel_size, int64_t dilation_rate, const std::string& data_format) {
    std::vector<std::pair<int64_t, int64_t>> widths(3);
    widths[data_format == "channels_last" ? 1 : 2].first = dilation_rate * (kernel_size - 1);
    return ops::pad(x, widths);
}

void check_strides(const PerAxis& strides, const PerAxis& dilation_rate) {
    const auto most = [](const PerAxis& v) { return *std::max_element(v.values.begin(), v.values.end()); };
    if (most(strides) > 1 && most(dilation_rate) > 1)
        throw ValueError(str("`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: strides=", Shape(strides.values),
                             " and dilation_rate=", Shape(dilation_rate.values)));
}

}  // namespace cornu::layers
