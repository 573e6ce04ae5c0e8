#include "cornu/backends/native/kernels/reduce.h"
#include "cornu/backends/native/lowering.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::native {

namespace {

template <ScanOp op>
Kernel lower_scan(const Call& call) {
    const auto& c = call.as<CumulativeAttrs>();
    Scan kernel(op, call.dtype(), call.shape(), c.axis, c.reverse);
    return {.run = [kernel = std::move(kernel)](const void* const* in, void* const* out, void*) { kernel.run(in[0], out[0]); }};
}

bool numeric(const Call& call) { return call.dtype() != DType::int4 && call.dtype() != DType::string; }

constexpr Lowering table[] = {{"cumulative_sum", lower_scan<ScanOp::sum>, numeric}, {"cumulative_prod", lower_scan<ScanOp::prod>, numeric}};

}  // namespace

std::span<const Lowering> cumulative_lowerings() { return table; }

}  // namespace cornu::native
