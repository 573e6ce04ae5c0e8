// Dropout: in training, inputs are set to zero at random and the others scaled up.
#pragma once

#include <optional>

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API DropoutConfig {
    Required<double> rate;                                  // the share that is dropped, in [0, 1]
    std::optional<std::vector<std::optional<int64_t>>> noise_shape = {};  // null: as the input's axis; 1: dropped together
    std::optional<int64_t> seed = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<DropoutConfig>& s);
};

// Any shape, kept. The mask is Keras on JAX's for the same seed.
class CORNU_API Dropout : public Layer {
public:
    using Config = DropoutConfig;
    explicit Dropout(DropoutConfig config);
};

}  // namespace cornu::layers
