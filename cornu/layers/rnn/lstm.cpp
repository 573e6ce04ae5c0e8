#include "cornu/layers/rnn/lstm.h"

#include "cornu/layers/rnn/gated_cell.h"
#include "cornu/layers/rnn/recurrent_layer.h"

namespace cornu::layers {

namespace {

class LSTMCellLayer final : public GatedCell<LSTMCellConfig> {
public:
    explicit LSTMCellLayer(LSTMCellConfig config) : GatedCell("LSTMCell", std::move(config), 4) {}

    ShapeTree state_shapes() const override { return ShapeTree::List{Shape{config_.units}, Shape{config_.units}}; }

    Step step(const Tensor& x, const Tensors& states, const Call&) override {
        const Tensors z = ops::split(x + matmul_through_masks(states[0], dropout_.state, recurrent_), 4, -1);
        const auto& gate = config_.recurrent_activation;
        const Tensor c = gate(z[1]) * states[1] + gate(z[0]) * config_.activation(z[2]);
        const Tensor h = gate(z[3]) * config_.activation(c);
        return {h, {h, c}};
    }

private:
    Initializer bias_initializer() const override {
        return config_.unit_forget_bias ? with_forget_bias(config_.bias_initializer) : config_.bias_initializer;
    }
};

class LSTMLayer final : public ConfiguredRecurrentLayer<LSTMConfig> {
public:
    explicit LSTMLayer(LSTMConfig config) : ConfiguredRecurrentLayer("LSTM", std::move(config)) {
        set_cell(LSTMCell(cell_config<LSTMCellConfig>(config_, "lstm_cell")));
        set_input_spec({.ndim = 3});
    }
};

}  // namespace

void LSTMCellConfig::describe(Schema<LSTMCellConfig>& s) {
    describe_layer(s);
    describe_cell(s);
    s.field<&LSTMCellConfig::seed>("Seed of the dropout; drawn when not given.");
}
void LSTMConfig::describe(Schema<LSTMConfig>& s) {
    describe_layer(s);
    describe_sequence(s);
    describe_cell(s);
    s.field<&LSTMConfig::seed>("Seed of the dropout; drawn when not given.");
}

LSTMCell::LSTMCell(LSTMCellConfig config) : Layer(std::make_shared<LSTMCellLayer>(std::move(config))) {}
LSTM::LSTM(LSTMConfig config) : RecurrentHandle(std::make_shared<LSTMLayer>(std::move(config))) {}

}  // namespace cornu::layers
