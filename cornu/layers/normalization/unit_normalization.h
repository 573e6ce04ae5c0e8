// UnitNormalization: each vector along the axes divided by its length.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/ops/axes.h"

namespace cornu::layers {

struct CORNU_API UnitNormalizationConfig {
    Axes axis = -1;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<UnitNormalizationConfig>& s);
};

// Shape kept; y = x / max(|x|, 1e-12), |x| the L2 norm along `axis`.
class CORNU_API UnitNormalization : public Layer {
public:
    using Config = UnitNormalizationConfig;
    explicit UnitNormalization(UnitNormalizationConfig config = {});
};

}  // namespace cornu::layers
