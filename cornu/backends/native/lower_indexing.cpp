// Rows by index, and sorting.
#include <cstring>

#include "cornu/backends/native/kernels/indexing.h"
#include "cornu/backends/native/kernels/sort.h"
#include "cornu/backends/native/lowering.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::native {

namespace {

RowsSpec rows_of(const Call& call, int64_t axis) {
    RowsSpec spec;
    spec.dtype = call.dtype();
    spec.index = call.dtype(1);
    const Shape& x = call.shape();
    for (int64_t i = 0; i < axis; ++i) spec.outer *= x[i];
    spec.rows = x[axis];
    spec.count = call.shape(1).size();
    for (int64_t i = axis + 1; i < x.rank(); ++i) spec.inner *= x[i];
    return spec;
}

Kernel lower_gather(const Call& call) {
    const auto& a = call.as<GatherAttrs>();
    const GatherRows kernel(rows_of(call, a.axis), a.out_of_range == OutOfRange::missing);
    return {.run = [kernel](const void* const* in, void* const* out, void*) { kernel.run(in[0], in[1], out[0]); }};
}

constexpr ScatterOp scatter_op(ScatterMode mode) {
    switch (mode) {
        case ScatterMode::add: return ScatterOp::add;
        case ScatterMode::max: return ScatterOp::max;
        case ScatterMode::min: return ScatterOp::min;
        case ScatterMode::mul: return ScatterOp::mul;
        case ScatterMode::set: break;
    }
    return ScatterOp::set;
}

Kernel lower_scatter(const Call& call) {
    const auto& a = call.as<ScatterAttrs>();
    const ScatterRows kernel(rows_of(call, a.axis), scatter_op(a.mode));
    const auto bytes = static_cast<size_t>(bytes_for(call.dtype(), call.shape().size()));
    return {.run = [kernel, bytes](const void* const* in, void* const* out, void*) {
                if (in[0] != out[0] && bytes > 0) std::memcpy(out[0], in[0], bytes);
                kernel.run(in[1], in[2], out[0]);
            },
            .in_place = {{0, 0}}};
}

bool index32_or_64(const Call& call) {
    return call.dtype() != DType::int4 && call.dtype() != DType::string && (call.dtype(1) == DType::int32 || call.dtype(1) == DType::int64);
}
bool scatters(const Call& call) {
    const ScatterMode mode = call.as<ScatterAttrs>().mode;
    return index32_or_64(call) && (mode == ScatterMode::set || !is_complex(call.dtype()) || mode == ScatterMode::add || mode == ScatterMode::mul);
}

Kernel lower_sort(const Call& call) {
    std::vector<DType> dtypes;
    for (const Spec& in : call.in) dtypes.push_back(in.dtype);
    const Sort kernel(dtypes, call.shape(), call.as<AxisAttrs>().axis);
    return {.run = [kernel](const void* const* in, void* const* out, void* scratch) { kernel.run(in, out, scratch); }, .scratch_bytes = kernel.scratch_bytes()};
}
bool sortable(const Call& call) {
    for (const Spec& in : call.in)
        if (in.dtype == DType::int4 || in.dtype == DType::string) return false;
    return true;
}

constexpr Lowering table[] = {{"gather_rows", lower_gather, index32_or_64}, {"scatter_rows", lower_scatter, scatters}, {"sort_together", lower_sort, sortable}};

}  // namespace

std::span<const Lowering> indexing_lowerings() { return table; }

}  // namespace cornu::native
