#include "cornu/layers/core/input_layer.h"

#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

Tensor Input(const InputOptions& options) { return std::make_shared<layers::InputLayer>(options)->output(); }

namespace layers {

InputLayer::InputLayer(const InputOptions& options) : optional_(options.optional) {
    if (options.shape && options.batch_shape)
        throw ValueError("[layers.Input] You cannot pass both `shape` and `batch_shape` at the same time.");
    if (options.batch_size && options.batch_shape)
        throw ValueError("[layers.Input] You cannot pass both `batch_size` and `batch_shape` at the same time.");
    if (!options.shape && !options.batch_shape) throw ValueError("[layers.Input] You must pass a `shape` argument.");
    spec_.shape = options.batch_shape ? *options.batch_shape : options.shape->with_front(options.batch_size.value_or(None));
    for (const int64_t dim : spec_.shape)
        if (dim < None) throw ValueError(str("[layers.Input] dimensions of `shape` must be non-negative or None. Received: ", spec_.shape));
    spec_.dtype = options.dtype.value_or(Context::current().floatx());
    set_options({.name = options.name.empty() ? Context::current().unique_name("input_layer") : options.name});
    build_at_init();
}

std::shared_ptr<InputLayer> InputLayer::from_config(const Json& config) {
    InputOptions options;
    for (const auto& [key, value] : config.as_object()) {
        if (key == "batch_shape" || key == "batch_input_shape") Codec<Shape>::decode(value, options.batch_shape.emplace());
        else if (key == "shape") { if (!value.is_null()) Codec<Shape>::decode(value, options.shape.emplace()); }
        else if (key == "name") options.name = value.is_null() ? "" : value.as_string();
        else if (key == "optional") options.optional = !value.is_null() && value.as_bool();
        else if (key == "dtype") {
            // A policy in files of older versions.
            if (value.is_string()) options.dtype = parse_dtype(value.as_string());
            else if (value.is_object()) options.dtype = parse_dtype(value["config"]["name"].as_string());
        } else if (key == "sparse" || key == "ragged") {
            if (value.is_bool() && value.as_bool()) throw UnsupportedError(str("layers.InputLayer: ", key, " tensors are not supported. Received: ", key, "=true"));
        } else if (key != "batch_size" && key != "trainable" && key != "input_tensor") {
            throw ValueError(str("layers.InputLayer takes no argument `", key, "`."));
        }
    }
    return std::make_shared<InputLayer>(options);
}

Json InputLayer::get_config() const {
    return Json::object({{"batch_shape", Codec<Shape>::encode(spec_.shape)}, {"dtype", Codec<DType>::encode(spec_.dtype)},
                         {"sparse", false}, {"ragged", false}, {"name", name()}, {"optional", optional_}});
}

Structure InputLayer::call(const Structure& inputs, const Call&) { return inputs; }

Tensor InputLayer::output() {
    std::shared_ptr<SymbolicNode> node = node_.lock();
    if (!node) {
        const Tensor made = add_symbolic_node(shared_from_this(), Structure(Structure::List()), {}, SpecTree(spec_)).leaf();
        node = symbolic_origin(made).node();
        node->index = 0;   // the one call an input has, however often its node was let go
        node_ = node;
        return made;
    }
    return Tensor::made_by(std::make_shared<SymbolicOrigin>(node, 0), spec_);
}

}  // namespace layers
}  // namespace cornu
