// clone_model: through configs as a whole, or layer by layer where options ask for it.
#include <map>

#include "cornu/models/functional.h"
#include "cornu/models/model_config.h"
#include "cornu/models/sequential.h"
#include "cornu/ops/apply.h"

namespace cornu {

namespace {

// Not built yet: its new inputs may be of another shape.
Layer made_anew(const Layer& layer) {
    Json json = serialize_operation(layer.impl());
    json.set("build_config", Json());
    return Layer(std::dynamic_pointer_cast<CustomLayer>(deserialize_operation(json)));
}

bool same_nesting(const Structure& a, const Structure& b) {
    if (a.is_leaf() || b.is_leaf()) return a.is_leaf() && b.is_leaf();
    if (a.is_list() != b.is_list()) return false;
    if (a.is_list()) return std::equal(a.list().begin(), a.list().end(), b.list().begin(), b.list().end(), same_nesting);
    return std::equal(a.dict().begin(), a.dict().end(), b.dict().begin(), b.dict().end(),
                      [](const auto& x, const auto& y) { return x.first == y.first && same_nesting(x.second, y.second); });
}

class Cloning {
public:
    explicit Cloning(const CloneOptions& options) : options_(options) {}

    Model clone(CustomModel& model, const Structure& inputs) {
        if (auto* stack = dynamic_cast<SequentialModel*>(&model)) return clone_stack(*stack, inputs);
        return clone_graph(dynamic_cast<FunctionalModel&>(model), inputs);
    }

private:
    // A layer that stands in several places is one layer in the clone, too.
    Layer clone_layer(const Layer& layer) {
        if (const auto known = cloned_.find(layer.shared().get()); known != cloned_.end()) return known->second;
        Layer made;
        auto* model = options_.recursive ? dynamic_cast<CustomModel*>(&layer.impl()) : nullptr;
        if (model && (dynamic_cast<SequentialModel*>(model) || dynamic_cast<FunctionalModel*>(model))) made = clone(*model, {});
        else made = options_.clone_function ? options_.clone_function(layer) : made_anew(layer);
        if (!made.defined()) throw ValueError(str("clone_model: clone_function must return a layer. Received: none for '", layer.name(), "'"));
        cloned_.emplace(layer.shared().get(), made);
        return made;
    }

    Model clone_stack(SequentialModel& model, const Structure& inputs) {
        std::vector<Layer> layers;
        for (const Layer& layer : model.all_layers()) {
            if (!layers::InputLayer::is(layer)) layers.push_back(clone_layer(layer));
            else if (inputs.leaf_count() == 0 || !inputs.flatten()[0].defined()) layers.push_back(made_anew(layer));
        }
        if (const Tensors given = inputs.flatten(); given.size() == 1 && given[0].defined())
            layers.insert(layers.begin(), Layer(std::dynamic_pointer_cast<CustomLayer>(symbolic_origin(given[0]).node()->operation)));
        return Model(std::make_shared<SequentialModel>(std::move(layers), model.name(), model.trainable()));
    }

    Model clone_graph(FunctionalModel& model, const Structure& given) {
        std::map<TensorKey, Tensor> renewed;
        const Tensors before = model.input().flatten(), replaced = given.flatten();
        const bool fresh = replaced.empty() || !replaced[0].defined();
        Tensors inputs;
        for (size_t i = 0; i < before.size(); ++i) {
            const auto made_by = std::dynamic_pointer_cast<CustomLayer>(symbolic_origin(before[i]).node()->operation);
            inputs.push_back(fresh ? layers::InputLayer(made_anew(Layer(made_by))).output() : replaced[i]);
            renewed[key_of(before[i])] = inputs.back();
        }
        const auto renew = [&](const Structure& tensors) {
            return tensors.map([&](const Tensor& x) { return x.defined() && x.symbolic() ? renewed.at(key_of(x)) : x; });
        };
        for (const FunctionGraph::Node& node : model.graph().nodes) {
            if (node->input_tensors().empty()) continue;
            Call call = node->call;
            call.visit_tensors([&](std::string_view, Structure& tensors) { tensors = renew(tensors); });
            const Tensors outputs = call_clone(*node, renew(node->inputs), call).flatten();
            if (outputs.size() != node->outputs.leaf_count())
                throw ValueError(str("clone_model: a call of '", node->operation->operation_name(), "' must give ", node->outputs.leaf_count(),
                                     " tensors. Received: ", outputs.size()));
            for (size_t i = 0; i < outputs.size(); ++i) renewed[{node.get(), i}] = outputs[i];
        }
        return Model(std::make_shared<FunctionalModel>(model.input().pack(inputs), renew(model.output()), model.name(), model.trainable()));
    }

