// Rescaling: inputs times a scale plus an offset.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

// Any shape and dtype → the compute dtype.
struct CORNU_API RescalingConfig {
    Required<double> scale;
    double offset = 0.0;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RescalingConfig>& s);
};
class CORNU_API Rescaling : public Layer { public: using Config = RescalingConfig; explicit Rescaling(RescalingConfig config); };

}  // namespace cornu::layers
