// LSTM: long short-term memory (Hochreiter & Schmidhuber 1997).
#pragma once

#include "cornu/activations/activation.h"
#include "cornu/layers/rnn/rnn.h"

namespace cornu::layers {

struct CORNU_API LSTMCellConfig {
    Required<int64_t> units;
    cornu::Activation activation = "tanh";
    cornu::Activation recurrent_activation = "sigmoid";
    bool use_bias = true;
    Initializer kernel_initializer = "glorot_uniform";
    Initializer recurrent_initializer = "orthogonal";
    Initializer bias_initializer = "zeros";
    bool unit_forget_bias = true;                // the forget gate's bias starts at one
    Regularizer kernel_regularizer = {};
    Regularizer recurrent_regularizer = {};
    Regularizer bias_regularizer = {};
    Constraint kernel_constraint = {};
    Constraint recurrent_constraint = {};
    Constraint bias_constraint = {};
    double dropout = 0.0;
    double recurrent_dropout = 0.0;
    std::optional<int64_t> seed = {};
    int64_t implementation = 2;                  // not part of Keras's config
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<LSTMCellConfig>& s);
};

// [x (batch, n), h (batch, units), c (batch, units)] → [h, h, c]. Gates stand side by side in the
// weights: input, forget, candidate, output. Weights: kernel (n, 4 units), recurrent_kernel
// (units, 4 units), bias (4 units).
class CORNU_API LSTMCell : public Layer {
public:
    using Config = LSTMCellConfig;
    explicit LSTMCell(LSTMCellConfig config);
};

struct CORNU_API LSTMConfig {
    Required<int64_t> units;
    cornu::Activation activation = "tanh";
    cornu::Activation recurrent_activation = "sigmoid";
    bool use_bias = true;
    Initializer kernel_initializer = "glorot_uniform";
    Initializer recurrent_initializer = "orthogonal";
    Initializer bias_initializer = "zeros";
    bool unit_forget_bias = true;
    Regularizer kernel_regularizer = {};
    Regularizer recurrent_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint kernel_constraint = {};
    Constraint recurrent_constraint = {};
    Constraint bias_constraint = {};
    double dropout = 0.0;
    double recurrent_dropout = 0.0;
    std::optional<int64_t> seed = {};
    bool return_sequences = false;
    bool return_state = false;
    bool go_backwards = false;
    bool stateful = false;
    bool unroll = false;
    bool zero_output_for_mask = false;
    int64_t implementation = 2;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<LSTMConfig>& s);
};

// (batch, time, n) → (batch, units), or (batch, time, units) with return_sequences; with return_state
// [output, h, c].
class CORNU_API LSTM : public RecurrentHandle {
public:
    using Config = LSTMConfig;
    explicit LSTM(LSTMConfig config);
};

}  // namespace cornu::layers
