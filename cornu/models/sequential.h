// SequentialModel: a stack of layers, each called on what the one before it gave. Built at once when
// it begins with an Input, else on the first data; then a Functional model does the work.
#pragma once

#include "cornu/models/functional.h"

namespace cornu {

class CORNU_API SequentialModel final : public CustomModel {
public:
    explicit SequentialModel(std::vector<Layer> layers = {}, const std::string& name = {}, bool trainable = true);

    // Throw ValueError in Keras's words: two layers of one name, a second Input.
    void add(const Layer& layer);
    Layer pop();

    std::string class_name() const override { return "Sequential"; }
    std::vector<Layer> layers() const override;                   // without the Input
    const std::vector<Layer>& all_layers() const { return layers_; }
    const FunctionalModel* functional() const override { return functional_.get(); }
    std::vector<std::string> input_names() const override;
    std::vector<std::string> output_names() const override;
    std::vector<Child> children() const override;
    void build(const ShapeTree& inputs) override;
    Structure call(const Structure& inputs, const Call& call) override;
    SpecTree compute_output_spec(const SpecTree& inputs, const Call& call) override;
    Json get_config() const override;

private:
    using CustomLayer::build;
    using CustomLayer::call;
    void append(const Layer& layer);
    void rebuild();
    bool has_input() const { return !layers_.empty() && layers::InputLayer::is(layers_[0]); }
    layers::InputLayer input_layer() const { return layers::InputLayer(layers_[0]); }

    std::vector<Layer> layers_;
    std::shared_ptr<FunctionalModel> functional_;
};

}  // namespace cornu
