// Further element-wise calls: mathematics, bits, tests, activations kept whole; and rows of softmax.
#include <cmath>

#include "cornu/backends/native/elementwise_lowering.h"
#include "cornu/backends/native/kernels/reduce.h"
#include "cornu/backends/native/kernels/simd.h"
#include "cornu/base/parallel.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::native {

namespace {

bool real_float(const Call& call) { return is_float(call.dtype()); }

Kernel lower_gelu(const Call& call) { return unary(call.as<GeluAttrs>().approximate ? UnaryOp::gelu_tanh : UnaryOp::gelu, call); }

// Whole numbers have no fraction.
Kernel lower_trunc(const Call& call) {
    if (is_float(call.dtype())) return unary(UnaryOp::trunc, call);
    return {.run = nullptr, .view = true};
}
bool has_order(const Call& call) { return no_packed_or_string(call) && !is_complex(call.dtype()); }

// One rounding, whatever the machine.
template <class T>
Kernel fma_of(const Call& call) {
    const Shape& out = call.out[0].shape;
    const auto walk = make_walk<3>(out.dims(), {broadcast_strides(call.shape(0), out), broadcast_strides(call.shape(1), out), broadcast_strides(call.shape(2), out)});
    return {.run = [walk](const void* const* in, void* const* out, void*) {
        const auto *a = static_cast<const T*>(in[0]), *b = static_cast<const T*>(in[1]), *c = static_cast<const T*>(in[2]);
        T* y = static_cast<T*>(out[0]);
        parallel_for(walk.size, 1 << 14, [&](int64_t begin, int64_t end) {
            int64_t at = begin;
            walk_runs(walk, begin, end, [&](const int64_t* offset, int64_t count) {
                for (int64_t i = 0; i < count; ++i)
                    y[at + i] = std::fma(a[offset[0] + i * walk.step(0)], b[offset[1] + i * walk.step(1)], c[offset[2] + i * walk.step(2)]);
                at += count;
            });
        });
    }};
}
Kernel lower_fma(const Call& call) {
    const int64_t count = call.out[0].shape.size();
    if (call.dtype() == DType::float32 && call.shape(1).size() == 1 && call.shape(2).size() == 1 && call.shape(0).size() == count)
        return {.run = [count](const void* const* in, void* const* out, void*) {
                    const auto* x = static_cast<const float*>(in[0]);
                    const float factor = *static_cast<const float*>(in[1]), term = *static_cast<const float*>(in[2]);
                    auto* y = static_cast<float*>(out[0]);
                    parallel_for(count, 1 << 14, [&](int64_t begin, int64_t end) { simd().fma_scalars(x + begin, factor, term, y + begin, end - begin); });
                },
                .in_place = {}};
    return call.dtype() == DType::float32 ? fma_of<float>(call) : fma_of<double>(call);
}
bool supports_fma(const Call& call) {
    for (const Spec& spec : call.in)
        if (spec.dtype != call.dtype()) return false;
    return call.dtype() == DType::float32 || call.dtype() == DType::float64;
}

// Rows of the last axis; other axes are left to the composition.
bool softmax_rows_fit(const Call& call) {
    const Shape& x = call.shape();
    return call.dtype() == DType::float32 && x.rank() > 0 && x.size() > 0 && call.as<SoftmaxAttrs>().axis.resolve(x.rank()) == std::vector<int64_t>{x.rank() - 1};
}
Kernel lower_softmax(const Call& call) {
    const int64_t n = call.shape().back(), rows = call.shape().size() / n;
    return {.run = [=](const void* const* in, void* const* out, void*) { softmax_rows(static_cast<const float*>(in[0]), static_cast<float*>(out[0]), rows, n); },
            .in_place = same_as_output(call)};
}
Kernel lower_log_softmax(const Call& call) {
    const int64_t n = call.shape().back(), rows = call.shape().size() / n;
    return {.run = [=](const void* const* in, void* const* out, void*) { log_softmax_rows(static_cast<const float*>(in[0]), static_cast<float*>(out[0]), rows, n); },
            .in_place = same_as_output(call)};
}

#define UNARY(NAME, OP) {NAME, lower_unary<UnaryOp::OP>, no_packed_or_string, step(UnaryOp::OP)}
#define BINARY(NAME, OP) {NAME, lower_binary<BinaryOp::OP>, no_packed_or_string}
constexpr Lowering table[] = {
    UNARY("reciprocal", reciprocal), UNARY("exp2", exp2), UNARY("log2", log2), UNARY("log10", log10), UNARY("sin", sin),
    UNARY("cos", cos), UNARY("tan", tan), UNARY("arcsin", asin), UNARY("arccos", acos), UNARY("arctan", atan),
    UNARY("sinh", sinh), UNARY("cosh", cosh), UNARY("arcsinh", asinh), UNARY("arccosh", acosh), UNARY("arctanh", atanh),
    {"erf", lower_unary<UnaryOp::erf>, real_float, step(UnaryOp::erf)}, {"erfc", lower_unary<UnaryOp::erfc>, real_float, step(UnaryOp::erfc)},
    {"erfinv", lower_unary<UnaryOp::erfinv>, real_float, step(UnaryOp::erfinv)}, UNARY("ceil", ceil), UNARY("round_half_even", round),
    {"trunc", lower_trunc, has_order}, UNARY("isnan", is_nan), UNARY("isinf", is_inf), UNARY("isfinite", is_finite),
    {"bitwise_not", lower_unary<UnaryOp::bit_not>, no_packed_or_string}, UNARY("relu", relu), {"sigmoid", lower_unary<UnaryOp::sigmoid>, real_float, step(UnaryOp::sigmoid)},
    {"softplus", lower_unary<UnaryOp::softplus>, real_float, step(UnaryOp::softplus)}, {"silu", lower_unary<UnaryOp::silu>, real_float, step(UnaryOp::silu)},
    {"gelu", lower_gelu, real_float, {ChainStep::gelu}},
    {"arctan2", lower_binary<BinaryOp::atan2>, no_packed_or_string, step(BinaryOp::atan2)}, {"mod", lower_binary<BinaryOp::mod>, no_packed_or_string, step(BinaryOp::mod)},
    {"floor_divide", lower_binary<BinaryOp::floor_div>, no_packed_or_string, step(BinaryOp::floor_div)},
    {"logical_xor", lower_binary<BinaryOp::logical_xor>, no_packed_or_string, step(BinaryOp::logical_xor, ChainStep::logical)},
    BINARY("bitwise_and", bit_and), BINARY("bitwise_or", bit_or), BINARY("bitwise_xor", bit_xor),
    BINARY("left_shift", shift_left), BINARY("right_shift", shift_right),
    {"fma", lower_fma, supports_fma}, {"softmax", lower_softmax, softmax_rows_fit}, {"log_softmax", lower_log_softmax, softmax_rows_fit},
};
#undef UNARY
#undef BINARY

}  // namespace

std::span<const Lowering> math_lowerings() { return table; }

}  // namespace cornu::native
