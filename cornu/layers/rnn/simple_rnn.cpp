#include "cornu/layers/rnn/simple_rnn.h"

#include "cornu/layers/rnn/gated_cell.h"
#include "cornu/layers/rnn/recurrent_layer.h"

namespace cornu::layers {

namespace {

class SimpleRNNCellLayer final : public GatedCell<SimpleRNNCellConfig> {
public:
    explicit SimpleRNNCellLayer(SimpleRNNCellConfig config) : GatedCell("SimpleRNNCell", std::move(config), 1) {}

    Step step(const Tensor& x, const Tensors& states, const Call&) override {
        const Tensor h = config_.activation(x + matmul_through_masks(states[0], dropout_.state, recurrent_));
        return {h, {h}};
    }
};

class SimpleRNNLayer final : public ConfiguredRecurrentLayer<SimpleRNNConfig> {
public:
    explicit SimpleRNNLayer(SimpleRNNConfig config) : ConfiguredRecurrentLayer("SimpleRNN", std::move(config)) {
        set_cell(SimpleRNNCell(cell_config<SimpleRNNCellConfig>(config_, "simple_rnn_cell")));
        set_input_spec({.ndim = 3});
    }
};

}  // namespace

void SimpleRNNCellConfig::describe(Schema<SimpleRNNCellConfig>& s) {
    describe_layer(s);
    describe_cell(s);
    s.field<&SimpleRNNCellConfig::seed>("Seed of the dropout; drawn when not given.");
}
void SimpleRNNConfig::describe(Schema<SimpleRNNConfig>& s) {
    describe_layer(s);
    describe_sequence(s);
    describe_cell(s);
    s.field<&SimpleRNNConfig::seed>("Seed of the dropout; drawn when not given.").hidden();
}

SimpleRNNCell::SimpleRNNCell(SimpleRNNCellConfig config) : Layer(std::make_shared<SimpleRNNCellLayer>(std::move(config))) {}
SimpleRNN::SimpleRNN(SimpleRNNConfig config) : RecurrentHandle(std::make_shared<SimpleRNNLayer>(std::move(config))) {}

}  // namespace cornu::layers
