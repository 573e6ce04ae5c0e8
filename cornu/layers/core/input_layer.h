// InputLayer: where a Functional or Sequential model's input enters.
#pragma once

#include <optional>

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API InputLayerConfig {
    OptionalShape shape = {};                    // without the batch axis
    std::optional<int64_t> batch_size = {};
    OptionalDType dtype = {};             // floatx by default
    bool sparse = false;                         // true is refused
    bool ragged = false;                         // true is refused
    OptionalShape batch_shape = {};              // instead of shape and batch_size
    std::string name = {};
    bool optional = false;
    static void describe(Schema<InputLayerConfig>& s);
};

class CORNU_API InputLayer : public Layer {
public:
    using Config = InputLayerConfig;
    explicit InputLayer(InputLayerConfig config);

    // The symbolic tensor that this layer stands for; the same one as long as anybody holds it.
    Tensor output() const;
    const Shape& batch_shape() const;
    bool optional() const;
    DType dtype() const;
    // The InputLayer that `layer` is; throws ValueError when it is another.
    explicit InputLayer(const Layer& layer);
    static bool is(const Layer& layer);
};
using Input = InputLayer;   // within Sequential({layers::Input({.shape = …}), …})

}  // namespace cornu::layers
