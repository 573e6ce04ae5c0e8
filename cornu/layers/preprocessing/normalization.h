// Normalization: inputs minus a mean, over a standard deviation, both given or learned from data.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/ops/axes.h"

namespace cornu::layers {

struct CORNU_API NormalizationConfig {
    Axes axis = -1;                              // axes that have moments of their own; an empty list: none
    std::optional<std::vector<double>> mean = {};      // one for each place along `axis`, or one for all
    std::optional<std::vector<double>> variance = {};
    bool invert = false;                         // from normalised back
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<NormalizationConfig>& s);
};

// Any shape, kept. Without a given mean: weights mean, variance, count, which adapt() sets.
class CORNU_API Normalization : public Layer {
public:
    using Config = NormalizationConfig;
    explicit Normalization(NormalizationConfig config = {});
    void adapt(const Tensor& data) const;        // throws ValueError when the moments were given
};

}  // namespace cornu::layers
