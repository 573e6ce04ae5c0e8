// Flatten: all axes but the batch become one.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API FlattenConfig {
    std::string data_format = {};                // "channels_first" moves the channels last before
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<FlattenConfig>& s);
};

// (batch, …) → (batch, product of …); (batch) → (batch, 1).
class CORNU_API Flatten : public Layer {
public:
    using Config = FlattenConfig;
    explicit Flatten(FlattenConfig config = {});
};

}  // namespace cornu::layers
