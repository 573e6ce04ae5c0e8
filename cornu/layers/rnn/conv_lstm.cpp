#include "cornu/layers/rnn/conv_lstm.h"

#include "cornu/autodiff/control_flow.h"
#include "cornu/layers/convolutional/conv_common.h"
#include "cornu/layers/rnn/gated_cell.h"
#include "cornu/layers/rnn/recurrent_layer.h"
#include "cornu/ops/convolution.h"

namespace cornu::layers {

namespace {

// The layer's config, of which the cell takes what concerns it.
class ConvLSTMCellLayer final : public ConfiguredLayer<ConvLSTMConfig, CustomCell> {
public:
    ConvLSTMCellLayer(ConvLSTMConfig config, int64_t rank) : ConfiguredLayer("ConvLSTMCell", std::move(config)), rank_(rank) {
        dropout_.generator = random::SeedGenerator(config_.seed);
        track_variable(dropout_.generator.state());
        resolve(config_.kernel_initializer, config_.recurrent_initializer, config_.bias_initializer);
    }

    using CustomCell::build;
    void build(const Shape& input) override {
        const bool last = channels_last();
        const int64_t channels = input_channels(input, config_.data_format), filters = config_.filters;
        const int64_t first = last ? 1 : 2;
        std::vector<int64_t> kernel = config_.kernel_size.get().values, sizes;
        for (int64_t i = 0; i < rank_; ++i) sizes.push_back(output_size(input, first + i, static_cast<size_t>(i)));
        state_shape_ = Shape(std::move(sizes));
        state_shape_.insert(last ? rank_ : 0, filters);

        Shape recurrent(kernel), inputs(std::move(kernel));
        for (const int64_t dim : {channels, 4 * filters}) inputs.push_back(dim);
        for (const int64_t dim : {filters, 4 * filters}) recurrent.push_back(dim);
        kernel_ = add_weight({.name = "kernel", .shape = inputs, .initializer = config_.kernel_initializer,
                              .regularizer = config_.kernel_regularizer.function(), .constraint = config_.kernel_constraint.function()});
        recurrent_kernel_ = add_weight({.name = "recurrent_kernel", .shape = recurrent, .initializer = config_.recurrent_initializer,
                                        .regularizer = config_.recurrent_regularizer.function(), .constraint = config_.recurrent_constraint.function()});
        if (!config_.use_bias) return;
        bias_ = add_weight({.name = "bias", .shape = {4 * filters},
                            .initializer = config_.unit_forget_bias ? with_forget_bias(config_.bias_initializer) : config_.bias_initializer,
                            .regularizer = config_.bias_regularizer.function(), .constraint = config_.bias_constraint.function()});
    }

    ShapeTree state_shapes() const override { return ShapeTree::List{state_shape_, state_shape_}; }

    void begin(const Shape& x, const Tensors& states, const Call& call) override {
        dropout_.begin(x, config_.dropout, states[0].shape(), config_.recurrent_dropout, 4, compute_dtype(), bool(call.training));
        recurrent_ = recurrent_kernel_;
    }
    void end() override {
        dropout_.end();
        recurrent_ = Tensor();
    }

    Tensor project(const Tensor& x, const Call&) override {
        const int64_t channels = channels_of(x);
        const auto convolve = [&](const Tensor& a, const Tensor& kernel) { return convolve_all(a, kernel); };
        const Tensor y = through_masks(x, dropout_.inputs, kernel_, convolve, channels);
        if (!config_.use_bias) return y;
        Shape along(std::vector<int64_t>(static_cast<size_t>(y.rank()), 1));
        along[channels] = 4 * config_.filters;
        return y + ops::reshape(bias_, along);
    }

    Step step(const Tensor& x, const Tensors& states, const Call&) override {
        const Tensor h_part = through_masks(states[0], dropout_.state, recurrent_, [&](const Tensor& a, const Tensor& kernel) {
            return ops::conv(a, kernel, 1, "same", config_.data_format);
        }, channels_of(x));
        const Tensors z = ops::split(x + h_part, 4, channels_of(x));
        const auto& gate = config_.recurrent_activation;
        const Tensor c = gate(z[1]) * states[1] + gate(z[0]) * config_.activation(z[2]);
        const Tensor h = gate(z[3]) * config_.activation(c);
        return {h, {h, c}};
    }

private:
    bool channels_last() const { return config_.data_format == "channels_last"; }
    // Of one step's input, or of all with the time in front.
    int64_t channels_of(const Tensor& x) const { return channels_last() ? x.rank() - 1 : x.rank() - rank_ - 1; }

