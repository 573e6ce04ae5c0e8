// Element-wise calls: one prepared kernel each. (Chains of them are fused by the planner.)
#include "cornu/backends/native/elementwise_lowering.h"

namespace cornu::native {

namespace {

bool is_int4(const Spec& spec) { return spec.dtype == DType::int4; }

// What is not of the type that Select wants (a condition of numbers, a branch still to be promoted)
// is cast into scratch first.
Kernel lower_where(const Call& call) {
    const DType dtype = call.out[0].dtype;
    Select kernel(dtype, call.shape(0), call.shape(1), call.shape(2));
    struct Step { size_t input, offset; Cast cast; };
    std::vector<Step> casts;
    size_t scratch_bytes = 0;
    for (size_t i = 0; i < 3; ++i) {
        const DType wanted = i == 0 ? DType::bool_ : dtype;
        if (call.dtype(i) == wanted) continue;
        casts.push_back({i, scratch_bytes, Cast(call.dtype(i), wanted, call.shape(i).size())});
        scratch_bytes += (static_cast<size_t>(bytes_for(wanted, call.shape(i).size())) + 63) / 64 * 64;
    }
    return {.run = [kernel, casts](const void* const* in, void* const* out, void* scratch) {
                const void* from[] = {in[0], in[1], in[2]};
                for (const Step& step : casts) {
                    void* to = static_cast<char*>(scratch) + step.offset;
                    step.cast.run(in[step.input], to);
                    from[step.input] = to;
                }
                kernel.run(static_cast<const bool*>(from[0]), from[1], from[2], out[0]);
            },
            .scratch_bytes = scratch_bytes, .in_place = casts.empty() ? same_as_output(call) : std::vector<std::pair<int, int>>()};
}

Kernel lower_cast(const Call& call) {
    const DType from = call.dtype(), to = call.out[0].dtype;
    const int64_t n = call.shape().size();
    if (is_int4(call.in[0]) == is_int4(call.out[0])) {
        Cast kernel(from, to, n);
        return {.run = [kernel](const void* const* in, void* const* out, void*) { kernel.run(in[0], out[0]); }, .in_place = same_as_output(call)};
    }
    // int4 goes by way of int8, one value a byte.
    const auto bytes = static_cast<size_t>(n);
    if (from == DType::int4) {
        Cast kernel(DType::int8, to, n);
        return {.run = [kernel, n](const void* const* in, void* const* out, void* scratch) {
                    unpack_int4(in[0], static_cast<int8_t*>(scratch), n);
                    kernel.run(scratch, out[0]);
                }, .scratch_bytes = bytes};
    }
    Cast kernel(from, DType::int8, n);
    return {.run = [kernel, n](const void* const* in, void* const* out, void* scratch) {
                kernel.run(in[0], scratch);
                pack_int4(static_cast<const int8_t*>(scratch), out[0], n);
            }, .scratch_bytes = bytes};
}

bool supports_cast(const Call& call) { return call.dtype() != DType::string; }

Kernel lower_view(const Call&) { return {.run = nullptr, .view = true}; }

#define UNARY(NAME, OP) {NAME, lower_unary<UnaryOp::OP>, no_packed_or_string, step(UnaryOp::OP)}
#define BINARY(NAME, OP, KIND) {NAME, lower_binary<BinaryOp::OP>, no_packed_or_string, step(BinaryOp::OP, ChainStep::KIND)}
constexpr Lowering table[] = {
    UNARY("negative", neg), UNARY("abs", abs), UNARY("sign", sign), UNARY("square", square), UNARY("sqrt", sqrt),
    UNARY("rsqrt", rsqrt), UNARY("exp", exp), UNARY("expm1", expm1), UNARY("log", log), UNARY("log1p", log1p),
    UNARY("tanh", tanh), UNARY("floor", floor), UNARY("logical_not", logical_not),
    BINARY("add", add, arithmetic), BINARY("subtract", sub, arithmetic), BINARY("multiply", mul, arithmetic), BINARY("divide", div, arithmetic), BINARY("power", pow, arithmetic),
    BINARY("maximum", max, arithmetic), BINARY("minimum", min, arithmetic), BINARY("equal", eq, compare), BINARY("not_equal", ne, compare), BINARY("greater", gt, compare),
    BINARY("greater_equal", ge, compare), BINARY("less", lt, compare), BINARY("less_equal", le, compare), BINARY("logical_and", logical_and, logical),
    BINARY("logical_or", logical_or, logical),
    {"where", lower_where, no_packed_or_string, {ChainStep::select}}, {"cast", lower_cast, supports_cast, {ChainStep::cast}},
    {"stop_gradient", lower_view, nullptr, {ChainStep::same}},
};
#undef UNARY
#undef BINARY

}  // namespace

std::span<const Lowering> elementwise_lowerings() { return table; }

}  // namespace cornu::native
