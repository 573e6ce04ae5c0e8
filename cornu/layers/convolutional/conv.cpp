#include "cornu/layers/convolutional/conv.h"

#include "cornu/layers/convolutional/conv_common.h"
#include "cornu/ops/convolution.h"

namespace cornu::layers {

namespace {

class ConvLayer final : public ConfiguredLayer<ConvConfig> {
public:
    ConvLayer(const char* class_name, int64_t rank, ConvConfig config) : ConfiguredLayer(class_name, std::move(config)), rank_(rank) {
        standardize(config_.kernel_size.get(), rank_, "kernel_size");
        standardize(config_.strides, rank_, "strides");
        standardize(config_.dilation_rate, rank_, "dilation_rate");
        standardize_padding(config_.padding, rank_ == 1);
        standardize_data_format(config_.data_format);
        resolve(config_.kernel_initializer, config_.bias_initializer);
        set_input_spec({.min_ndim = rank_ + 2});
        if (config_.filters % config_.groups != 0)
            throw ValueError(str("The number of filters must be evenly divisible by the number of groups. Received: groups=", config_.groups,
                                 ", filters=", config_.filters.get(), "."));
        check_strides(config_.strides, config_.dilation_rate);
    }

    void build(const Shape& input) override {
        const int64_t channels = input_channels(input, config_.data_format);
        if (channels % config_.groups != 0)
            throw ShapeError(str("The number of input channels must be evenly divisible by the number of groups. Received groups=", config_.groups,
                                 ", but the input has ", channels, " channels (full input shape is ", input, ")."));
        Shape kernel(config_.kernel_size.get().values);
        kernel.push_back(channels / config_.groups);
        kernel.push_back(config_.filters);
        kernel_ = add_weight({.name = "kernel", .shape = kernel, .initializer = config_.kernel_initializer,
                              .regularizer = config_.kernel_regularizer.function(), .constraint = config_.kernel_constraint.function()});
        if (config_.use_bias)
            bias_ = add_weight({.name = "bias", .shape = {config_.filters}, .initializer = config_.bias_initializer,
                                .regularizer = config_.bias_regularizer.function(), .constraint = config_.bias_constraint.function()});
        set_input_spec({.min_ndim = rank_ + 2, .axes = {{channel_axis(config_.data_format), channels}}});
    }

    Tensor call(const Tensor& inputs, const Call&) override {
        const bool causal = config_.padding == "causal";
        const Tensor x = causal ? pad_causal(inputs, config_.kernel_size.get().values[0], config_.dilation_rate.values[0], config_.data_format) : inputs;
        Tensor y = ops::conv(x, kernel_, config_.strides, causal ? "valid" : config_.padding, config_.data_format, config_.dilation_rate);
        if (config_.use_bias) y = add_channel_bias(y, bias_, config_.data_format);
        return config_.activation(y);
    }

private:
    int64_t rank_;
    Variable kernel_, bias_;
};

}  // namespace

void ConvConfig::describe(Schema<ConvConfig>& s) {
    using C = ConvConfig;
    describe_layer(s);
    s.field<&C::filters>("Number of output channels.").positive();
    s.field<&C::kernel_size>("Size of the filters.");
    s.field<&C::strides>("Step of the filters.");
    s.field<&C::padding>("\"valid\", \"same\"; of Conv1D \"causal\" too.");
    s.field<&C::data_format>("Where the channels are.");
    s.field<&C::dilation_rate>("Distance between a filter's elements.");
    s.field<&C::groups>("In how many groups channels are filtered apart.").positive();
    s.field<&C::activation>("Function of the result.");
    s.field<&C::use_bias>("Whether a bias is added.");
    describe_kernel_and_bias(s);
}

Conv1D::Conv1D(ConvConfig config) : Layer(std::make_shared<ConvLayer>("Conv1D", 1, std::move(config))) {}
Conv2D::Conv2D(ConvConfig config) : Layer(std::make_shared<ConvLayer>("Conv2D", 2, std::move(config))) {}
Conv3D::Conv3D(ConvConfig config) : Layer(std::make_shared<ConvLayer>("Conv3D", 3, std::move(config))) {}

}  // namespace cornu::layers
