// Activations, probabilities, normalisation and cross-entropies.
#pragma once

#include <optional>
#include <utility>

#include "cornu/ops/apply.h"
#include "cornu/ops/axes.h"

namespace cornu::ops {

CORNU_API Tensor relu(const Tensor& x);
CORNU_API Tensor relu6(const Tensor& x);
CORNU_API Tensor sigmoid(const Tensor& x);
CORNU_API Tensor log_sigmoid(const Tensor& x);
CORNU_API Tensor softplus(const Tensor& x);
CORNU_API Tensor softsign(const Tensor& x);
CORNU_API Tensor silu(const Tensor& x);
inline Tensor swish(const Tensor& x) { return silu(x); }
CORNU_API Tensor leaky_relu(const Tensor& x, double negative_slope = 0.2);
CORNU_API Tensor hard_sigmoid(const Tensor& x);
CORNU_API Tensor hard_silu(const Tensor& x);
inline Tensor hard_swish(const Tensor& x) { return hard_silu(x); }
CORNU_API Tensor hard_tanh(const Tensor& x);
CORNU_API Tensor elu(const Tensor& x, double alpha = 1.0);
CORNU_API Tensor selu(const Tensor& x);
CORNU_API Tensor celu(const Tensor& x, double alpha = 1.0);
CORNU_API Tensor gelu(const Tensor& x, bool approximate = true);
CORNU_API Tensor glu(const Tensor& x, int64_t axis = -1);
CORNU_API Tensor threshold(const Tensor& x, double threshold, double default_value);

CORNU_API Tensor softmax(const Tensor& x, Axes axis = -1);
CORNU_API Tensor log_softmax(const Tensor& x, Axes axis = -1);
CORNU_API Tensor logsumexp(const Tensor& x, Axes axis = {}, bool keepdims = false);

// Mean and variance over axes; synchronized is accepted and means nothing on one device.
CORNU_API std::pair<Tensor, Tensor> moments(const Tensor& x, Axes axes, bool keepdims = false, bool synchronized = false);
// (x - mean) / sqrt(variance + epsilon) * scale + offset along `axis`; offset and scale may be undefined.
CORNU_API Tensor batch_normalization(const Tensor& x, const Tensor& mean, const Tensor& variance, int64_t axis,
                                     const Tensor& offset = {}, const Tensor& scale = {}, double epsilon = 1e-3);
// Normalised over `axis` by x's own moments; gamma and beta may be undefined.
CORNU_API Tensor layer_normalization(const Tensor& x, const Tensor& gamma = {}, const Tensor& beta = {}, Axes axis = -1, double epsilon = 1e-3);
CORNU_API Tensor rms_normalization(const Tensor& x, const Tensor& scale = {}, Axes axis = -1, double epsilon = 1e-6);
CORNU_API Tensor normalize(const Tensor& x, int64_t axis = -1, int64_t order = 2, double epsilon = 0);  // 0: Keras's default

// One loss per sample: `axis` (the classes) goes. With from_logits = false outputs are probabilities.
CORNU_API Tensor categorical_crossentropy(const Tensor& target, const Tensor& output, bool from_logits = false, int64_t axis = -1);
// target: class indices, in output's shape without `axis` (or with size 1 there).
CORNU_API Tensor sparse_categorical_crossentropy(const Tensor& target, const Tensor& output, bool from_logits = false, int64_t axis = -1);
CORNU_API Tensor binary_crossentropy(const Tensor& target, const Tensor& output, bool from_logits = false);  // element-wise

}  // namespace cornu::ops
