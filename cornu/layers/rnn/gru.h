// GRU: gated recurrent unit (Cho et al. 2014).
#pragma once

#include "cornu/activations/activation.h"
#include "cornu/layers/rnn/rnn.h"

namespace cornu::layers {

struct CORNU_API GRUCellConfig {
    Required<int64_t> units;
    cornu::Activation activation = "tanh";
    cornu::Activation recurrent_activation = "sigmoid";
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
    bool reset_after = true;                     // the reset gate comes after the recurrent product
    std::optional<int64_t> seed = {};
    int64_t implementation = 2;                  // not part of Keras's config
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<GRUCellConfig>& s);
};

// [x (batch, n), h (batch, units)] → [h, h]. Gates stand side by side in the weights: update, reset,
// candidate. Weights: kernel (n, 3 units), recurrent_kernel (units, 3 units), bias (2, 3 units): the
// input's and the recurrent one; (3 units) unless reset_after.
class CORNU_API GRUCell : public Layer {
public:
    using Config = GRUCellConfig;
    explicit GRUCell(GRUCellConfig config);
};

struct CORNU_API GRUConfig {
    Required<int64_t> units;
    cornu::Activation activation = "tanh";
    cornu::Activation recurrent_activation = "sigmoid";
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
    std::optional<int64_t> seed = {};
    bool return_sequences = false;
    bool return_state = false;
    bool go_backwards = false;
    bool stateful = false;
    bool unroll = false;
    bool reset_after = true;
    bool zero_output_for_mask = false;
    int64_t implementation = 2;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<GRUConfig>& s);
};

// (batch, time, n) → (batch, units), or (batch, time, units) with return_sequences; with return_state
// [output, h].
class CORNU_API GRU : public RecurrentHandle {
public:
    using Config = GRUConfig;
    explicit GRU(GRUConfig config);
};

}  // namespace cornu::layers
