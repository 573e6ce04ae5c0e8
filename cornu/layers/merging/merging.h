// Layers that combine several inputs element by element.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API MergeConfig {
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<MergeConfig>& s);
};

// A list of inputs whose shapes broadcast; those of lower rank get axes after the batch. The masks
// of the inputs are joined by or.
class CORNU_API Add : public Layer { public: using Config = MergeConfig; explicit Add(MergeConfig config = {}); };
class CORNU_API Subtract : public Layer { public: using Config = MergeConfig; explicit Subtract(MergeConfig config = {}); };  // of two
class CORNU_API Multiply : public Layer { public: using Config = MergeConfig; explicit Multiply(MergeConfig config = {}); };
class CORNU_API Average : public Layer { public: using Config = MergeConfig; explicit Average(MergeConfig config = {}); };
class CORNU_API Maximum : public Layer { public: using Config = MergeConfig; explicit Maximum(MergeConfig config = {}); };
class CORNU_API Minimum : public Layer { public: using Config = MergeConfig; explicit Minimum(MergeConfig config = {}); };

struct CORNU_API ConcatenateConfig {
    int64_t axis = -1;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ConcatenateConfig>& s);
};

// A list of inputs whose shapes agree but for `axis`, joined along it.
class CORNU_API Concatenate : public Layer {
public:
    using Config = ConcatenateConfig;
    explicit Concatenate(ConcatenateConfig config = {});
};

// Each as a function: a new layer, called on the inputs.
CORNU_API Tensor add(const Tensors& inputs, MergeConfig config = {});
CORNU_API Tensor subtract(const Tensors& inputs, MergeConfig config = {});
CORNU_API Tensor multiply(const Tensors& inputs, MergeConfig config = {});
CORNU_API Tensor average(const Tensors& inputs, MergeConfig config = {});
CORNU_API Tensor maximum(const Tensors& inputs, MergeConfig config = {});
CORNU_API Tensor minimum(const Tensors& inputs, MergeConfig config = {});
CORNU_API Tensor concatenate(const Tensors& inputs, ConcatenateConfig config = {});

}  // namespace cornu::layers
