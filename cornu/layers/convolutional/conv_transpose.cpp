#include "cornu/layers/convolutional/conv_transpose.h"

#include "cornu/layers/convolutional/conv_common.h"
#include "cornu/ops/convolution.h"

namespace cornu::layers {

namespace {

class ConvTransposeLayer final : public ConfiguredLayer<ConvTransposeConfig> {
public:
    ConvTransposeLayer(const char* class_name, int64_t rank, ConvTransposeConfig config) : ConfiguredLayer(class_name, std::move(config)), rank_(rank) {
        standardize(config_.kernel_size.get(), rank_, "kernel_size");
        standardize(config_.strides, rank_, "strides");
        standardize(config_.dilation_rate, rank_, "dilation_rate");
        standardize_padding(config_.padding);
        if (config_.output_padding.given()) {
            standardize(config_.output_padding, rank_, "output_padding", true);
            for (size_t i = 0; i < config_.strides.values.size(); ++i)
                if (config_.output_padding.values[i] >= config_.strides.values[i])
                    throw ValueError(str("Each value in `output_padding` must be strictly less than the corresponding stride. Received: output_padding=",
                                         Shape(config_.output_padding.values), " and strides=", Shape(config_.strides.values)));
        }
        standardize_data_format(config_.data_format);
        resolve(config_.kernel_initializer, config_.bias_initializer);
        check_strides(config_.strides, config_.dilation_rate);
        set_input_spec({.min_ndim = rank_ + 2});
    }

    void build(const Shape& input) override {
        const int64_t channels = input_channels(input, config_.data_format);
        set_input_spec({.min_ndim = rank_ + 2, .axes = {{channel_axis(config_.data_format), channels}}});
        Shape kernel(config_.kernel_size.get().values);
        kernel.push_back(config_.filters);
        kernel.push_back(channels);
        kernel_ = add_weight({.name = "kernel", .shape = kernel, .initializer = config_.kernel_initializer,
                              .regularizer = config_.kernel_regularizer.function(), .constraint = config_.kernel_constraint.function()});
        if (config_.use_bias)
            bias_ = add_weight({.name = "bias", .shape = {config_.filters}, .initializer = config_.bias_initializer,
                                .regularizer = config_.bias_regularizer.function(), .constraint = config_.bias_constraint.function()});
    }

    Tensor call(const Tensor& x, const Call&) override {
        Tensor y = ops::conv_transpose(x, kernel_, config_.strides, config_.padding, config_.output_padding, config_.data_format, config_.dilation_rate);
        if (config_.use_bias) y = add_channel_bias(y, bias_, config_.data_format);
        return config_.activation(y);
    }

private:
    int64_t rank_;
    Variable kernel_, bias_;
};

}  // namespace

void ConvTransposeConfig::describe(Schema<ConvTransposeConfig>& s) {
    using C = ConvTransposeConfig;
    describe_layer(s);
    s.field<&C::filters>("Number of output channels.").positive();
    s.field<&C::kernel_size>("Size of the filters.");
    s.field<&C::strides>("Step of the filters in the output.");
    s.field<&C::padding>("\"valid\" or \"same\".");
    s.field<&C::output_padding>("What is added to one end of each output axis.");
    s.field<&C::data_format>("Where the channels are.");
    s.field<&C::dilation_rate>("Distance between a filter's elements.");
    s.field<&C::activation>("Function of the result.");
    s.field<&C::use_bias>("Whether a bias is added.");
    describe_kernel_and_bias(s);
}

Conv1DTranspose::Conv1DTranspose(ConvTransposeConfig config) : Layer(std::make_shared<ConvTransposeLayer>("Conv1DTranspose", 1, std::move(config))) {}
Conv2DTranspose::Conv2DTranspose(ConvTransposeConfig config) : Layer(std::make_shared<ConvTransposeLayer>("Conv2DTranspose", 2, std::move(config))) {}
Conv3DTranspose::Conv3DTranspose(ConvTransposeConfig config) : Layer(std::make_shared<ConvTransposeLayer>("Conv3DTranspose", 3, std::move(config))) {}

}  // namespace cornu::layers
