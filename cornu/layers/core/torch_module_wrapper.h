// TorchModuleWrapper: a TorchScript module as a layer. See docs/torch_modules.md.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/layers/core/torch_script.h"

namespace cornu::layers {

struct CORNU_API TorchModuleWrapperConfig {
    Required<TorchScript> module;                // a file's name, such as "module.pt"
    std::string name = {};
    OptionalShape output_shape = {};             // with the batch; needed only where running the module on zeros fails
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<TorchModuleWrapperConfig>& s);
};

// The module's forward(), run by LibTorch on any backend. Inputs: its arguments by position, one tensor
// or a list; floats are cast to the dtype of the module's parameters. Outputs: a tensor, list or dict,
// as the module returns them, floats in the compute dtype. Parameters are trainable weights, buffers
// non-trainable ones, under their names in `state_dict`. Throws ValueError for inputs that forward()
// does not take, BackendError in LibTorch's words for what goes wrong inside.
class CORNU_API TorchModuleWrapper : public Layer {
public:
    using Config = TorchModuleWrapperConfig;
    explicit TorchModuleWrapper(TorchModuleWrapperConfig config);
};

}  // namespace cornu::layers
