// Convolutions over 1 to 3 spatial axes. Kernels are (spatial…, in_channels / groups, out_channels).
#pragma once

#include <optional>
#include <string>

#include "cornu/ops/apply.h"
#include "cornu/ops/per_axis.h"

namespace cornu::ops {

// inputs (batch, spatial…, channels), or channels first by `data_format`; empty: as
// config::image_data_format(). padding: "valid" or "same". The number of groups is the number of
// input channels over the kernel's. Throws ShapeError when shapes don't fit or nothing would be left.
CORNU_API Tensor conv(const Tensor& inputs, const Tensor& kernel, PerAxis strides = 1,
                      const std::string& padding = "valid", const std::string& data_format = {},
                      PerAxis dilation_rate = 1);
// kernel (spatial…, channels, depth multiplier): every channel has filters of its own.
CORNU_API Tensor depthwise_conv(const Tensor& inputs, const Tensor& kernel, PerAxis strides = 1,
                                const std::string& padding = "valid", const std::string& data_format = {},
                                PerAxis dilation_rate = 1);
// A depthwise convolution, then one with windows of size 1.
CORNU_API Tensor separable_conv(const Tensor& inputs, const Tensor& depthwise_kernel,
                                const Tensor& pointwise_kernel, PerAxis strides = 1,
                                const std::string& padding = "valid",
                                const std::string& data_format = {}, PerAxis dilation_rate = 1);
// The gradient of a convolution as an op of its own; kernel (spatial…, out_channels, in_channels).
CORNU_API Tensor conv_transpose(const Tensor& inputs, const Tensor& kernel, PerAxis strides = 1,
                                const std::string& padding = "valid", PerAxis output_padding = {},
                                const std::string& data_format = {}, PerAxis dilation_rate = 1);

}  // namespace cornu::ops

namespace cornu {

// XLA's convolution, channels last. Empty lists: ones (strides, dilations) or zeros (pads).
struct ConvAttrs {
    std::vector<int64_t> strides = {}, pad_low = {}, pad_high = {};  // negative pads cut
    std::vector<int64_t> lhs_dilation = {};  // zeros between inputs
    std::vector<int64_t> rhs_dilation = {};  // zeros between weights
    int64_t groups = 1;
    static void describe(Schema<ConvAttrs>& s) {
        s.field<&ConvAttrs::strides>();
        s.field<&ConvAttrs::pad_low>();
        s.field<&ConvAttrs::pad_high>();
        s.field<&ConvAttrs::lhs_dilation>();
        s.field<&ConvAttrs::rhs_dilation>();
        s.field<&ConvAttrs::groups>();
    }
    CORNU_API ConvAttrs filled(int64_t spatial) const;  // with every list given
};
// The attributes of the two gradients: those of the convolution, and the spatial sizes wanted.
struct ConvGradAttrs {
    ConvAttrs conv;
    std::vector<int64_t> sizes;
    static void describe(Schema<ConvGradAttrs>& s) {
        s.field<&ConvGradAttrs::conv>();
        s.field<&ConvGradAttrs::sizes>();
    }
};
template <> struct Codec<ConvAttrs> {
    static Json encode(const ConvAttrs& v) { return to_json(v); }
    static void decode(const Json& j, ConvAttrs& v) { v = from_json<ConvAttrs>(j, "conv"); }
};

// Zeros before and after each spatial axis for "same", "valid" or "causal" (before only), as XLA.
CORNU_API void conv_padding(const std::string& padding, const std::vector<int64_t>& sizes,
                            const std::vector<int64_t>& window, const std::vector<int64_t>& strides,
                            const std::vector<int64_t>& dilation, std::vector<int64_t>& low,
                            std::vector<int64_t>& high);

namespace prim {
// x (batch, spatial…, in), kernel (spatial…, in / groups, out) → (batch, spatial…, out).
CORNU_API Tensor conv(const Tensor& x, const Tensor& kernel, ConvAttrs attrs = {});
// The gradient with respect to x, whose spatial sizes are `input_sizes`.
CORNU_API Tensor conv_grad_input(const Tensor& dy, const Tensor& kernel, ConvAttrs attrs,
                                 std::vector<int64_t> input_sizes);
// The gradient with respect to the kernel, whose spatial sizes are `kernel_sizes`.
CORNU_API Tensor conv_grad_filter(const Tensor& x, const Tensor& dy, ConvAttrs attrs,
                                  std::vector<int64_t> kernel_sizes);
}  // namespace prim
}  // namespace cornu
