// Windows: sums, maxima, and the gradient of maxima.
#include "cornu/backends/native/kernels/pool.h"
#include "cornu/backends/native/lowering.h"
#include "cornu/ops/pooling.h"

namespace cornu::native {

namespace {

WindowSpec window_of(const Call& call) {
    const auto& a = call.as<WindowAttrs>();
    return {call.dtype(), call.shape(), a.window, a.strides, a.pad_low, a.pad_high};
}

template <WindowOp op>
Kernel lower_window(const Call& call) {
    return {.run = [kernel = ReduceWindow(op, window_of(call))](const void* const* in, void* const* out, void*) { kernel.run(in[0], out[0]); }};
}
Kernel lower_max_grad(const Call& call) {
    return {.run = [kernel = MaxPoolGrad(window_of(call))](const void* const* in, void* const* out, void*) { kernel.run(in[0], in[1], out[0]); }};
}

bool real_number(const Call& call) {
    return (is_float(call.dtype()) || is_integer(call.dtype())) && call.dtype() != DType::int4 && call.shape().rank() <= max_window_axes;
}

constexpr Lowering table[] = {{"reduce_window_sum", lower_window<WindowOp::sum>, real_number},
                              {"reduce_window_max", lower_window<WindowOp::max>, real_number},
                              {"max_pool_grad", lower_max_grad, real_number}};

}  // namespace

std::span<const Lowering> pooling_lowerings() { return table; }

}  // namespace cornu::native
