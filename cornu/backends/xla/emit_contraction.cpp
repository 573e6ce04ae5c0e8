// Products that sum over axes. matmul, einsum and the like are decomposed to these.
#include "cornu/backends/xla/stablehlo.h"
#include "cornu/ops/contraction.h"

namespace cornu::xla {

namespace {

Values dot_general(Body& body, const Call& call, const Values& in) {
    const auto& d = call.as<DotDims>();
    const DType dtype = call.out[0].dtype;
    // Of bools a product is "and", a sum "or": counted, then asked whether there are any.
    const DType factors = dtype == DType::bool_ ? DType::int32 : dtype;
    const std::string dims = "dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = " +
                             list_text(d.lhs_batch) +
                             ", rhs_batching_dimensions = " + list_text(d.rhs_batch) +
                             ", lhs_contracting_dimensions = " + list_text(d.lhs_contract) +
                             ", rhs_contracting_dimensions = " + list_text(d.rhs_contract) + ">, " + full_precision;
    const Value y = body.call("dot_general", {body.cast(in[0], factors), body.cast(in[1], factors)},
                              call.out[0].shape, accumulator_of(factors), dims);
    return {body.cast(y, dtype)};
}

constexpr Lowering table[] = {{"dot_general", dot_general}};

}  // namespace

std::span<const Lowering> contraction_lowerings() { return table; }

}  // namespace cornu::xla
