// SpectralNormalization: a layer whose kernel is kept at a spectral norm of one in training.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/layers/registry.h"

namespace cornu::layers {

struct CORNU_API SpectralNormalizationConfig {
    Required<Layer> layer;                       // one with a kernel or embeddings
    int64_t power_iterations = 1;                // a call, to find the norm
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<SpectralNormalizationConfig>& s);
};

// Inputs and outputs as the wrapped layer's. A call in training divides the kernel by its largest
// singular value, which the weight vector_u (1, last axis of the kernel) follows from call to call.
// Source: Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018.
class CORNU_API SpectralNormalization : public Layer {
public:
    using Config = SpectralNormalizationConfig;
    explicit SpectralNormalization(SpectralNormalizationConfig config);
    explicit SpectralNormalization(Layer layer, int64_t power_iterations = 1)
        : SpectralNormalization(Config{.layer = std::move(layer), .power_iterations = power_iterations}) {}
};

}  // namespace cornu::layers
