// InputLayer: the node at which data enter a Functional model; Input() returns its symbolic tensor.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cornu/layers/layer.h"

namespace cornu {

struct InputOptions {
    std::optional<Shape> shape = {};           // without the batch axis
    std::optional<int64_t> batch_size = {};
    std::optional<DType> dtype = {};           // floatx by default
    std::optional<Shape> batch_shape = {};     // with it, instead of the two above
    std::string name = {};
    bool optional = false;
};
CORNU_API Tensor Input(const InputOptions& options);   // a symbolic tensor

namespace layers {

class CORNU_API InputLayer final : public CustomLayer {
public:
    explicit InputLayer(const InputOptions& options);
    static std::shared_ptr<InputLayer> from_config(const Json& config);

    std::string class_name() const override { return "InputLayer"; }
    Json get_config() const override;
    Structure call(const Structure& inputs, const Call& call) override;
    SpecTree compute_output_spec(const SpecTree& inputs) override { return inputs; }

    const Spec& spec() const { return spec_; }
    bool optional() const { return optional_; }
    // The KerasTensor: the same one as long as anybody holds it.
    Tensor output();

private:
    Spec spec_;
    bool optional_;
    std::weak_ptr<SymbolicNode> node_;
};

// The first layer of a Sequential model.
class CORNU_API Input : public Layer {
public:
    explicit Input(const InputOptions& options) : Layer(std::make_shared<InputLayer>(options)) {}
};

}  // namespace layers
}  // namespace cornu
