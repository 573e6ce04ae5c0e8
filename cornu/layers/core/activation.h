// Activation as a layer: a function applied to each input.
#pragma once

#include "cornu/activations/activation.h"
#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API ActivationConfig {
    Required<cornu::Activation> activation;
    Regularizer activity_regularizer = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ActivationConfig>& s);
};

// Any shape, kept (but "glu" halves its axis).
class CORNU_API Activation : public Layer {
public:
    using Config = ActivationConfig;
    explicit Activation(ActivationConfig config);
};

}  // namespace cornu::layers
