// RandAugment, AugMix: several image layers, chosen at random. Labels stay as they are.
#pragma once

#include "cornu/layers/preprocessing/image/image_layer.h"

namespace cornu::layers {

// In training num_ops times one of shear, translation, rotation, brightness, colour degeneration,
// contrast, sharpness, posterization, solarization, auto contrast and equalization, the same for the
// whole batch; masks and boxes go along.
struct CORNU_API RandAugmentConfig {
    std::vector<double> value_range = {0, 255};
    int64_t num_ops = 2;
    Factor factor = 0.5;                            // how strong they are; in [0, 1]
    std::string interpolation = "bilinear";         // or nearest
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandAugmentConfig>& s);
};
class CORNU_API RandAugment : public Layer { public: using Config = RandAugmentConfig; explicit RandAugment(RandAugmentConfig config = {}); };

// In training w · x + (1 - w) · (a mean of num_chains chains of up to chain_depth layers), weights from
// Dirichlet(alpha) and w from beta(alpha, alpha). Which layers a chain has is drawn, as in Keras, from
// Python's generator; in a compiled step, which has none, from the layer's own. Boxes stay as they are.
struct CORNU_API AugMixConfig {
    std::vector<double> value_range = {0, 255};
    int64_t num_chains = 3, chain_depth = 3;
    Factor factor = 0.3;                            // how strong layers are; in [0, 1]
    double alpha = 1.0;
    bool all_ops = true;                            // false: without brightness, colours, contrast, sharpness
    std::string interpolation = "bilinear";         // or nearest
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<AugMixConfig>& s);
};
class CORNU_API AugMix : public Layer { public: using Config = AugMixConfig; explicit AugMix(AugMixConfig config = {}); };

}  // namespace cornu::layers