    int64_t output_size(const Shape& input, int64_t axis, size_t i) const {
        const int64_t size = input[axis];
        if (size < 0)
            throw ShapeError(str("ConvLSTM layers only support static input shapes for the spatial dimension. "
                                 "Received invalid input shape: input_shape=", input));
        const int64_t stride = config_.strides.values[i], window = config_.dilation_rate.values[i] * (config_.kernel_size.get().values[i] - 1) + 1;
        const int64_t room = config_.padding == "same" ? size : size - window + 1;
        if (room <= 0) throw ShapeError(str("the window of ", window, " does not fit into the input. Received: input_shape=", input));
        return (room + stride - 1) / stride;
    }

    // The time steps are convolved as one large batch.
    Tensor convolve_all(const Tensor& x, const Tensor& kernel) const {
        const auto convolve = [&](const Tensor& a) {
            return ops::conv(a, kernel, config_.strides, config_.padding, config_.data_format, config_.dilation_rate);
        };
        if (x.rank() == rank_ + 2) return convolve(x);
        const int64_t time = x.shape()[0], batch = x.shape()[1];
        if (time < 0 && batch < 0) {   // a shape with two unknowns cannot be asked for: step by step then
            const auto body = [&](const Tensors&, const Tensors& slices) { return ops::ScanResult{{}, {convolve(slices[0])}}; };
            return ops::scan(body, {}, {x}).ys[0];
        }
        const Tensor y = convolve(ops::reshape(x, x.shape().without_front().without_front().with_front(-1)));
        return ops::reshape(y, y.shape().without_front().with_front(batch).with_front(time));
    }

    int64_t rank_;
    Shape state_shape_;
    Variable kernel_, recurrent_kernel_, bias_;
    RecurrentDropout dropout_;
    Tensor recurrent_;   // within a sequence
};

class ConvLSTMLayer final : public ConfiguredRecurrentLayer<ConvLSTMConfig> {
public:
    ConvLSTMLayer(const char* class_name, ConvLSTMConfig config, int64_t rank) : ConfiguredRecurrentLayer(class_name, std::move(config)) {
        standardize(config_.kernel_size.get(), rank, "kernel_size");
        standardize(config_.strides, rank, "strides");
        standardize(config_.dilation_rate, rank, "dilation_rate");
        standardize_padding(config_.padding);
        standardize_data_format(config_.data_format);
        check_strides(config_.strides, config_.dilation_rate);
        clamp_dropout(config_);
        ConvLSTMConfig cell = config_;
        cell.name = "conv_lstm_cell";
        cell.activity_regularizer = {};
        cell.trainable = true;
        set_cell(layer<ConvLSTMCellLayer>(std::move(cell), rank));
        set_input_spec({.ndim = rank + 3});
    }
};

}  // namespace

void ConvLSTMConfig::describe(Schema<ConvLSTMConfig>& s) {
    using C = ConvLSTMConfig;
    describe_layer(s);
    describe_sequence(s);
    s.field<&C::filters>("Channels of the state and of the output.").positive();
    s.field<&C::kernel_size>("Size of the window.");
    s.field<&C::strides>("Steps of the window over the inputs.");
    s.field<&C::padding>("\"valid\" or \"same\".");
    s.field<&C::data_format>("\"channels_last\" or \"channels_first\".");
    s.field<&C::dilation_rate>("Distance of what the window sees.");
    describe_cell(s);
    s.field<&C::seed>("Seed of the dropout; drawn when not given.");
}

ConvLSTM1D::ConvLSTM1D(ConvLSTMConfig config) : RecurrentHandle(std::make_shared<ConvLSTMLayer>("ConvLSTM1D", std::move(config), 1)) {}
ConvLSTM2D::ConvLSTM2D(ConvLSTMConfig config) : RecurrentHandle(std::make_shared<ConvLSTMLayer>("ConvLSTM2D", std::move(config), 2)) {}
ConvLSTM3D::ConvLSTM3D(ConvLSTMConfig config) : RecurrentHandle(std::make_shared<ConvLSTMLayer>("ConvLSTM3D", std::move(config), 3)) {}

}  // namespace cornu::layers
