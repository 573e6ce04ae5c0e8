#include "cornu/models/sequential.h"

#include "cornu/base/naming.h"
#include "cornu/tensor/context.h"

namespace cornu {

SequentialModel::SequentialModel(std::vector<Layer> layers, const std::string& name, bool trainable) {
    set_options({.name = name, .trainable = trainable});
    set_autocast(false);   // the layers cast what they take
    for (const Layer& layer : layers) append(layer);
    rebuild();
}

void SequentialModel::add(const Layer& layer) {
    append(layer);
    rebuild();
}

void SequentialModel::append(const Layer& layer) {
    if (!layer.defined()) throw ValueError("Only instances of `keras.Layer` can be added to a Sequential model. Received: an empty layer handle");
    // A layer of one's own has no name until it is first called.
    if (layer.name().empty()) layer.impl().set_name(Context::current().unique_name(utils::default_name(layer.impl().class_name())));
    for (const Layer& other : layers_)
        if (other.name() == layer.name() && !(other == layer))
            throw ValueError(str("All layers added to a Sequential model should have unique names. Name '", layer.name(),
                                 "' is already the name of a layer in this model. Update the `name` argument to pass a unique name."));
    if (layers::InputLayer::is(layer)) {
        if (has_input())
            throw ValueError(str("Sequential model '", name(), "' has already been configured to use input shape ", input_layer().batch_shape(),
                                 ". You cannot add a different Input layer to it."));
        if (!layers_.empty()) throw ValueError(str("Sequential model '", name(), "': an Input can only be its first layer. Received: '", layer.name(), "' as layer ", layers_.size()));
    }
    layers_.push_back(layer);
}

Layer SequentialModel::pop() {
    if (layers_.empty()) throw ValueError(str("Sequential model '", name(), "' has no layer to remove."));
    const Layer last = layers_.back();
    layers_.pop_back();
    rebuild();
    return last;
}

void SequentialModel::rebuild() {
    unbuild();
    functional_.reset();
    make_programs_anew();
    if (layers_.size() < 2 && has_input()) return;
    if (has_input()) {
        build_once(ShapeTree(input_layer().batch_shape()));
    } else if (!layers_.empty() && layers_.size() > 1) {
        // A model at the bottom knows the shape of its input.
        if (auto* model = dynamic_cast<CustomModel*>(&layers_[0].impl()); model && model->functional() && model->functional()->input().is_leaf())
            build_once(ShapeTree(model->functional()->input().leaf().shape()));
    }
}

void SequentialModel::build(const ShapeTree& inputs) {
    if (!inputs.is_leaf()) return;   // nested inputs: the layers are called one after the other
    if (layers_.empty()) throw ValueError(str("Sequential model ", name(), " cannot be built because it has no layers. Call `model.add(layer)`."));
    Shape shape = inputs.leaf();
    if (has_input()) {
        const Shape& own = input_layer().batch_shape();
        bool fits = own.rank() == shape.rank();
        for (int64_t axis = 0; fits && axis < own.rank(); ++axis) fits = own[axis] == None || shape[axis] == None || own[axis] == shape[axis];
        if (!fits)
            throw ValueError(str("Sequential model '", name(), "' has already been configured to use input shape ", own,
                                 ". You cannot build it with input_shape ", shape));
    } else {
        if (!shape.empty()) shape[0] = None;   // the size of the first batch says nothing about the next
        const DType dtype = layers_[0].impl().compute_dtype();
        layers_.insert(layers_.begin(), layers::InputLayer({.dtype = dtype, .batch_shape = shape}));
    }
    const Tensor input = input_layer().output();
    Structure x = input;
    for (size_t i = 1; i < layers_.size(); ++i) x = layers_[i](x);
    functional_ = std::make_shared<FunctionalModel>(Structure(input), std::move(x));
}

Structure SequentialModel::call(const Structure& inputs, const Call& call) {
    if (functional_) return functional_->call(inputs, call);
    Structure x = inputs;
    Call inner = call;
    for (const Layer& layer : layers_) {
        x = layer(x, inner);
        inner.mask = Structure();   // what comes next finds its mask on the tensor
    }
    return x;
}

SpecTree SequentialModel::compute_output_spec(const SpecTree& inputs, const Call& call) {
    return functional_ ? functional_->compute_output_spec(inputs, call) : CustomLayer::compute_output_spec(inputs, call);
}

std::vector<Layer> SequentialModel::layers() const {
    return {layers_.begin() + (has_input() ? 1 : 0), layers_.end()};
}

std::vector<CustomLayer::Child> SequentialModel::children() const {
    std::vector<Child> all;
    for (const Layer& layer : layers_) all.push_back({layer.name(), layer});
    return all;
}

std::vector<std::string> SequentialModel::input_names() const {
    return functional_ ? functional_->input_names() : std::vector<std::string>();
}

std::vector<std::string> SequentialModel::output_names() const {
    return functional_ ? functional_->output_names() : CustomModel::output_names();
}

}  // namespace cornu
