#include "cornu/layers/core/wrapper.h"

#include "cornu/layers/registry.h"

namespace cornu::layers {

CustomWrapper::CustomWrapper(const char* class_name, WrapperConfig config) : ConfiguredLayer(class_name, std::move(config)) {
    if (!config_.layer.get().defined()) throw ValueError(str("[", label(), " \"", name(), "\"] a layer must be given to be wrapped. Received: none"));
    layer_ = track("layer", config_.layer.get());
}

void CustomWrapper::build(const ShapeTree& inputs) {
    if (!layer_.built()) layer_.build(inputs);
}

void WrapperConfig::describe(Schema<WrapperConfig>& s) {
    describe_layer(s);
    s.field<&WrapperConfig::layer>("The layer within.");
}

Wrapper::Wrapper(WrapperConfig config) : Layer(std::make_shared<CustomWrapper>("Wrapper", std::move(config))) {}

}  // namespace cornu::layers
