// SimpleRNN: the output is fed back into the next step.
#pragma once

#include "cornu/activations/activation.h"
#include "cornu/layers/rnn/rnn.h"

namespace cornu::layers {

struct CORNU_API SimpleRNNCellConfig {
    Required<int64_t> units;
    cornu::Activation activation = "tanh";
    bool use_bias = true;
    Initializer kernel_initializer = "glorot_uniform";
    Initializer recurrent_initializer = "orthogonal";
    Initializer bias_initializer = "zeros";
    Regularizer kernel_regularizer = {};
    Regularizer recurrent_regularizer = {};
    Regularizer bias_regularizer = {};
    Constraint kernel_constraint = {};
    Constraint recurrent_constraint = {};
    Constraint bias_constraint = {};
    double dropout = 0.0;
    double recurrent_dropout = 0.0;
    std::optional<int64_t> seed = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<SimpleRNNCellConfig>& s);
};

// [x (batch, n), h (batch, units)] → [h, h]; h = activation(x · kernel + bias + h · recurrent_kernel).
// Weights: kernel (n, units), recurrent_kernel (units, units), bias (units).
class CORNU_API SimpleRNNCell : public Layer {
public:
    using Config = SimpleRNNCellConfig;
    explicit SimpleRNNCell(SimpleRNNCellConfig config);
};

struct CORNU_API SimpleRNNConfig {
    Required<int64_t> units;
    cornu::Activation activation = "tanh";
    bool use_bias = true;
    Initializer kernel_initializer = "glorot_uniform";
    Initializer recurrent_initializer = "orthogonal";
    Initializer bias_initializer = "zeros";
    Regularizer kernel_regularizer = {};
    Regularizer recurrent_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint kernel_constraint = {};
    Constraint recurrent_constraint = {};
    Constraint bias_constraint = {};
    double dropout = 0.0;
    double recurrent_dropout = 0.0;
    bool return_sequences = false;
    bool return_state = false;
    bool go_backwards = false;
    bool stateful = false;
    bool unroll = false;
    std::optional<int64_t> seed = {};            // not part of Keras's config
    bool zero_output_for_mask = false;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<SimpleRNNConfig>& s);
};

// (batch, time, n) → (batch, units), or (batch, time, units) with return_sequences.
class CORNU_API SimpleRNN : public RecurrentHandle {
public:
    using Config = SimpleRNNConfig;
    explicit SimpleRNN(SimpleRNNConfig config);
};

}  // namespace cornu::layers
