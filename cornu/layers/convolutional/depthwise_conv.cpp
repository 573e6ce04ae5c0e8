#include "cornu/layers/convolutional/depthwise_conv.h"

#include "cornu/layers/convolutional/conv_common.h"
#include "cornu/ops/convolution.h"

namespace cornu::layers {

namespace {

template <class Config>
void standardize_conv(Config& config, int64_t rank) {
    standardize(config.kernel_size.get(), rank, "kernel_size");
    standardize(config.strides, rank, "strides");
    standardize(config.dilation_rate, rank, "dilation_rate");
    standardize_padding(config.padding);
    standardize_data_format(config.data_format);
}

class DepthwiseConvLayer final : public ConfiguredLayer<DepthwiseConvConfig> {
public:
    DepthwiseConvLayer(const char* class_name, int64_t rank, DepthwiseConvConfig config) : ConfiguredLayer(class_name, std::move(config)), rank_(rank) {
        standardize_conv(config_, rank_);
        resolve(config_.depthwise_initializer, config_.bias_initializer);
        set_input_spec({.min_ndim = rank_ + 2});
    }

    void build(const Shape& input) override {
        const int64_t channels = input_channels(input, config_.data_format);
        set_input_spec({.min_ndim = rank_ + 2, .axes = {{channel_axis(config_.data_format), channels}}});
        Shape kernel(config_.kernel_size.get().values);
        kernel.push_back(channels);
        kernel.push_back(config_.depth_multiplier);
        kernel_ = add_weight({.name = "kernel", .shape = kernel, .initializer = config_.depthwise_initializer,
                              .regularizer = config_.depthwise_regularizer.function(), .constraint = config_.depthwise_constraint.function()});
        if (config_.use_bias)
            bias_ = add_weight({.name = "bias", .shape = {channels * config_.depth_multiplier}, .initializer = config_.bias_initializer,
                                .regularizer = config_.bias_regularizer.function(), .constraint = config_.bias_constraint.function()});
    }

    Tensor call(const Tensor& x, const Call&) override {
        Tensor y = ops::depthwise_conv(x, kernel_, config_.strides, config_.padding, config_.data_format, config_.dilation_rate);
        if (config_.use_bias) y = add_channel_bias(y, bias_, config_.data_format);
        return config_.activation(y);
    }

private:
    int64_t rank_;
    Variable kernel_, bias_;
};

class SeparableConvLayer final : public ConfiguredLayer<SeparableConvConfig> {
public:
    SeparableConvLayer(const char* class_name, int64_t rank, SeparableConvConfig config) : ConfiguredLayer(class_name, std::move(config)), rank_(rank) {
        standardize_conv(config_, rank_);
        resolve(config_.depthwise_initializer, config_.pointwise_initializer, config_.bias_initializer);
        set_input_spec({.min_ndim = rank_ + 2});
    }

    void build(const Shape& input) override {
        const int64_t channels = input_channels(input, config_.data_format);
        set_input_spec({.min_ndim = rank_ + 2, .axes = {{channel_axis(config_.data_format), channels}}});
        Shape depthwise(config_.kernel_size.get().values), pointwise(std::vector<int64_t>(static_cast<size_t>(rank_), 1));
        depthwise.push_back(channels);
        depthwise.push_back(config_.depth_multiplier);
        pointwise.push_back(channels * config_.depth_multiplier);
        pointwise.push_back(config_.filters);
        depthwise_ = add_weight({.name = "depthwise_kernel", .shape = depthwise, .initializer = config_.depthwise_initializer,
                                 .regularizer = config_.depthwise_regularizer.function(), .constraint = config_.depthwise_constraint.function()});
        pointwise_ = add_weight({.name = "pointwise_kernel", .shape = pointwise, .initializer = config_.pointwise_initializer,
                                 .regularizer = config_.pointwise_regularizer.function(), .constraint = config_.pointwise_constraint.function()});
        if (config_.use_bias)
            bias_ = add_weight({.name = "bias", .shape = {config_.filters}, .initializer = config_.bias_initializer,
                                .regularizer = config_.bias_regularizer.function(), .constraint = config_.bias_constraint.function()});
    }

