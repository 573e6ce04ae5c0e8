// Dot: products of two inputs, summed over one axis of each.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/ops/axes.h"

namespace cornu::layers {

struct CORNU_API DotConfig {
    Required<Axes> axes;                         // one axis for both inputs, or one of each
    bool normalize = false;                      // to unit length along the axis first: cosine
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<DotConfig>& s);
};

// Two inputs (batch, …) → (batch, other axes of the first, other axes of the second); two matrices
// give (batch, 1).
class CORNU_API Dot : public Layer {
public:
    using Config = DotConfig;
    explicit Dot(DotConfig config);
};
CORNU_API Tensor dot(const Tensors& inputs, DotConfig config);   // as a function

}  // namespace cornu::layers
