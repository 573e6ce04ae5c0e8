// What SimpleRNNCell, LSTMCell and GRUCell share: a kernel and a recurrent kernel with their gates side
// by side, dropout masks that stay the same for a whole sequence, and the fields of their configs.
#pragma once

#include "cornu/activations/activation.h"
#include "cornu/layers/configured_layer.h"
#include "cornu/layers/rnn/cell.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/random/seed_generator.h"

namespace cornu::layers {

// Keras's DropoutRNNCell. It draws for every sequence, used or not, so that the stream of seeds is Keras's.
struct RecurrentDropout {
    random::SeedGenerator generator;
    Tensors inputs, state;   // masks for the current sequence: none, one for all gates, or one for each

    // `masks`: how many are drawn for each of the two. `all`: whether a rate of 1 drops everything, as
    // in SimpleRNNCell, or counts for nothing, as in the others.
    void begin(const Shape& x, double rate, const Shape& h, double recurrent_rate, int64_t masks, DType dtype, bool training, bool all = false);
    void end() { inputs.clear(), state.clear(); }
};

// product(x, kernel), where each gate (a part of the kernel's last axis) may see x through a mask of its own.
template <class Product>
Tensor through_masks(const Tensor& x, const Tensors& masks, const Tensor& kernel, Product product, int64_t output_axis = -1) {
    if (masks.empty()) return product(x, kernel);
    if (masks.size() == 1) return product(x * masks[0], kernel);
    const Tensors kernels = ops::split(kernel, static_cast<int64_t>(masks.size()), -1);
    Tensors parts;
    for (size_t i = 0; i < masks.size(); ++i) parts.push_back(product(x * masks[i], kernels[i]));
    return ops::concatenate(parts, output_axis);
}
Tensor matmul_through_masks(const Tensor& x, const Tensors& masks, const Tensor& kernel);

// Ones for the second of four parts, the forget gate's; the others as `bias` says.
Initializer with_forget_bias(const Initializer& bias);

template <class Config>
void clamp_dropout(Config& config) {
    config.dropout = std::min(1.0, std::max(0.0, config.dropout));
    config.recurrent_dropout = std::min(1.0, std::max(0.0, config.recurrent_dropout));
}

// Config has: units, activation, use_bias, those of kernel, recurrent and bias, dropouts, seed.
template <class ConfigType>
class GatedCell : public ConfiguredLayer<ConfigType, CustomCell> {
public:
    using Config = ConfigType;
    GatedCell(const char* class_name, Config config, int64_t gates) : ConfiguredLayer<Config, CustomCell>(class_name, std::move(config)), gates_(gates) {
        Config& c = this->config_;
        constexpr bool seed_first = !requires { c.recurrent_activation; };   // SimpleRNNCell draws its seed before its initializers
        if (seed_first) dropout_.generator = random::SeedGenerator(c.seed);
        resolve(c.kernel_initializer, c.recurrent_initializer, c.bias_initializer);
        if (!seed_first) dropout_.generator = random::SeedGenerator(c.seed);
        this->track_variable(dropout_.generator.state());
        clamp_dropout(c);
    }

    using CustomCell::build;
    void build(const Shape& input) override {
        const Config& c = this->config_;
        const int64_t width = gates_ * c.units;
        kernel_ = this->add_weight({.name = "kernel", .shape = {input.back(), width}, .initializer = c.kernel_initializer,
                                    .regularizer = c.kernel_regularizer.function(), .constraint = c.kernel_constraint.function()});
        recurrent_kernel_ = this->add_weight({.name = "recurrent_kernel", .shape = {c.units, width}, .initializer = c.recurrent_initializer,
                                              .regularizer = c.recurrent_regularizer.function(), .constraint = c.recurrent_constraint.function()});
        if (c.use_bias)
            bias_ = this->add_weight({.name = "bias", .shape = bias_shape(width), .initializer = bias_initializer(),
                                      .regularizer = c.bias_regularizer.function(), .constraint = c.bias_constraint.function()});
    }

    ShapeTree state_shapes() const override { return ShapeTree::List{Shape{this->config_.units}}; }

    void begin(const Shape& x, const Tensors& states, const Call& call) override {
        const Config& c = this->config_;
        int64_t masks = 1;
        if constexpr (requires { c.implementation; })
            if (c.implementation == 1 || c.recurrent_dropout != 0) masks = gates_;
        dropout_.begin(x, c.dropout, states[0].shape(), c.recurrent_dropout, masks, this->compute_dtype(), bool(call.training), gates_ == 1);
        // Read once: inside the loop a mixed policy would cast them at every step.
        recurrent_ = recurrent_kernel_;
        biases_ = c.use_bias ? Tensor(bias_) : Tensor();
    }
    void end() override {
        dropout_.end();
        recurrent_ = biases_ = Tensor();
    }

