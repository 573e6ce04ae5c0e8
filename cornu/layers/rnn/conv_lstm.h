// ConvLSTM1D, ConvLSTM2D, ConvLSTM3D: an LSTM whose products are convolutions (Shi et al. 2015).
#pragma once

#include "cornu/activations/activation.h"
#include "cornu/layers/rnn/rnn.h"

namespace cornu::layers {

struct CORNU_API ConvLSTMConfig {
    Required<int64_t> filters;
    Required<PerAxis> kernel_size;
    PerAxis strides = 1;
    std::string padding = "valid";               // of the inputs; "same" for the state always
    std::string data_format = {};
    PerAxis dilation_rate = 1;
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
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ConvLSTMConfig>& s);
};

// (batch, time, spatial…, channels) → (batch, spatial…, filters), or (batch, time, spatial…, filters)
// with return_sequences; channels first: (batch, time, channels, spatial…). The spatial sizes must be
// known. Weights: kernel (window…, channels, 4 filters), recurrent_kernel (window…, filters,
// 4 filters), bias (4 filters).
class CORNU_API ConvLSTM1D : public RecurrentHandle { public: using Config = ConvLSTMConfig; explicit ConvLSTM1D(ConvLSTMConfig config); };
class CORNU_API ConvLSTM2D : public RecurrentHandle { public: using Config = ConvLSTMConfig; explicit ConvLSTM2D(ConvLSTMConfig config); };
class CORNU_API ConvLSTM3D : public RecurrentHandle { public: using Config = ConvLSTMConfig; explicit ConvLSTM3D(ConvLSTMConfig config); };

}  // namespace cornu::layers
