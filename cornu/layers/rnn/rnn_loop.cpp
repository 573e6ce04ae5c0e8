#include "cornu/layers/rnn/rnn_loop.h"

#include "cornu/autodiff/control_flow.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

Tensor time_major_mask(const Tensor& mask, const Tensor& inputs) {
    if (!mask.defined()) return mask;
    if (mask.rank() < 2) throw ShapeError(str("the mask of a sequence must be (batch, time). Received: shape ", mask.shape()));
    Tensor any = ops::cast(mask, DType::bool_);
    for (int64_t axis = mask.rank() - 1; axis > 1; --axis) any = ops::any(any, axis);
    any = ops::transpose(any, {1, 0});
    for (const int64_t axis : {0, 1}) {
        const int64_t have = any.shape()[axis], want = inputs.shape()[axis];
        if (have >= 0 && want >= 0 && have != want && have != 1)
            throw ShapeError(str("the mask of a sequence must be (batch, time) as its inputs, (", inputs.shape()[1], ", ", inputs.shape()[0],
                                 "). Received: shape ", mask.shape()));
    }
    return any;
}

// `now` where the step counts, `before` where it is masked; keep: (batch).
Tensor choose(const Tensor& keep, const Tensor& now, const Tensor& before) {
    Tensor wide = keep;
    while (wide.rank() < now.rank()) wide = ops::expand_dims(wide, -1);
    return ops::where(wide, now, before);
}

Tensors choose(const Tensor& keep, const Tensors& now, const Tensors& before) {
    Tensors out;
    for (size_t i = 0; i < now.size(); ++i) out.push_back(choose(keep, now[i], before[i]));
    return out;
}

RnnResult unrolled(const RnnStep& step, const Tensor& inputs, const Tensors& initial_states, const Tensor& mask, const RnnOptions& options) {
    const int64_t length = inputs.shape()[0];
    if (length < 0) throw ValueError("Unrolling requires a fixed number of timesteps.");
    constexpr int64_t most = 1 << 16;   // a file's word for the steps must not buy a graph of any size
    if (length > most) throw ValueError(str("Unrolling makes a copy of the cell's graph for each of at most ", most, " timesteps. Received: ", length));
    RnnResult result{{}, {}, initial_states};
    Tensors outputs;
    for (int64_t k = 0; k < length; ++k) {
        const int64_t i = options.go_backwards ? length - 1 - k : k;
        CustomCell::Step now = step(ops::get_item(inputs, {i}), result.states);
        if (mask.defined()) {
            // Unlike the loop, Keras starts from zeros here and pays no heed to zero_output_for_mask.
            const Tensor keep = ops::get_item(mask, {i});
            now.output = choose(keep, now.output, result.last_output.defined() ? result.last_output : ops::zeros_like(now.output));
            now.states = choose(keep, now.states, result.states);
        }
        result.last_output = now.output;
        result.states = std::move(now.states);
        if (options.return_all_outputs) outputs.push_back(now.output);
    }
    if (options.return_all_outputs) result.outputs = ops::stack(outputs, 1);
    return result;
}

}  // namespace

Tensor swap_batch_and_time(const Tensor& x) {
    std::vector<int64_t> axes(static_cast<size_t>(x.rank()));
    for (size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<int64_t>(i < 2 ? 1 - i : i);
    return ops::transpose(x, axes);
}

RnnResult rnn(const RnnStep& step, const Tensor& inputs, const Tensors& initial_states, const RnnOptions& options) {
    if (inputs.shape()[0] == 0) throw ShapeError("a sequence must have at least one time step. Received: 0");
    const Tensor mask = time_major_mask(options.mask, inputs);
    if (options.unroll) return unrolled(step, inputs, initial_states, mask, options);

    Tensors sequences{inputs};
    if (mask.defined()) sequences.push_back(mask);
    bool output_is_state = false;   // then it need not be stacked to be there in the end
    ops::ScanResult done = ops::scan(
        [&](const Tensors& states, const Tensors& slices) -> ops::ScanResult {
            CustomCell::Step now = step(slices[0], states);
            output_is_state = now.output.id() == now.states[options.output_state].id() && !(mask.defined() && options.zero_output_for_mask);
            if (mask.defined()) {
                const Tensor before = options.zero_output_for_mask ? ops::zeros_like(now.output) : states[options.output_state];
                now.states = choose(slices[1], now.states, states);
                now.output = output_is_state ? now.states[options.output_state] : choose(slices[1], now.output, before);
            }
            if (!options.return_all_outputs && output_is_state) return {now.states, {}};
            return {now.states, {now.output}};
        },
        initial_states, sequences, {}, options.go_backwards);

    RnnResult result{{}, {}, std::move(done.carry)};
    if (!options.return_all_outputs) {
        const int64_t last = options.go_backwards ? 0 : std::max<int64_t>(inputs.shape()[0] - 1, 0);   // of an unknown length any does
        result.last_output = output_is_state ? result.states[options.output_state] : ops::get_item(done.ys[0], {last});
    } else {
        const Tensor& ys = done.ys[0];
        result.outputs = swap_batch_and_time(options.go_backwards ? ops::flip(ys, 0) : ys);
    }
    return result;
}

}  // namespace cornu::layers
