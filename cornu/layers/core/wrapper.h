// What layers that hold another one derive from.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API WrapperConfig {
    Required<Layer> layer;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<WrapperConfig>& s);
};

// Builds the layer within on its own inputs and makes its weights its own, as `layer`. A class of one's
// own overrides call(), which here throws; its config is a WrapperConfig unless it has another.
class CORNU_API CustomWrapper : public ConfiguredLayer<WrapperConfig> {
public:
    using Config = WrapperConfig;
    CustomWrapper(const char* class_name, WrapperConfig config);
    using CustomLayer::build;
    void build(const ShapeTree& inputs) override;
    const Layer& layer() const { return layer_; }

private:
    Layer layer_;
};

// Keras's base class: it can be made, kept in files and built, but not called.
class CORNU_API Wrapper : public Layer {
public:
    using Config = WrapperConfig;
    explicit Wrapper(WrapperConfig config);
};

}  // namespace cornu::layers