    Tensor project(const Tensor& x, const Call&) override {
        const Tensor y = matmul_through_masks(x, dropout_.inputs, kernel_), bias = input_bias(biases_);
        return bias.defined() ? y + bias : y;
    }

protected:
    virtual Shape bias_shape(int64_t width) const { return {width}; }
    virtual Initializer bias_initializer() const { return this->config_.bias_initializer; }
    virtual Tensor input_bias(const Tensor& biases) const { return biases; }   // undefined without

    int64_t gates_;
    RecurrentDropout dropout_;
    Tensor recurrent_, biases_;   // within a sequence

private:
    Variable kernel_, recurrent_kernel_, bias_;
};

template <class C>
void describe_cell(Schema<C>& s) {
    if constexpr (requires(C c) { c.units; }) s.template field<&C::units>("Size of the state and of the output.").positive();
    s.template field<&C::activation>("Function of the new value.");
    if constexpr (requires(C c) { c.recurrent_activation; }) s.template field<&C::recurrent_activation>("Function of the gates.");
    s.template field<&C::use_bias>("Whether a bias is added.");
    s.template field<&C::kernel_initializer>("How the kernel starts.");
    s.template field<&C::recurrent_initializer>("How the recurrent kernel starts.");
    s.template field<&C::bias_initializer>("How the bias starts.");
    if constexpr (requires(C c) { c.unit_forget_bias; }) s.template field<&C::unit_forget_bias>("Whether the forget gate's bias starts at one.");
    s.template field<&C::kernel_regularizer>("Penalty on the kernel.");
    s.template field<&C::recurrent_regularizer>("Penalty on the recurrent kernel.");
    s.template field<&C::bias_regularizer>("Penalty on the bias.");
    if constexpr (requires(C c) { c.activity_regularizer; }) s.template field<&C::activity_regularizer>("Penalty on the output.");
    s.template field<&C::kernel_constraint>("What the kernel is kept to.");
    s.template field<&C::recurrent_constraint>("What the recurrent kernel is kept to.");
    s.template field<&C::bias_constraint>("What the bias is kept to.");
    s.template field<&C::dropout>("The share of the inputs that training drops, the same in all steps.");
    s.template field<&C::recurrent_dropout>("The share of the state that training drops, the same in all steps.");
    if constexpr (requires(C c) { c.reset_after; }) s.template field<&C::reset_after>("Whether the reset gate comes after the recurrent product.");
    if constexpr (requires(C c) { c.implementation; })
        s.template field<&C::implementation>("1: a dropout mask for each gate; 2: one for all. 1 with recurrent dropout.").between(1, 2).hidden();
}

// The config of the cell in a layer such as LSTM, from the layer's.
template <class Cell, class Layer>
Cell cell_config(Layer& c, const char* name) {
    clamp_dropout(c);
    Cell cell{.units = c.units};
    cell.activation = c.activation;
    if constexpr (requires { c.recurrent_activation; }) cell.recurrent_activation = c.recurrent_activation;
    cell.use_bias = c.use_bias;
    cell.kernel_initializer = c.kernel_initializer;
    cell.recurrent_initializer = c.recurrent_initializer;
    cell.bias_initializer = c.bias_initializer;
    if constexpr (requires { c.unit_forget_bias; }) cell.unit_forget_bias = c.unit_forget_bias;
    cell.kernel_regularizer = c.kernel_regularizer;
    cell.recurrent_regularizer = c.recurrent_regularizer;
    cell.bias_regularizer = c.bias_regularizer;
    cell.kernel_constraint = c.kernel_constraint;
    cell.recurrent_constraint = c.recurrent_constraint;
    cell.bias_constraint = c.bias_constraint;
    cell.dropout = c.dropout;
    cell.recurrent_dropout = c.recurrent_dropout;
    if constexpr (requires { c.reset_after; }) cell.reset_after = c.reset_after;
    if constexpr (requires { c.implementation; }) cell.implementation = c.implementation;
    cell.seed = c.seed;
    cell.name = name;
    cell.dtype = c.dtype;
    cell.trainable = c.trainable;
    return cell;
}

}  // namespace cornu::layers
