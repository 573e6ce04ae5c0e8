// The loop along time that all recurrent layers share: keras.backend.rnn, in ops.
#pragma once

#include <functional>

#include "cornu/layers/rnn/cell.h"

namespace cornu::layers {

struct RnnOptions {
    bool go_backwards = false;          // from the last step to the first; outputs come in that order
    bool unroll = false;                // a copy of the step for each time step instead of a loop
    bool zero_output_for_mask = false;  // the output of a masked step is zero, not the last one's
    bool return_all_outputs = true;
    Tensor mask = {};                   // (batch, time), or (batch, time, …): true where any is
    size_t output_state = 0;            // the state that is the previous step's output
};

struct RnnResult {
    Tensor last_output;                 // (batch, …) of the step done last; unless all are returned
    Tensor outputs;                     // (batch, time, …); if all are returned
    Tensors states;                     // after the last step
};

using RnnStep = std::function<CustomCell::Step(const Tensor& x, const Tensors& states)>;

// step(x, states) on each time step of inputs (time, batch, …). In a masked step the states stay.
// The time may be unknown while only shapes are asked for, unless the loop is unrolled; it is never 0.
CORNU_API RnnResult rnn(const RnnStep& step, const Tensor& inputs, const Tensors& initial_states, const RnnOptions& options);

// The first two axes in the other order: (batch, time, …) ↔ (time, batch, …).
CORNU_API Tensor swap_batch_and_time(const Tensor& x);

}  // namespace cornu::layers
