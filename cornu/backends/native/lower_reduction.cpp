#include "cornu/backends/native/kernels/reduce.h"
#include "cornu/backends/native/lowering.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::native {

namespace {

Kernel make(Reduce kernel) {
    return {.run = [kernel = std::move(kernel)](const void* const* in, void* const* out, void*) { kernel.run(in[0], out[0]); }};
}

template <ReduceOp op>
Kernel lower_reduce(const Call& call) { return make(Reduce(op, call.dtype(), call.shape(), call.as<ReduceAttrs>().axes)); }

template <ReduceOp op>
Kernel lower_arg(const Call& call) { return make(Reduce(op, call.dtype(), call.shape(), {normalize_axis(call.as<AxisAttrs>().axis, call.shape().rank())})); }

bool numeric(const Call& call) { return call.dtype() != DType::int4 && call.dtype() != DType::string; }

constexpr ChainStep row_step(ReduceOp op) { return {ChainStep::reduce, static_cast<uint8_t>(op)}; }

constexpr Lowering table[] = {
    {"reduce_sum", lower_reduce<ReduceOp::sum>, numeric, row_step(ReduceOp::sum)}, {"reduce_prod", lower_reduce<ReduceOp::prod>, numeric},
    {"reduce_max", lower_reduce<ReduceOp::max>, numeric, row_step(ReduceOp::max)}, {"reduce_min", lower_reduce<ReduceOp::min>, numeric, row_step(ReduceOp::min)},
    {"arg_max", lower_arg<ReduceOp::argmax>, numeric},    {"arg_min", lower_arg<ReduceOp::argmin>, numeric},
};

}  // namespace

std::span<const Lowering> reduction_lowerings() { return table; }

}  // namespace cornu::native
