// A recurrent cell: what a layer that goes along time does at one time step. LSTMCell and its like are
// such layers; one's own derives from CustomCell and works in RNN, StackedRNNCells and Bidirectional.
#pragma once

#include "cornu/layers/layer.h"

namespace cornu {

class CORNU_API CustomCell : public CustomLayer {
public:
    struct Step {
        Tensor output;
        Tensors states;
    };

    // ---- override these ----
    // Keras's state_size: of each state the shape without the batch. One shape, or a list of them.
    virtual ShapeTree state_shapes() const = 0;
    // One time step. x: (batch, …), or what project made of it; states in the order of state_shapes,
    // which are returned in the same shapes and dtypes.
    virtual Step step(const Tensor& x, const Tensors& states, const Call& call) = 0;
    // The part of a step that needs no state. x is one step's input, or that of all time steps with
    // the time in front, (time, batch, …): then it is done for all of them at once.
    virtual Tensor project(const Tensor& x, const Call&) { return x; }
    // Before the first step of a sequence: what must stay the same in all of them, such as dropout
    // masks. `x`: the shape of one step's input; the batch may be unknown when only shapes are asked for.
    virtual void begin(const Shape& x, const Tensors& states, const Call& call);
    virtual void end() {}                       // after the last step, or an error
    virtual Shape output_shape() const;         // without the batch; the first state's by default
    virtual Tensors initial_states(const Shape& x) const;   // zeros in the compute dtype

    // ---- what calls a cell ----
    // inputs: [x, states…], nested in any way → [output, states…].
    using CustomLayer::call;
    Structure call(const Structure& inputs, const Call& call) final;
    using CustomLayer::build;
    void build(const ShapeTree& inputs) final;  // on the shape of x alone
    Json get_build_config() const override;
    const CallSignature& call_signature() const override;

    // One sequence: begin() and project() at its start, end() when it goes out of scope.
    class CORNU_API Sequence {
    public:
        // x: (time, batch, …). The cell must live as long.
        Sequence(CustomCell& cell, const Tensor& x, const Tensors& states, const Call& call);
        ~Sequence();
        Sequence(const Sequence&) = delete;
        Sequence& operator=(const Sequence&) = delete;
        const Tensor& projected() const { return projected_; }
        Step step(const Tensor& x, const Tensors& states);          // x: one step of projected()
        Step step_on_input(const Tensor& x, const Tensors& states); // x: one step's input, not projected yet

    private:
        CustomCell& cell_;
        Flag training_;
        Tensor projected_;
    };

private:
    enum class Phase { alone, starting, on_projected, on_input };
    Structure invoke_in(Phase phase, const Tensor& x, const Tensors& states, Flag training);
    Phase phase_ = Phase::alone;
};

namespace layers {

// The shapes of a cell's states as a list, which a single one becomes.
CORNU_API ShapeTree::List state_list(const CustomCell& cell);
// The cell behind a handle. Throws ValueError unless it derives from CustomCell.
CORNU_API CustomCell& cell_of(const Layer& layer);

}  // namespace layers
}  // namespace cornu
