// LayerNormalization, RMSNormalization, GroupNormalization: each sample by its own moments.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/ops/axes.h"

namespace cornu::layers {

struct CORNU_API LayerNormalizationConfig {
    Axes axis = -1;                               // the axes that are normalised together
    double epsilon = 1e-3;
    bool center = true;
    bool scale = true;
    Initializer beta_initializer = "zeros";
    Initializer gamma_initializer = "ones";
    Regularizer beta_regularizer = {};
    Regularizer gamma_regularizer = {};
    Constraint beta_constraint = {};
    Constraint gamma_constraint = {};
    bool rms_scaling = false;                     // Keras deprecates it; true is refused
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<LayerNormalizationConfig>& s);
};
// Any shape, kept. Weights over the axes: gamma, beta.
class CORNU_API LayerNormalization : public Layer {
public:
    using Config = LayerNormalizationConfig;
    explicit LayerNormalization(LayerNormalizationConfig config = {});
};

// Divided by the root of the mean square. Weight: scale.
struct CORNU_API RMSNormalizationConfig {
    Axes axis = -1;
    double epsilon = 1e-6;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RMSNormalizationConfig>& s);
};
class CORNU_API RMSNormalization : public Layer {
public:
    using Config = RMSNormalizationConfig;
    explicit RMSNormalization(RMSNormalizationConfig config = {});
};

// The channels in groups, each normalised with all other axes but the batch.
struct CORNU_API GroupNormalizationConfig {
    int64_t groups = 32;                          // -1: one for each channel
    int64_t axis = -1;                            // the channels
    double epsilon = 1e-3;
    bool center = true;
    bool scale = true;
    Initializer beta_initializer = "zeros";
    Initializer gamma_initializer = "ones";
    Regularizer beta_regularizer = {};
    Regularizer gamma_regularizer = {};
    Constraint beta_constraint = {};
    Constraint gamma_constraint = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<GroupNormalizationConfig>& s);
};
class CORNU_API GroupNormalization : public Layer {
public:
    using Config = GroupNormalizationConfig;
    explicit GroupNormalization(GroupNormalizationConfig config = {});
};

}  // namespace cornu::layers
