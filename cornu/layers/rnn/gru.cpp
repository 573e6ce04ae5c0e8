#include "cornu/layers/rnn/gru.h"

#include "cornu/layers/rnn/gated_cell.h"
#include "cornu/layers/rnn/recurrent_layer.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/indexing.h"

namespace cornu::layers {

namespace {

class GRUCellLayer final : public GatedCell<GRUCellConfig> {
public:
    explicit GRUCellLayer(GRUCellConfig config) : GatedCell("GRUCell", std::move(config), 3) {}

    void begin(const Shape& x, const Tensors& states, const Call& call) override {
        GatedCell::begin(x, states, call);
        if (config_.reset_after) return;
        Tensors parts = ops::split(recurrent_, std::vector<int64_t>{2 * config_.units}, -1);
        gates_kernel_ = parts[0];
        candidate_kernel_ = parts[1];
    }
    void end() override {
        GatedCell::end();
        gates_kernel_ = candidate_kernel_ = Tensor();
    }

    Step step(const Tensor& projected, const Tensors& states, const Call&) override {
        const Tensor& old = states[0];
        const Tensors& masks = dropout_.state;
        const Tensors x = ops::split(projected, 3, -1);
        const auto& gate = config_.recurrent_activation;
        Tensor update, candidate;
        if (config_.reset_after) {
            Tensor inner = matmul_through_masks(old, masks, recurrent_);
            if (config_.use_bias) inner = inner + ops::get_item(biases_, {int64_t{1}});
            const Tensors r = ops::split(inner, 3, -1);
            update = gate(x[0] + r[0]);
            candidate = config_.activation(x[2] + gate(x[1] + r[1]) * r[2]);
        } else {
            const bool each = masks.size() == 3;
            const Tensors r = ops::split(matmul_through_masks(old, each ? Tensors{masks[0], masks[1]} : masks, gates_kernel_), 2, -1);
            update = gate(x[0] + r[0]);
            const Tensor kept = gate(x[1] + r[1]) * (each ? old * masks[2] : old);
            candidate = config_.activation(x[2] + ops::matmul(kept, candidate_kernel_));
        }
        const Tensor h = update * old + (1 - update) * candidate;
        return {h, {h}};
    }

private:
    Shape bias_shape(int64_t width) const override { return config_.reset_after ? Shape{2, width} : Shape{width}; }
    Tensor input_bias(const Tensor& biases) const override {
        return config_.reset_after && biases.defined() ? ops::get_item(biases, {int64_t{0}}) : biases;
    }
    Tensor gates_kernel_, candidate_kernel_;   // within a sequence, unless reset_after
};

class GRULayer final : public ConfiguredRecurrentLayer<GRUConfig> {
public:
    explicit GRULayer(GRUConfig config) : ConfiguredRecurrentLayer("GRU", std::move(config)) {
        set_cell(GRUCell(cell_config<GRUCellConfig>(config_, "gru_cell")));
        set_input_spec({.ndim = 3});
    }
};

}  // namespace

void GRUCellConfig::describe(Schema<GRUCellConfig>& s) {
    describe_layer(s);
    describe_cell(s);
    s.field<&GRUCellConfig::seed>("Seed of the dropout; drawn when not given.");
}
void GRUConfig::describe(Schema<GRUConfig>& s) {
    describe_layer(s);
    describe_sequence(s);
    describe_cell(s);
    s.field<&GRUConfig::seed>("Seed of the dropout; drawn when not given.");
}

GRUCell::GRUCell(GRUCellConfig config) : Layer(std::make_shared<GRUCellLayer>(std::move(config))) {}
GRU::GRU(GRUConfig config) : RecurrentHandle(std::make_shared<GRULayer>(std::move(config))) {}

}  // namespace cornu::layers
