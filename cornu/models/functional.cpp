#include "cornu/models/functional.h"

#include <map>

#include "cornu/ops/elementwise.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

bool is_input(const Tensor& tensor) { return symbolic_origin(tensor).node()->input_tensors().empty(); }

const std::string& name_of(const Tensor& tensor) { return symbolic_origin(tensor).node()->operation->operation_name(); }

void check_symbolic(const Structure& tensors, const char* what) {
    if (tensors.leaf_count() == 0) throw ValueError(str("`", what, "` argument cannot be empty."));
    tensors.for_each([&](const Tensor& x) {
        if (!x.defined() || !x.symbolic())
            throw ValueError(str("All `", what, "` values must be KerasTensors. Received an invalid value: ",
                                 x.defined() ? x.to_string() : std::string("an undefined tensor")));
    });
}

// The graph between `inputs` and `outputs` called once more on new Input()s in place of `inputs`.
void replace_inputs(Structure& inputs, Structure& outputs) {
    const FunctionGraph graph = map_graph(inputs.flatten(), outputs.flatten());
    std::map<TensorKey, Tensor> renewed;
    inputs = inputs.map([&](const Tensor& x) {
        const Tensor fresh = is_input(x) ? x
                                         : Input({.dtype = x.dtype(), .batch_shape = x.shape(),
                                                  .name = Context::current().unique_name("keras_tensor") + "CLONE"});
        renewed[key_of(x)] = fresh;
        return fresh;
    });
    const auto renew = [&](const Structure& tensors) {
        return tensors.map([&](const Tensor& x) {
            if (!x.defined() || !x.symbolic()) return x;
            const auto found = renewed.find(key_of(x));
            return found == renewed.end() ? x : found->second;
        });
    };
    for (const FunctionGraph::Node& node : graph.nodes) {
        if (node->input_tensors().empty()) continue;
        Call call = node->call;
        call.visit_tensors([&](std::string_view, Structure& tensors) { tensors = renew(tensors); });
        const Tensors made = add_symbolic_node(node->operation, renew(node->inputs), call, node->outputs).flatten();
        for (size_t i = 0; i < made.size(); ++i) renewed.emplace(TensorKey{node.get(), i}, made[i]);
    }
    outputs = renew(outputs);
}

std::string names_of(const Structure& tensors) {
    std::string names;
    tensors.for_each([&](const Tensor& x) { names += (names.empty() ? "'" : ", '") + name_of(x) + "'"; });
    return "[" + names + "]";
}

}  // namespace

FunctionalModel::FunctionalModel(Structure inputs, Structure outputs, const std::string& name, bool trainable)
    : inputs_(std::move(inputs)), outputs_(std::move(outputs)) {
    check_symbolic(inputs_, "inputs");
    check_symbolic(outputs_, "outputs");
    const Tensors given = inputs_.flatten();
    if (!std::all_of(given.begin(), given.end(), is_input)) replace_inputs(inputs_, outputs_);
    set_options({.name = name, .trainable = trainable});
    set_autocast(false);   // each input has a dtype of its own
    build_at_init();

    flat_inputs_ = inputs_.flatten();
    const Tensors flat_outputs = outputs_.flatten();
    graph_ = map_graph(flat_inputs_, flat_outputs);

    std::map<TensorKey, size_t> slots;
    for (const FunctionGraph::Node& node : graph_.nodes)
        for (size_t i = 0; i < node->outputs.leaf_count(); ++i) slots.emplace(TensorKey{node.get(), i}, slots_++);
    const auto slots_of = [&](const Structure& tensors) {
        std::vector<int64_t> found;
        tensors.for_each([&](const Tensor& x) {
            found.push_back(x.defined() && x.symbolic() ? static_cast<int64_t>(slots.at(key_of(x))) : -1);
        });
        return found;
    };
    for (const FunctionGraph::Node& node : graph_.nodes) {
        if (node->input_tensors().empty()) continue;
        Step step{node->operation.get(), node.get(), slots_of(node->inputs), {}, slots.at({node.get(), 0}), node->outputs.leaf_count()};
        node->call.visit_tensors([&](std::string_view, const Structure& tensors) { step.arguments.push_back(slots_of(tensors)); });
        steps_.push_back(std::move(step));
    }
    for (const Tensor& x : flat_inputs_) input_slots_.push_back(slots.at(key_of(x)));
    for (const Tensor& y : flat_outputs) output_slots_.push_back(slots.at(key_of(y)));
    for (const Layer& layer : layers()) children_.push_back({layer.name(), layer});
}

std::vector<Layer> FunctionalModel::layers() const {
    std::vector<Layer> all;
    for (const std::shared_ptr<Operation>& operation : graph_.operations)
        if (auto layer = std::dynamic_pointer_cast<CustomLayer>(operation)) all.push_back(Layer(std::move(layer)));
    return all;
}

std::vector<std::string> FunctionalModel::input_names() const {
    std::vector<std::string> names;
    for (const Tensor& x : flat_inputs_) names.push_back(name_of(x));
    return names;
}

std::vector<std::string> FunctionalModel::output_names() const {
    std::vector<std::string> names;
    outputs_.for_each([&](const Tensor& y) { names.push_back(name_of(y)); });
    return names;
}

