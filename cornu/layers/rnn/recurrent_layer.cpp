#include "cornu/layers/rnn/recurrent_layer.h"

#include <algorithm>

#include "cornu/layers/rnn/rnn_loop.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"

namespace cornu::layers {

namespace {

// [output, states…] with Keras's nesting of the states: a list for each cell of a stack.
Structure::List with_states(const Tensor& output, const ShapeTree::List& shapes, const Tensors& states) {
    Structure::List out;
    out.emplace_back(output);
    size_t next = 0;
    for (const ShapeTree& shape : shapes) out.push_back(shape.map([&](const Shape&) { return states[next++]; }));
    return out;
}

// The previous output is the first state, of a stack that of its last cell.
size_t output_state(const ShapeTree::List& shapes, size_t count) { return shapes.back().is_leaf() ? 0 : count - shapes.back().leaf_count(); }

bool fits(const Shape& shape, const Shape& wanted) {
    if (shape.rank() != wanted.rank()) return false;
    for (int64_t axis = 0; axis < shape.rank(); ++axis)
        if (shape[axis] >= 0 && wanted[axis] >= 0 && shape[axis] != wanted[axis]) return false;
    return true;
}

}  // namespace

Json build_config_of_sequences(const Json& config) {
    const Json& shape = config.get("shapes_dict").get("sequences_shape");
    return shape.is_null() ? config : Json::object({{"input_shape", shape}});
}

void RecurrentLayer::build_from_config(const Json& config) { CustomLayer::build_from_config(build_config_of_sequences(config)); }

void RecurrentLayer::set_cell(Layer cell) {
    cell_of(cell);
    cell_ = track("cell", std::move(cell));
}

void RecurrentLayer::build(const Shape& sequences) {
    if (sequences.rank() < 3) throw ShapeError(str("a sequence must be (batch, time, …). Received: shape ", sequences));
    Shape step = sequences;
    step.erase(1);
    cell().build_once(ShapeTree(step));
    if (!options().stateful) return;
    if (!states_.empty()) return reset_state();
    if (sequences[0] < 0)
        throw ValueError(str("When using `stateful=True` in a RNN, the batch size must be static. "
                             "Found dynamic batch size: sequence.shape=", sequences));
    for (const Tensor& state : cell().initial_states(step))
        states_.emplace_back(ops::cast(state, variable_dtype()),
                             VariableOptions{.name = "rnn_state", .trainable = false, .path = path() + "/rnn_state"});
}

void RecurrentLayer::reset_state() {
    for (Variable& state : states_) state.assign(Tensor::full(state.shape(), 0, state.dtype()));
}

Tensors RecurrentLayer::starting_states(const Tensor& sequences, const Structure& given) const {
    if (sequences.rank() < 2) throw ShapeError(str("a recurrent layer takes (batch, steps, …). Received: shape ", sequences.shape()));
    Shape step = sequences.shape();
    step.erase(1);
    Tensors states = given.flatten();
    if (std::none_of(states.begin(), states.end(), [](const Tensor& state) { return state.defined(); }))
        states = options().stateful ? Tensors(states_.begin(), states_.end()) : cell().initial_states(step);
    if (!states_.empty() && sequences.shape()[0] >= 0 && sequences.shape()[0] != states_[0].shape()[0])
        throw ValueError(str("If an RNN is stateful, the batch size of the input sequences must be the same as the batch size of the "
                             "initial state. Expected batch size: ", states_[0].shape()[0], ". Received: batch size ", sequences.shape()[0]));
    std::vector<Shape> wanted = cell().state_shapes().flatten();
    for (Shape& shape : wanted) shape = shape.with_front(step[0]);
    bool right = states.size() == wanted.size();
    for (size_t i = 0; right && i < states.size(); ++i) right = states[i].defined() && fits(states[i].shape(), wanted[i]);
    if (!right) {
        std::string expected, received;
        for (const Shape& shape : wanted) expected += str(expected.empty() ? "" : ", ", shape);
        for (const Tensor& state : states)
            received += str(received.empty() ? "" : ", ", state.defined() ? state.shape().to_string() : "None");
        throw ShapeError(str("`initial_state` must hold one tensor for each state of the cell, of shapes [", expected,
                             "]. Received: shapes [", received, "]"));
    }
    for (Tensor& state : states) state = ops::cast(state, cell().compute_dtype());
    return states;
}

Structure RecurrentLayer::call(const Structure& inputs, const Call& call) {
    const Tensor sequences = inputs.leaf();
    const SequenceOptions o = options();
    if (o.unroll && sequences.shape()[1] < 0)
        throw ValueError("Cannot unroll a RNN if the time dimension is undefined. If using a Sequential model, specify the time dimension "
                         "by passing an `Input()` as your first layer. If using the functional API, specify the time dimension by "
                         "passing a `shape` or `batch_shape` argument to your `Input()`.");
    const Tensors initial = starting_states(sequences, call.initial_state);
    const ShapeTree::List shapes = state_list(cell());
    const Tensors masks = call.mask.flatten();   // of the sequences; initial states have none

    RnnResult result = [&] {
        CustomCell::Sequence steps(cell(), swap_batch_and_time(sequences), initial, call);
        return rnn([&](const Tensor& x, const Tensors& states) { return steps.step(x, states); }, steps.projected(), initial,
                   {.go_backwards = o.go_backwards, .unroll = o.unroll, .zero_output_for_mask = o.zero_output_for_mask,
                    .return_all_outputs = o.return_sequences, .mask = masks.empty() ? Tensor() : masks[0],
                    .output_state = output_state(shapes, initial.size())});
    }();
    for (size_t i = 0; i < states_.size(); ++i) states_[i].assign(ops::cast(result.states[i], states_[i].dtype()));

    const Tensor output = ops::cast(o.return_sequences ? result.outputs : result.last_output, compute_dtype());
    if (!o.return_state) return output;
    for (Tensor& state : result.states) state = ops::cast(state, compute_dtype());
    return with_states(output, shapes, result.states);
}

Structure RecurrentLayer::compute_mask(const Structure&, const Structure& mask) {
    const Tensors masks = mask.flatten();
    const Tensor kept = options().return_sequences && !masks.empty() ? masks[0] : Tensor();
    if (!options().return_state) return kept;
    Tensors all(state_count() + 1);
    all[0] = kept;
    return all;
}

}  // namespace cornu::layers
