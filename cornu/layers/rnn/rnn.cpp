#include "cornu/layers/rnn/rnn.h"

#include <deque>

#include "cornu/base/naming.h"
#include "cornu/layers/registry.h"
#include "cornu/layers/rnn/recurrent_layer.h"
#include "cornu/ops/creation.h"

namespace cornu::layers {

namespace {

class StackedRNNCellsLayer final : public ConfiguredLayer<StackedRNNCellsConfig, CustomCell> {
public:
    explicit StackedRNNCellsLayer(StackedRNNCellsConfig config) : ConfiguredLayer("StackedRNNCells", std::move(config)) {
        const std::vector<Layer>& cells = config_.cells;
        if (cells.empty()) throw ValueError("StackedRNNCells needs at least one cell. Received: cells=[]");
        utils::ClassNames names;
        for (const Layer& cell : cells) {
            cells_.push_back(&cell_of(cell));
            track("cells/" + names(cells_.back()->class_name()), cell);
        }
    }

    using CustomCell::build;
    void build(const Shape& input) override {
        Shape shape = input;
        for (CustomCell* cell : cells_) {
            cell->build_once(ShapeTree(shape));
            shape = cell->output_shape().with_front(input[0]);
        }
    }

    ShapeTree state_shapes() const override {
        ShapeTree::List all;
        for (const CustomCell* cell : cells_) all.push_back(cell->state_shapes());
        return all;
    }
    Shape output_shape() const override { return cells_.back()->output_shape(); }
    Tensors initial_states(const Shape& x) const override {
        Tensors all;
        for (const CustomCell* cell : cells_)
            for (const Tensor& state : cell->initial_states(x)) all.push_back(state);
        return all;
    }

    void begin(const Shape& x, const Tensors& states, const Call&) override {
        step_shape_ = x;
        states_ = states;
    }
    // The first cell is given the whole sequence if it is there; the others learn only what shape their
    // inputs will have.
    Tensor project(const Tensor& x, const Call& call) override {
        whole_ = x.rank() > step_shape_.rank();
        Shape shape = step_shape_;
        size_t next = 0;
        for (CustomCell* cell : cells_) {
            const Tensor sequence = whole_ && next == 0 ? x : ops::zeros(shape.with_front(0), compute_dtype());
            sequences_.emplace_back(*cell, sequence, states_of(*cell, states_, next), call);
            shape = cell->output_shape().with_front(shape[0]);
        }
        return whole_ ? sequences_[0].projected() : x;
    }
    void end() override {
        sequences_.clear();
        states_.clear();
    }

    Step step(const Tensor& x, const Tensors& states, const Call&) override {
        Step done{x, {}};
        size_t next = 0;
        for (size_t i = 0; i < cells_.size(); ++i) {
            const Tensors own = states_of(*cells_[i], states, next);
            Step now = i == 0 && whole_ ? sequences_[i].step(x, own) : sequences_[i].step_on_input(done.output, own);
            done.output = now.output;
            done.states.insert(done.states.end(), now.states.begin(), now.states.end());
        }
        return done;
    }

private:
    // The next states in a row, which are this cell's.
    static Tensors states_of(const CustomCell& cell, const Tensors& all, size_t& next) {
        const auto from = all.begin() + static_cast<std::ptrdiff_t>(next);
        const size_t count = cell.state_shapes().leaf_count();
        next += count;
        return {from, from + static_cast<std::ptrdiff_t>(count)};
    }

    std::vector<CustomCell*> cells_;
    // Within a sequence:
    std::deque<Sequence> sequences_;
    Tensors states_;
    Shape step_shape_;
    bool whole_ = false;
};

class RNNLayer final : public ConfiguredRecurrentLayer<RNNConfig> {
public:
    explicit RNNLayer(RNNConfig config) : ConfiguredRecurrentLayer("RNN", std::move(config)) { set_cell(config_.cell); }
};

}  // namespace

void reset_state(const Layer& layer) {
    if (auto* recurrent = dynamic_cast<RecurrentLayer*>(&layer.impl())) recurrent->reset_state();
    for (const CustomLayer::Child& child : layer.impl().children()) reset_state(child.layer);
}

void RecurrentHandle::reset_state() const { layers::reset_state(*this); }
Variables RecurrentHandle::states() const { return dynamic_cast<const RecurrentLayer&>(impl()).states(); }

void RNNConfig::describe(Schema<RNNConfig>& s) {
    describe_layer(s);
    describe_sequence(s);
    s.field<&RNNConfig::cell>("What is done at each time step.");
    s.field<&RNNConfig::activity_regularizer>("Penalty on the output.").omit_null();
}
void StackedRNNCellsConfig::describe(Schema<StackedRNNCellsConfig>& s) {
    describe_layer(s);
    s.field<&StackedRNNCellsConfig::cells>("The cells, the one that sees the inputs first.");
}

RNN::RNN(RNNConfig config) : RecurrentHandle(std::make_shared<RNNLayer>(std::move(config))) {}
StackedRNNCells::StackedRNNCells(StackedRNNCellsConfig config) : Layer(std::make_shared<StackedRNNCellsLayer>(std::move(config))) {}

}  // namespace cornu::layers
