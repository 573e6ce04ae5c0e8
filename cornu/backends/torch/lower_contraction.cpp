// Products that sum over axes. matmul, einsum and the like are decomposed to these.
#include <ATen/ops/bmm.h>
#include <ATen/ops/mm.h>

#include "cornu/backends/torch/lowering.h"
#include "cornu/ops/contraction.h"

namespace cornu::torch {

namespace {

// x with its axes in three groups, each one axis: (batch, rows, columns). A view where the groups
// are stored next to each other.
at::Tensor in_groups(const at::Tensor& x, const Ints& batch, const Ints& rows,
                     const Ints& columns) {
    Ints order, sizes;
    for (const Ints* group : {&batch, &rows, &columns}) {
        int64_t size = 1;
        for (const int64_t axis : *group) {
            order.push_back(axis);
            size *= x.size(axis);
        }
        sizes.push_back(size);
    }
    return x.permute(order).reshape(sizes);
}

Values dot_general(const Call& call, Values& in) {
    const auto& d = call.as<DotDims>();
    const DType dtype = call.out[0].dtype;
    at::Tensor a = cast_carriers(in[0], call.in[0].dtype, dtype),
               b = cast_carriers(in[1], call.in[1].dtype, dtype);
    // Of bools a product is "and", a sum "or": counted, then asked whether there are any.
    if (dtype == DType::bool_) a = a.to(at::kInt), b = b.to(at::kInt);
    a = in_groups(a, d.lhs_batch, free_axes(a.dim(), d.lhs_contract, d.lhs_batch), d.lhs_contract);
    b = in_groups(b, d.rhs_batch, d.rhs_contract, free_axes(b.dim(), d.rhs_contract, d.rhs_batch));
    const at::Tensor y = a.size(0) == 1 ? at::mm(a[0], b[0]) : at::bmm(a, b);
    return {cast_carriers(y, dtype == DType::bool_ ? DType::int32 : dtype, dtype)
                .reshape(sizes_of(call.out[0].shape))};
}

constexpr Lowering table[] = {{"dot_general", dot_general, Carried::wrapped}};

}  // namespace

std::span<const Lowering> contraction_lowerings() { return table; }

}  // namespace cornu::torch
