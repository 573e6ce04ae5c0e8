// Convolutions and their two gradients: one prepared kernel each.
#include <memory>
#include <mutex>

#include "cornu/backends/native/kernels/conv.h"
#include "cornu/backends/native/lowering.h"
#include "cornu/ops/convolution.h"

namespace cornu::native {

namespace {

std::vector<int64_t> spatial(const Shape& shape, int64_t first) {
    return {shape.begin() + first, shape.begin() + first + shape.rank() - 2};
}

// x, kernel and y are the forward pass's shapes whatever the pass.
Kernel prepare(ConvPass pass, const Call& call, const ConvAttrs& attrs, const Shape& x, const Shape& kernel, const Shape& y) {
    const ConvAttrs a = attrs.filled(x.rank() - 2);
    ConvSpec spec;
    spec.pass = pass;
    spec.dtype = call.dtype();
    spec.by_shape = call.deterministic;
    spec.batch = x[0];
    spec.in_channels = x.back();
    spec.out_channels = y.back();
    spec.groups = a.groups;
    spec.input = spatial(x, 1);
    spec.kernel = spatial(kernel, 0);
    spec.output = spatial(y, 1);
    spec.stride = a.strides;
    spec.dilation = a.rhs_dilation;
    spec.pad_low = a.pad_low;
    spec.pad_high = a.pad_high;
    spec.input_dilation = a.lhs_dilation;
    struct State {
        Conv conv;
        std::mutex mutex;   // a oneDNN convolution serves one caller at a time
        explicit State(const ConvSpec& spec) : conv(spec) {}
    };
    const auto state = std::make_shared<State>(spec);
    return {.run = [state](const void* const* in, void* const* out, void* scratch) {
                const std::lock_guard lock(state->mutex);
                state->conv.run(in, out, scratch);
            },
            .scratch_bytes = state->conv.scratch_bytes()};
}

Kernel lower_conv(const Call& call) {
    return prepare(ConvPass::forward, call, call.as<ConvAttrs>(), call.shape(0), call.shape(1), call.out[0].shape);
}
Kernel lower_grad_input(const Call& call) {
    return prepare(ConvPass::backward_data, call, call.as<ConvGradAttrs>().conv, call.out[0].shape, call.shape(1), call.shape(0));
}
Kernel lower_grad_filter(const Call& call) {
    return prepare(ConvPass::backward_weights, call, call.as<ConvGradAttrs>().conv, call.shape(0), call.out[0].shape, call.shape(1));
}

bool numeric(const Call& call) { return call.dtype() != DType::int4 && call.dtype() != DType::string; }

constexpr Lowering table[] = {{"conv_general", lower_conv, numeric}, {"conv_grad_input", lower_grad_input, numeric}, {"conv_grad_filter", lower_grad_filter, numeric}};

}  // namespace

std::span<const Lowering> convolution_lowerings() { return table; }

}  // namespace cornu::native
