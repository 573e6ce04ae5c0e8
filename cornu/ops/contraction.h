// Products that sum over axes: matmul and its general form.
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::ops {
CORNU_API Tensor matmul(const Tensor& x1, const Tensor& x2);  // as numpy.matmul: leading axes broadcast
}  // namespace cornu::ops

namespace cornu {

// Sums over contracted axes, pairs batch axes: XLA's dot_general. Result: batch axes, then the free
// axes of lhs, then those of rhs.
struct DotDims {
    std::vector<int64_t> lhs_contract, rhs_contract, lhs_batch, rhs_batch;
    static void describe(Schema<DotDims>& s) {
        s.field<&DotDims::lhs_contract>();
        s.field<&DotDims::rhs_contract>();
        s.field<&DotDims::lhs_batch>();
        s.field<&DotDims::rhs_batch>();
    }
};
// Axes that are neither contracted nor batch, in order.
CORNU_API std::vector<int64_t> free_axes(int64_t rank, const std::vector<int64_t>& contract,
                                         const std::vector<int64_t>& batch);
namespace prim {
CORNU_API Tensor dot_general(const Tensor& lhs, const Tensor& rhs, DotDims dims);
}
}  // namespace cornu
