#include "cornu/layers/rnn/time_distributed.h"

#include <utility>

#include "cornu/autodiff/control_flow.h"
#include "cornu/layers/registry.h"
#include "cornu/layers/rnn/rnn_loop.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

class TimeDistributedLayer final : public ConfiguredLayer<TimeDistributedConfig> {
public:
    explicit TimeDistributedLayer(TimeDistributedConfig config) : ConfiguredLayer("TimeDistributed", std::move(config)) {
        track("layer", config_.layer.get());
    }
    bool supports_masking() const override { return true; }

    void build(const Shape& input) override {
        if (input.rank() < 3)
            throw ShapeError(str("`TimeDistributed` Layer should be passed an `input_shape` with at least 3 dimensions, received: ", input));
        Shape step = input;
        step.erase(1);
        config_.layer.get().build(ShapeTree(step));
    }

    Tensor call(const Tensor& x, const Call& call) override {
        const Tensor mask = call.mask.is_leaf() ? call.mask.leaf() : Tensor();
        if (mask.defined()) check_mask(mask.shape(), x.shape());
        const Tensor steps = swap_batch_and_time(x), masks = mask.defined() ? swap_batch_and_time(mask) : mask;
        const auto step = [&](const Tensor& input, const Tensor& its_mask) {
            return config_.layer.get()(input, {.training = call.training, .mask = its_mask});
        };
        const int64_t length = steps.shape()[0];
        if (length == 0) throw ShapeError("`TimeDistributed` needs at least one time step. Received: 0");
        if (length < 0) {   // only the shape is asked for
            const auto body = [&](const Tensors&, const Tensors& slices) { return ops::ScanResult{{}, {step(slices[0], {})}}; };
            return swap_batch_and_time(ops::scan(body, {}, {steps}).ys[0]);
        }
        // One call after the other, not a scan: the layer may update its state, or draw, in each.
        Tensors outputs;
        for (int64_t i = 0; i < length; ++i)
            outputs.push_back(step(ops::get_item(steps, {i}), mask.defined() ? ops::get_item(masks, {i}) : mask));
        return ops::stack(outputs, 1);
    }

    // One step is traced, however many there are.
    SpecTree compute_output_spec(const SpecTree& inputs, const Call& call) override {
        Spec all = inputs.leaf();
        if (all.shape.rank() < 3) throw ShapeError(str("`TimeDistributed` takes (batch, steps, …). Received: shape ", all.shape));
        const int64_t steps = std::exchange(all.shape[1], None);
        Spec out = CustomLayer::compute_output_spec(all, call).leaf();
        out.shape[1] = steps;
        return out;
    }

private:
    static void check_mask(const Shape& mask, const Shape& input) {
        if (mask.rank() < 2)
            throw ShapeError(str("The `mask` passed to the `TimeDistributed` layer must be at least 2D (e.g., `(batch_size, timesteps)`), "
                                 "but it has ", mask.rank(), " dimension(s) with shape ", mask, "."));
        for (const int64_t axis : {0, 1})
            if (mask[axis] >= 0 && input[axis] >= 0 && mask[axis] != input[axis])
                throw ShapeError(str("The `mask` passed to the `TimeDistributed` layer has a shape ", mask,
                                     " that is incompatible with the input shape ", input, ". The first two "
                                     "dimensions of the mask (batch size and timesteps) must match the input's first two dimensions."));
    }
};

}  // namespace

void TimeDistributedConfig::describe(Schema<TimeDistributedConfig>& s) {
    describe_layer(s);
    s.field<&TimeDistributedConfig::layer>("What is done with each time step.");
}

TimeDistributed::TimeDistributed(TimeDistributedConfig config) : Layer(std::make_shared<TimeDistributedLayer>(std::move(config))) {}

}  // namespace cornu::layers