Tensor FunctionalModel::fit_input(const Tensor& x, size_t index) const {
    const Spec& wanted = flat_inputs_[index].spec();
    if (!x.defined()) {
        const Layer layer(std::dynamic_pointer_cast<CustomLayer>(symbolic_origin(flat_inputs_[index]).node()->operation));
        if (layers::InputLayer::is(layer) && layers::InputLayer(layer).optional()) return x;
        throw ValueError(str("The input '", name_of(flat_inputs_[index]), "' is not optional, but None was passed. Please provide a valid tensor."));
    }
    const auto refuse = [&] {
        Shape expected = wanted.shape;
        if (!expected.empty()) expected[0] = None;
        throw ShapeError(str("Input ", index, " with name '", name_of(flat_inputs_[index]), "' of layer '", name(),
                             "' is incompatible with the layer: expected shape=", expected, ", found shape=", x.shape()));
    };
    Tensor fitted = x;
    if (x.rank() == wanted.shape.rank() + 1 && x.shape().back() == 1) fitted = ops::squeeze(x, {-1});
    else if (x.rank() == wanted.shape.rank() - 1 && wanted.shape.back() == 1) fitted = ops::expand_dims(x, -1);
    else if (x.rank() != wanted.shape.rank()) refuse();
    for (int64_t axis = 1; axis < fitted.rank(); ++axis)
        if (wanted.shape[axis] != None && fitted.shape()[axis] != None && wanted.shape[axis] != fitted.shape()[axis]) refuse();
    if (fitted.dtype() != wanted.dtype) fitted = ops::cast(fitted, wanted.dtype);
    if (const Tensor mask = x.mask(); mask.defined()) fitted.set_mask(mask);
    return fitted;
}

Tensors FunctionalModel::standardize(const Structure& inputs) const {
    Tensors flat;
    if (inputs.is_dict()) {
        // By name: the keys of a dict of inputs, or the names of the inputs of a list.
        std::vector<std::string> names = input_names();
        if (inputs_.is_dict() && inputs_.dict().size() == flat_inputs_.size()) {
            names.clear();
            for (const auto& [key, item] : inputs_.dict()) names.push_back(key);
        }
        for (const std::string& wanted : names) {
            const auto found = inputs.dict().find(wanted);
            if (found == inputs.dict().end()) {
                std::string keys;
                for (const auto& [key, item] : inputs.dict()) keys += (keys.empty() ? "'" : ", '") + key + "'";
                throw ValueError(str("Missing data for input \"", wanted, "\". You passed a data dictionary with keys [", keys,
                                     "]. Expected the following keys: ", names_of(inputs_)));
            }
            found->second.for_each([&](const Tensor& x) { flat.push_back(x); });
        }
    } else {
        flat = inputs.flatten();
    }
    if (flat.size() != flat_inputs_.size())
        throw ValueError(str("Layer \"", name(), "\" expects ", flat_inputs_.size(), " input(s), but it received ", flat.size(),
                             " input tensors. Expected inputs: ", names_of(inputs_)));
    for (size_t i = 0; i < flat.size(); ++i) flat[i] = fit_input(flat[i], i);
    return flat;
}

Structure FunctionalModel::call(const Structure& inputs, const Call& call) {
    const Tensors given = standardize(inputs);
    if (const Tensors masks = call.mask.flatten(); masks.size() == given.size())
        for (size_t i = 0; i < given.size(); ++i)
            if (given[i].defined() && masks[i].defined()) given[i].set_mask(masks[i]);
    Tensors values(slots_);
    for (size_t i = 0; i < given.size(); ++i) values[input_slots_[i]] = given[i];
    const auto fill = [&](const Structure& tensors, const std::vector<int64_t>& slots) {
        size_t next = 0;
        return tensors.map([&](const Tensor& constant) {
            const int64_t slot = slots[next++];
            return slot < 0 ? constant : values[static_cast<size_t>(slot)];
        });
    };
    for (const Step& step : steps_) {
        Call inner = step.node->call;
        if (call.training.given()) inner.training = call.training;
        auto slots = step.arguments.begin();
        inner.visit_tensors([&](std::string_view, Structure& tensors) { tensors = fill(tensors, *slots++); });
        const Structure out = step.operation->call_operation(fill(step.node->inputs, step.inputs), inner);
        const Tensors flat = out.flatten();
        if (flat.size() != step.outputs)
            throw ValueError(str("operation '", step.operation->operation_name(), "' gave ", step.outputs, " outputs when the model was made. Received: ", flat.size()));
        for (size_t i = 0; i < flat.size(); ++i) values[step.first_output + i] = flat[i];
    }
    Tensors outputs;
    for (const size_t slot : output_slots_) outputs.push_back(values[slot]);
    return outputs_.pack(outputs);
}

SpecTree FunctionalModel::compute_output_spec(const SpecTree& inputs, const Call& call) {
    // On inputs like its own the answer is known.
    const Specs given = inputs.flatten();
    bool same = given.size() == flat_inputs_.size();
    for (size_t i = 0; same && i < given.size(); ++i) same = given[i].shape == flat_inputs_[i].shape();
    if (same) return outputs_.map([](const Tensor& y) { return Spec{y.shape(), y.dtype()}; });
    return CustomLayer::compute_output_spec(inputs, call);
}

}  // namespace cornu
