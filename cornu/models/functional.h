// FunctionalModel: the graph of layers and ops between symbolic inputs and outputs. Model(inputs,
// outputs) makes one.
#pragma once

#include "cornu/models/function_graph.h"
#include "cornu/models/model.h"

namespace cornu {

class CORNU_API FunctionalModel : public CustomModel {
public:
    // Both are nestings of KerasTensors. Inputs that are no Input()s are replaced by new ones.
    // Throws ValueError in Keras's words for anything else, for outputs that do not follow from the
    // inputs, and for two operations of one name.
    FunctionalModel(Structure inputs, Structure outputs, const std::string& name = {}, bool trainable = true);

    const Structure& input() const { return inputs_; }
    const Structure& output() const { return outputs_; }
    const FunctionGraph& graph() const { return graph_; }

    std::string class_name() const override { return "Functional"; }
    std::vector<Layer> layers() const override;
    const FunctionalModel* functional() const override { return this; }
    std::vector<std::string> input_names() const override;
    std::vector<std::string> output_names() const override;
    std::vector<Child> children() const override { return children_; }
    Structure call(const Structure& inputs, const Call& call) override;
    SpecTree compute_output_spec(const SpecTree& inputs, const Call& call) override;
    Json get_config() const override;
    Json get_build_config() const override { return Json::object({{"input_shape", Json()}}); }

private:
    using CustomLayer::call;
    // Inputs as the graph takes them: matched by name or order, checked, cast, their last axis of
    // size 1 dropped or added where only that differs.
    Tensors standardize(const Structure& inputs) const;
    Tensor fit_input(const Tensor& x, size_t index) const;

    // One call of the graph: values are kept in slots, numbered once.
    struct Step {
        Operation* operation;
        const SymbolicNode* node;
        std::vector<int64_t> inputs;                   // slots of leaves; -1: the leaf is a constant
        std::vector<std::vector<int64_t>> arguments;   // the same of the call's, in the order of visiting
        size_t first_output, outputs;
    };
    Structure inputs_, outputs_;
    Tensors flat_inputs_;
    FunctionGraph graph_;
    std::vector<Step> steps_;
    std::vector<size_t> input_slots_, output_slots_;
    size_t slots_ = 0;
    std::vector<Child> children_;
};

}  // namespace cornu
