#include "cornu/layers/core/input_layer.h"

#include "cornu/base/naming.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu::layers {

namespace {

class InputLayerImpl final : public CustomLayer {
public:
    explicit InputLayerImpl(InputLayerConfig config) : config_(std::move(config)) {
        validate(config_, "layers.InputLayer");
        if (config_.shape && config_.batch_shape) throw ValueError("You cannot pass both `shape` and `batch_shape` at the same time.");
        if (config_.batch_size && config_.batch_shape) throw ValueError("You cannot pass both `batch_size` and `batch_shape` at the same time.");
        if (!config_.shape && !config_.batch_shape) throw ValueError("You must pass a `shape` argument.");
        if (config_.sparse || config_.ragged) throw UnsupportedError("sparse and ragged inputs are not supported. Received: sparse or ragged = true");
        if (config_.shape) config_.batch_shape = config_.shape->with_front(config_.batch_size.value_or(None));
        for (const int64_t dim : *config_.batch_shape)
            if (dim < None) throw ValueError(str("Cannot convert '", *config_.batch_shape, "' to a shape. Negative dimensions are not allowed."));
        if (!config_.dtype) config_.dtype = Context::current().floatx();
        if (config_.name.empty()) config_.name = Context::current().unique_name("input_layer");
        set_options({.name = config_.name, .dtype = *config_.dtype});
        set_autocast(false);
        build_at_init();
    }
    std::string class_name() const override { return "InputLayer"; }
    Json get_config() const override {
        Json config = to_json(config_);
        config.set("name", name());
        return config;
    }
    Structure call(const Structure& inputs, const Call&) override { return inputs; }
    Tensor call(const Tensor& x, const Call&) override { return x; }
    const InputLayerConfig& config() const { return config_; }

    Tensor output() {
        const Spec spec{*config_.batch_shape, *config_.dtype};
        if (const std::shared_ptr<SymbolicNode> node = node_.lock()) return Tensor::made_by(std::make_shared<SymbolicOrigin>(node, 0), spec);
        const Tensor made = add_symbolic_node(shared_from_this(), Structure(Structure::List{}), {}, SpecTree(spec)).leaf();
        symbolic_origin(made).node()->index = 0;   // the one call an input has, however often its node was let go
        node_ = symbolic_origin(made).node();
        return made;
    }

private:
    InputLayerConfig config_;
    std::weak_ptr<SymbolicNode> node_;   // which holds this layer
};

const InputLayerImpl* find(const Layer& layer) { return dynamic_cast<const InputLayerImpl*>(layer.shared().get()); }

const InputLayerConfig& config_of(const Layer& layer) { return static_cast<const InputLayerImpl&>(layer.impl()).config(); }

}  // namespace

void InputLayerConfig::describe(Schema<InputLayerConfig>& s) {
    using C = InputLayerConfig;
    s.field<&C::batch_shape>("Shape with the batch axis.");
    s.field<&C::shape>("Shape without the batch axis.").hidden();
    s.field<&C::batch_size>("Size of the batch axis.").hidden().positive();
    s.field<&C::dtype>("Dtype; floatx by default.");
    s.field<&C::sparse>("Refused when true.");
    s.field<&C::ragged>("Refused when true.");
    s.field<&C::name>("Name; made when empty.");
    s.field<&C::optional>("Whether the input may be left out.");
}

InputLayer::InputLayer(InputLayerConfig config) : Layer(std::make_shared<InputLayerImpl>(std::move(config))) {}
InputLayer::InputLayer(const Layer& layer) : Layer(layer) {
    if (!is(layer)) throw ValueError(str("an InputLayer was expected. Received: ", layer.defined() ? layer.impl().class_name() : "nothing"));
}
bool InputLayer::is(const Layer& layer) { return find(layer) != nullptr; }

Tensor InputLayer::output() const { return static_cast<InputLayerImpl&>(impl()).output(); }
const Shape& InputLayer::batch_shape() const { return *config_of(*this).batch_shape; }
bool InputLayer::optional() const { return config_of(*this).optional; }
DType InputLayer::dtype() const { return *config_of(*this).dtype; }

}  // namespace cornu::layers
