// TimeDistributed: a layer applied to every time step of its input.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API TimeDistributedConfig {
    Required<Layer> layer;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<TimeDistributedConfig>& s);
};

// (batch, time, …) → (batch, time, …): the layer is called once for each time step. A mask must be
// (batch, time, …); the layer gets its step of it.
class CORNU_API TimeDistributed : public Layer {
public:
    using Config = TimeDistributedConfig;
    explicit TimeDistributed(TimeDistributedConfig config);
};

}  // namespace cornu::layers