    Structure call_clone(const SymbolicNode& node, const Structure& inputs, const Call& call) {
        if (const auto op = std::dynamic_pointer_cast<OpCall>(node.operation)) {
            std::shared_ptr<OpCall>& made = ops_[op.get()];
            if (!made) made = std::make_shared<OpCall>(op->op(), op->attrs(), op->operation_name());
            Specs given;
            inputs.for_each([&](const Tensor& x) { given.push_back(x.spec()); });
            const Specs found = infer_specs(op->op(), given, op->attrs());
            return add_symbolic_node(made, inputs, {}, node.outputs.pack(found));
        }
        const Layer layer = clone_layer(Layer(std::dynamic_pointer_cast<CustomLayer>(node.operation)));
        return options_.call_function ? options_.call_function(layer, inputs, call) : layer(inputs, call);
    }

    const CloneOptions& options_;
    std::map<const CustomLayer*, Layer> cloned_;
    std::map<const OpCall*, std::shared_ptr<OpCall>> ops_;
};

void check_options(CustomModel& model, const CloneOptions& options, bool with_inputs) {
    const auto refuse = [&](const char* what, const char* models) {
        throw ValueError(str("clone_model: `", what, "` is only supported for ", models, " models. Received: the model '", model.name(),
                             "' of class ", model.class_name()));
    };
    const bool stack = dynamic_cast<SequentialModel*>(&model), graph = dynamic_cast<FunctionalModel*>(&model);
    if (options.call_function && !graph) refuse("call_function", "Functional");
    if (options.clone_function && !stack && !graph) refuse("clone_function", "Sequential or Functional");
    if (!with_inputs) return;
    if (!stack && !graph) refuse("input_tensors", "Sequential or Functional");
    options.input_tensors.for_each([&](const Tensor& x) {
        if (!x.defined() || !x.symbolic())
            throw ValueError(str("clone_model: `input_tensors` must be KerasTensors. Received: ", x.defined() ? x.to_string() : "an undefined tensor"));
    });
    if (stack ? options.input_tensors.leaf_count() != 1 : !same_nesting(options.input_tensors, model.functional()->input()))
        throw ValueError(str("clone_model: `input_tensors` must have the same structure as the inputs of the model '", model.name(), "', of which there are ",
                             stack ? 1 : model.functional()->input().leaf_count(), ". Received: ", options.input_tensors.leaf_count(), " tensors"));
    if (stack)
        if (const auto& made_by = symbolic_origin(options.input_tensors.flatten()[0]).node()->operation;
            !made_by || !layers::InputLayer::is(Layer(std::dynamic_pointer_cast<CustomLayer>(made_by))))
            throw ValueError("clone_model: `input_tensors` of a Sequential model must be what Input() returned.");
}

}  // namespace

Model clone_model(const Model& model, const CloneOptions& options) {
    CustomModel& original = model.model_impl();
    const bool with_inputs = !options.input_tensors.is_leaf() || options.input_tensors.leaf().defined();
    check_options(original, options, with_inputs);
    Model clone;
    if (with_inputs || options.clone_function || options.call_function) {
        clone = Cloning(options).clone(original, options.input_tensors);
    } else {
        const ObjectSharing scope;
        clone = Model(std::dynamic_pointer_cast<CustomModel>(deserialize_operation(serialize_operation(original))));
    }
    if (original.compiled()) clone.compile(read_compile_config(original.get_compile_config()));
    return clone;
}

}  // namespace cornu