    Tensor call(const Tensor& x, const Call&) override {
        Tensor y = ops::separable_conv(x, depthwise_, pointwise_, config_.strides, config_.padding, config_.data_format, config_.dilation_rate);
        if (config_.use_bias) y = add_channel_bias(y, bias_, config_.data_format);
        return config_.activation(y);
    }

private:
    int64_t rank_;
    Variable depthwise_, pointwise_, bias_;
};

}  // namespace

void DepthwiseConvConfig::describe(Schema<DepthwiseConvConfig>& s) {
    using C = DepthwiseConvConfig;
    describe_layer(s);
    s.field<&C::depth_multiplier>("Filters of each channel.").positive();
    s.field<&C::kernel_size>("Size of the filters.");
    s.field<&C::strides>("Step of the filters.");
    s.field<&C::padding>("\"valid\" or \"same\".");
    s.field<&C::data_format>("Where the channels are.");
    s.field<&C::dilation_rate>("Distance between a filter's elements.");
    s.field<&C::activation>("Function of the result.");
    s.field<&C::use_bias>("Whether a bias is added.");
    s.field<&C::depthwise_initializer>("How the kernel starts.");
    s.field<&C::bias_initializer>("How the bias starts.");
    s.field<&C::depthwise_regularizer>("Penalty on the kernel.");
    s.field<&C::bias_regularizer>("Penalty on the bias.");
    s.field<&C::activity_regularizer>("Penalty on the output.");
    s.field<&C::depthwise_constraint>("What the kernel is kept to.");
    s.field<&C::bias_constraint>("What the bias is kept to.");
}

void SeparableConvConfig::describe(Schema<SeparableConvConfig>& s) {
    using C = SeparableConvConfig;
    describe_layer(s);
    s.field<&C::depth_multiplier>("Filters of each channel.").positive();
    s.field<&C::filters>("Number of output channels.").positive();
    s.field<&C::kernel_size>("Size of the filters.");
    s.field<&C::strides>("Step of the filters.");
    s.field<&C::padding>("\"valid\" or \"same\".");
    s.field<&C::data_format>("Where the channels are.");
    s.field<&C::dilation_rate>("Distance between a filter's elements.");
    s.field<&C::activation>("Function of the result.");
    s.field<&C::use_bias>("Whether a bias is added.");
    s.field<&C::depthwise_initializer>("How the depthwise kernel starts.");
    s.field<&C::pointwise_initializer>("How the pointwise kernel starts.");
    s.field<&C::bias_initializer>("How the bias starts.");
    s.field<&C::depthwise_regularizer>("Penalty on the depthwise kernel.");
    s.field<&C::pointwise_regularizer>("Penalty on the pointwise kernel.");
    s.field<&C::bias_regularizer>("Penalty on the bias.");
    s.field<&C::activity_regularizer>("Penalty on the output.");
    s.field<&C::depthwise_constraint>("What the depthwise kernel is kept to.");
    s.field<&C::pointwise_constraint>("What the pointwise kernel is kept to.");
    s.field<&C::bias_constraint>("What the bias is kept to.");
}

DepthwiseConv1D::DepthwiseConv1D(DepthwiseConvConfig config) : Layer(std::make_shared<DepthwiseConvLayer>("DepthwiseConv1D", 1, std::move(config))) {}
DepthwiseConv2D::DepthwiseConv2D(DepthwiseConvConfig config) : Layer(std::make_shared<DepthwiseConvLayer>("DepthwiseConv2D", 2, std::move(config))) {}
SeparableConv1D::SeparableConv1D(SeparableConvConfig config) : Layer(std::make_shared<SeparableConvLayer>("SeparableConv1D", 1, std::move(config))) {}
SeparableConv2D::SeparableConv2D(SeparableConvConfig config) : Layer(std::make_shared<SeparableConvLayer>("SeparableConv2D", 2, std::move(config))) {}

}  // namespace cornu::layers
