#include "cornu/base/naming.h"

#include <doctest/doctest.h>

using cornu::utils::to_snake_case;

TEST_CASE("class names in snake case are Keras's") {
    // What keras.src.utils.naming.to_snake_case returns.
    const std::pair<const char*, const char*> names[] = {
        {"Dense", "dense"},
        {"Conv1D", "conv1d"},
        {"Conv2D", "conv2d"},
        {"Conv2DTranspose", "conv2d_transpose"},
        {"SeparableConv1D", "separable_conv1d"},
        {"ReLU", "re_lu"},
        {"PReLU", "p_re_lu"},
        {"ELU", "elu"},
        {"LSTM", "lstm"},
        {"LSTMCell", "lstm_cell"},
        {"GRU", "gru"},
        {"SimpleRNN", "simple_rnn"},
        {"RNN", "rnn"},
        {"BatchNormalization", "batch_normalization"},
        {"MultiHeadAttention", "multi_head_attention"},
        {"RMSNormalization", "rms_normalization"},
        {"UpSampling2D", "up_sampling2d"},
        {"GlobalMaxPooling3D", "global_max_pooling3d"},
        {"AUC", "auc"},
        {"F1Score", "f1_score"},
        {"R2Score", "r2_score"},
        {"MyLayer2Big", "my_layer2_big"},
        {"my_Layer", "my__layer"},
        {"_Private", "__private"},
        {"A", "a"},
    };
    for (const auto& [name, snake] : names) CHECK(to_snake_case(name) == snake);
}
