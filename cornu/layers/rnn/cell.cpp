#include "cornu/layers/rnn/cell.h"

#include "cornu/ops/creation.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {
Tensors join(const Tensor& first, const Tensors& rest) {
    Tensors all{first};
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
}
CustomCell::Step as_step(const Structure& outputs) {
    Tensors all = outputs.flatten();
    const Tensor output = all[0];
    all.erase(all.begin());
    return {output, std::move(all)};
}
}  // namespace

void CustomCell::begin(const Shape&, const Tensors&, const Call&) {}

Shape CustomCell::output_shape() const { return layers::state_list(*this)[0].flatten()[0]; }

Tensors CustomCell::initial_states(const Shape& x) const {
    Tensors states;
    state_shapes().for_each([&](const Shape& shape) { states.push_back(ops::zeros(shape.with_front(x[0]), compute_dtype())); });
    return states;
}

void CustomCell::build(const ShapeTree& inputs) { build(inputs.flatten().at(0)); }

Json CustomCell::get_build_config() const {
    if (!build_shapes()) return {};
    return Json::object({{"input_shape", Codec<Shape>::encode(build_shapes()->flatten()[0])}});
}

const CallSignature& CustomCell::call_signature() const {
    static const CallSignature signature{.inputs = {"inputs", "states"}};
    return signature;
}

Structure CustomCell::call(const Structure& inputs, const Call& call) {
    Tensors states = inputs.flatten();
    if (states.empty()) throw ValueError("a cell is called on [x, states…]. Received: no input");
    const Tensor x = states[0];
    states.erase(states.begin());
    if (const size_t wanted = state_shapes().leaf_count(); states.size() != wanted)
        throw ValueError(str("a cell is called on [x, states…]; ", class_name(), " has ", wanted, wanted == 1 ? " state" : " states",
                             ". Received: ", states.size()));
    if (phase_ == Phase::starting) {
        begin(x.shape().without_front(), states, call);
        return project(x, call);
    }
    struct End {
        CustomCell* cell;
        ~End() { if (cell) cell->end(); }
    } end{phase_ == Phase::alone ? this : nullptr};
    if (phase_ == Phase::alone) begin(x.shape(), states, call);
    const Step done = step(phase_ == Phase::on_projected ? x : project(x, call), states, call);
    if (done.states.size() != states.size())
        throw ValueError(str("the step of ", class_name(), " must return ", states.size(), " states. Received: ", done.states.size()));
    return Structure(join(done.output, done.states));
}

Structure CustomCell::invoke_in(Phase phase, const Tensor& x, const Tensors& states, Flag training) {
    struct Use {
        Phase& phase;
        Phase saved;
        ~Use() { phase = saved; }
    } use{phase_, phase_};
    phase_ = phase;
    return invoke(Structure(join(x, states)), {.training = training});
}

CustomCell::Sequence::Sequence(CustomCell& cell, const Tensor& x, const Tensors& states, const Call& call) : cell_(cell), training_(call.training) {
    try {
        projected_ = cell.invoke_in(Phase::starting, x, states, training_).leaf();
    } catch (...) {
        cell.end();
        throw;
    }
}
CustomCell::Sequence::~Sequence() { cell_.end(); }

CustomCell::Step CustomCell::Sequence::step(const Tensor& x, const Tensors& states) {
    return as_step(cell_.invoke_in(Phase::on_projected, x, states, training_));
}
CustomCell::Step CustomCell::Sequence::step_on_input(const Tensor& x, const Tensors& states) {
    return as_step(cell_.invoke_in(Phase::on_input, x, states, training_));
}

namespace layers {

ShapeTree::List state_list(const CustomCell& cell) {
    const ShapeTree shapes = cell.state_shapes();
    if (shapes.is_leaf()) return {shapes};
    if (shapes.list().empty()) throw ValueError(str("a cell must have a state; ", cell.class_name(), " has none."));
    return shapes.list();
}

CustomCell& cell_of(const Layer& layer) {
    if (auto* cell = dynamic_cast<CustomCell*>(&layer.impl())) return *cell;
    throw ValueError(str("a cell must be a layer that derives from CustomCell. Received: ", layer.impl().class_name(), " \"", layer.name(), "\""));
}

}  // namespace layers
}  // namespace cornu
