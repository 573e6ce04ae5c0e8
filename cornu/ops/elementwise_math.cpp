#include "cornu/ops/elementwise_math.h"

#include <numbers>

#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

constexpr OpTraits arithmetic = {.elementwise = true, .promote = Promote::common};
constexpr OpTraits commutative = {.elementwise = true, .promote = Promote::common, .commutative = true};
constexpr OpTraits float_function = {.elementwise = true, .promote = Promote::to_float};
constexpr OpTraits logic = {.elementwise = true};

constinit const Op reciprocal_op = {
    .name = "reciprocal", .keras = "keras.src.ops.numpy.Reciprocal", .doc = "1 / x, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {-v.g() * ops::square(v.y())}; },
    .traits = float_function, .samples = {.low = 0.5, .high = 3}};

constinit const Op exp2_op = {
    .name = "exp2", .keras = "keras.src.ops.numpy.Exp2", .doc = "2 to the power x, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * v.y() * std::numbers::ln2}; },
    .traits = float_function, .samples = {.low = -3, .high = 3}};

constinit const Op log2_op = {
    .name = "log2", .keras = "keras.src.ops.numpy.Log2", .doc = "Logarithm to base 2, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * std::numbers::log2e / v.x()}; },
    .traits = float_function, .samples = {.low = 0.3, .high = 3}};

constinit const Op log10_op = {
    .name = "log10", .keras = "keras.src.ops.numpy.Log10", .doc = "Logarithm to base 10, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * std::numbers::log10e / v.x()}; },
    .traits = float_function, .samples = {.low = 0.3, .high = 3}};

constinit const Op logaddexp_op = {
    .name = "logaddexp", .keras = "keras.src.ops.numpy.Logaddexp", .doc = "log(exp(x1) + exp(x2)) without overflow, element-wise.",
    .inputs = 2, .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors {
        return {v.g() * ops::exp(v.x(0) - v.y()), v.g() * ops::exp(v.x(1) - v.y())};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor distance = in[0] - in[1];
        // Two equal infinities have no distance.
        return {ops::where(ops::isnan(distance), in[0] + in[1],
                           ops::maximum(in[0], in[1]) + ops::log1p(ops::exp(-ops::abs(distance))))};
    },
    .traits = {.elementwise = true, .promote = Promote::to_float, .commutative = true, .fused = true},
    .samples = {.low = -3, .high = 3}};

constinit const Op sin_op = {
    .name = "sin", .keras = "keras.src.ops.numpy.Sin", .doc = "Sine, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * ops::cos(v.x())}; },
    .traits = float_function, .samples = {.low = -3, .high = 3}};

constinit const Op cos_op = {
    .name = "cos", .keras = "keras.src.ops.numpy.Cos", .doc = "Cosine, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {-v.g() * ops::sin(v.x())}; },
    .traits = float_function, .samples = {.low = -3, .high = 3}};

constinit const Op tan_op = {
    .name = "tan", .keras = "keras.src.ops.numpy.Tan", .doc = "Tangent, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * (1 + ops::square(v.y()))}; },
    .traits = float_function, .samples = {.low = -1.2, .high = 1.2}};

constinit const Op arcsin_op = {
    .name = "arcsin", .keras = "keras.src.ops.numpy.Arcsin", .doc = "Inverse sine, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * ops::rsqrt(1 - ops::square(v.x()))}; },
    .traits = float_function, .samples = {.low = -0.8, .high = 0.8}};

constinit const Op arccos_op = {
    .name = "arccos", .keras = "keras.src.ops.numpy.Arccos", .doc = "Inverse cosine, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {-v.g() * ops::rsqrt(1 - ops::square(v.x()))}; },
    .traits = float_function, .samples = {.low = -0.8, .high = 0.8}};

constinit const Op arctan_op = {
    .name = "arctan", .keras = "keras.src.ops.numpy.Arctan", .doc = "Inverse tangent, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() / (1 + ops::square(v.x()))}; },
    .traits = float_function, .samples = {.low = -3, .high = 3}};

constinit const Op arctan2_op = {
    .name = "arctan2", .keras = "keras.src.ops.numpy.Arctan2", .doc = "The angle of the point (x2, x1), element-wise.",
    .inputs = 2, .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors {
        const Tensor scaled = v.g() / (ops::square(v.x(0)) + ops::square(v.x(1)));
        return {scaled * v.x(1), -scaled * v.x(0)};
    },
    .traits = float_function, .samples = {.low = 0.3, .high = 2}};

constinit const Op sinh_op = {
    .name = "sinh", .keras = "keras.src.ops.numpy.Sinh", .doc = "Hyperbolic sine, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * ops::cosh(v.x())}; },
    .traits = float_function, .samples = {.low = -2, .high = 2}};

constinit const Op cosh_op = {
    .name = "cosh", .keras = "keras.src.ops.numpy.Cosh", .doc = "Hyperbolic cosine, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * ops::sinh(v.x())}; },
    .traits = float_function, .samples = {.low = -2, .high = 2}};

constinit const Op arcsinh_op = {
    .name = "arcsinh", .keras = "keras.src.ops.numpy.Arcsinh", .doc = "Inverse hyperbolic sine, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * ops::rsqrt(ops::square(v.x()) + 1)}; },
    .traits = float_function, .samples = {.low = -3, .high = 3}};

constinit const Op arccosh_op = {
    .name = "arccosh", .keras = "keras.src.ops.numpy.Arccosh", .doc = "Inverse hyperbolic cosine, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * ops::rsqrt((v.x() - 1) * (v.x() + 1))}; },
    .traits = float_function, .samples = {.low = 1.5, .high = 4}};

constinit const Op arctanh_op = {
    .name = "arctanh", .keras = "keras.src.ops.numpy.Arctanh", .doc = "Inverse hyperbolic tangent, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() / (1 - ops::square(v.x()))}; },
    .traits = float_function, .samples = {.low = -0.8, .high = 0.8}};

constexpr double two_over_sqrt_pi = 2 * std::numbers::inv_sqrtpi;

constinit const Op erf_op = {
    .name = "erf", .keras = "keras.src.ops.math.Erf", .doc = "Error function, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * two_over_sqrt_pi * ops::exp(-ops::square(v.x()))}; },
    .traits = float_function, .samples = {.low = -2, .high = 2}};

constinit const Op erfc_op = {
    .name = "erfc", .keras = "keras.src.ops.math.Erfc", .doc = "1 - erf(x), exact in the tail, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {-v.g() * two_over_sqrt_pi * ops::exp(-ops::square(v.x()))}; },
    .traits = float_function, .samples = {.low = -2, .high = 2}};

constinit const Op erfinv_op = {
    .name = "erfinv", .keras = "keras.src.ops.math.Erfinv", .doc = "Inverse of the error function, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() / two_over_sqrt_pi * ops::exp(ops::square(v.y()))}; },
    .traits = float_function, .samples = {.low = -0.8, .high = 0.8}};

// ---- rounding ----

constinit const Op ceil_op = {
    .name = "ceil", .keras = "keras.src.ops.numpy.Ceil", .doc = "The smallest whole number not below x, element-wise.",
    .infer = infer::float_elementwise, .vjp = no_gradient, .traits = float_function,
    .samples = {.low = -3, .high = 3, .away_from_integers = true}};

constinit const Op round_even_op = {
    .name = "round_half_even", .doc = "The nearest whole number, halves to the even one, element-wise.",
    .infer = infer::float_elementwise, .vjp = no_gradient, .traits = float_function, .samples = {.low = -0.45, .high = 0.45}};

struct RoundAttrs {
    int64_t decimals = 0;
    static void describe(Schema<RoundAttrs>& s) { s.field<&RoundAttrs::decimals>(); }
};
constinit const Op round_op = {
    .name = "round", .keras = "keras.src.ops.numpy.Round", .doc = "x rounded to a number of decimals, halves to the even neighbour.",
    .infer = infer::elementwise, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const int64_t decimals = attrs.as<RoundAttrs>().decimals;
        if (!is_float(in[0].dtype())) {
            if (decimals < 0) throw UnsupportedError("ops.round: integers are rounded to 0 or more decimals.");
            return {in[0]};
        }
        if (decimals == 0) return {apply1(round_even_op, in)};
        const double factor = std::pow(10.0, static_cast<double>(decimals));
        return {apply1(round_even_op, {in[0] * factor}) / factor};
    },
    .samples = {.cases = [] {
        return std::vector<OpSample>{{{{{2, 3}, DType::float64}}, RoundAttrs{}}, {{{{4}, DType::float64}}, RoundAttrs{2}}};
    }},
    .read_attrs = read_attrs<RoundAttrs>};

constinit const Op trunc_op = {
    .name = "trunc", .keras = "keras.src.ops.numpy.Trunc", .doc = "x without its fraction, element-wise.",
    .infer = infer::elementwise, .vjp = no_gradient, .traits = arithmetic,
    .samples = {.low = -3, .high = 3, .away_from_integers = true}};

constinit const Op mod_op = {
    .name = "mod", .keras = "keras.src.ops.numpy.Mod", .doc = "Remainder of x1 / x2 with the sign of x2, element-wise.",
    .inputs = 2, .infer = infer::elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g(), -v.g() * ops::floor_divide(v.x(0), v.x(1))}; },
    .traits = arithmetic, .samples = {.low = 0.6, .high = 0.9}};

constinit const Op floor_divide_op = {
    .name = "floor_divide", .keras = "keras.src.ops.numpy.FloorDivide", .doc = "The largest whole number not above x1 / x2, element-wise.",
    .inputs = 2, .infer = infer::elementwise, .vjp = no_gradient, .traits = arithmetic, .samples = {.low = 1.1, .high = 1.9}};

struct ClipAttrs {
    std::optional<double> x_min = {}, x_max = {};
    static void describe(Schema<ClipAttrs>& s) {
        s.field<&ClipAttrs::x_min>();
        s.field<&ClipAttrs::x_max>();
    }
};
constinit const Op clip_op = {
    .name = "clip", .keras = "keras.src.ops.numpy.Clip", .doc = "x limited to [x_min, x_max], element-wise; NaN stays.",
    .infer = [](const InferArgs& a) -> Specs {
        return {{a.shape(), a.dtype() == DType::bool_ ? DType::int32 : a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& c = attrs.as<ClipAttrs>();
        Tensor x = in[0].dtype() == DType::bool_ ? ops::cast(in[0], DType::int32) : in[0];
        if (c.x_min) x = ops::maximum(x, Tensor::full({}, *c.x_min, x.dtype()));
        if (c.x_max) x = ops::minimum(x, Tensor::full({}, *c.x_max, x.dtype()));
        return {x};
    },
    .samples = {.cases = [] {
        return std::vector<OpSample>{{{{{2, 3}, DType::float64}}, ClipAttrs{-0.5, 0.5}}, {{{{4}, DType::float64}}, ClipAttrs{0.1, {}}}};
    }},
    .read_attrs = read_attrs<ClipAttrs>};

// ---- tests and bits ----

#define CORNU_TEST(NAME, KERAS, DOC)                                                                \
    constinit const Op NAME##_op = {.name = #NAME, .keras = "keras.src.ops.numpy." KERAS, .doc = DOC, \
                                    .infer = infer::comparison, .vjp = no_gradient, .traits = logic}
CORNU_TEST(isnan, "Isnan", "Whether x is not a number, element-wise.");
CORNU_TEST(isinf, "Isinf", "Whether x is infinite, element-wise.");
CORNU_TEST(isfinite, "Isfinite", "Whether x is neither infinite nor NaN, element-wise.");
#undef CORNU_TEST

constinit const Op logical_xor_op = {
    .name = "logical_xor", .keras = "keras.src.ops.numpy.LogicalXor", .doc = "Whether one of x1 and x2 alone is non-zero, element-wise.",
    .inputs = 2, .infer = infer::comparison, .vjp = no_gradient, .traits = logic};

Specs integer_elementwise(const InferArgs& a) {
    Specs out = infer::elementwise(a);
    if (!is_integer(out[0].dtype) && out[0].dtype != DType::bool_)
        throw DTypeError(str("ops.", a.op.name, " takes integers or bool. Received: ", out[0].dtype));
    return out;
}
std::vector<OpSample> bit_cases() {
    const Spec i{{2, 3}, DType::int32}, j{{3}, DType::int32}, u{{4}, DType::uint32};
    return {{{i, j}}, {{u, u}}};
}
#define CORNU_BITS(NAME, KERAS, DOC, TRAITS)                                                          \
    constinit const Op NAME##_op = {.name = #NAME, .keras = "keras.src.ops.numpy." KERAS, .doc = DOC,   \
                                    .inputs = 2, .infer = integer_elementwise, .vjp = no_gradient,      \
                                    .traits = TRAITS, .samples = {.low = 0, .high = 8, .cases = bit_cases}}
CORNU_BITS(bitwise_and, "BitwiseAnd", "The bits set in x1 and x2, element-wise.", commutative);
CORNU_BITS(bitwise_or, "BitwiseOr", "The bits set in x1 or x2, element-wise.", commutative);
CORNU_BITS(bitwise_xor, "BitwiseXor", "The bits set in one of x1 and x2, element-wise.", commutative);
CORNU_BITS(left_shift, "LeftShift", "The bits of x1 moved up by x2, element-wise.", arithmetic);
CORNU_BITS(right_shift, "RightShift", "The bits of x1 moved down by x2, element-wise; signed types keep the sign.", arithmetic);
#undef CORNU_BITS
constinit const Op bitwise_not_op = {
    .name = "bitwise_not", .keras = "keras.src.ops.numpy.BitwiseNot", .doc = "The bits not set in x, element-wise.",
    .infer = integer_elementwise, .vjp = no_gradient, .traits = arithmetic,
    .samples = {.low = 0, .high = 8, .cases = [] { return std::vector<OpSample>{{{{{2, 3}, DType::int32}}}}; }}};

constinit const Op fma_op = {
    .name = "fma", .doc = "a * b + c, rounded once for float32 and where the engine can, element-wise.", .inputs = 3,
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * v.x(1), v.g() * v.x(0), v.g()}; },
    // The product of two float32 is exact in float64.
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        if (in[0].dtype() != DType::float32 || in[1].dtype() != DType::float32 || in[2].dtype() != DType::float32) return {in[0] * in[1] + in[2]};
        const auto wide = [](const Tensor& x) { return ops::cast(x, DType::float64); };
        return {ops::cast(wide(in[0]) * wide(in[1]) + wide(in[2]), DType::float32)};
    },
    .traits = {.elementwise = true, .promote = Promote::to_float, .fused = true}};

constexpr const Op* family[] = {
    &reciprocal_op, &exp2_op, &log2_op, &log10_op, &logaddexp_op, &sin_op, &cos_op, &tan_op, &arcsin_op, &arccos_op,
    &arctan_op, &arctan2_op, &sinh_op, &cosh_op, &arcsinh_op, &arccosh_op, &arctanh_op, &erf_op, &erfc_op, &erfinv_op,
    &ceil_op, &round_even_op, &round_op, &trunc_op, &mod_op, &floor_divide_op, &clip_op, &isnan_op, &isinf_op,
    &isfinite_op, &logical_xor_op, &bitwise_and_op, &bitwise_or_op, &bitwise_xor_op, &left_shift_op, &right_shift_op,
    &bitwise_not_op, &fma_op};

// A bound as an attribute: only what is a bare number can be one.
std::optional<double> bare_number(const Tensor& x) {
    if (!x.defined() || !x.concrete() || !x.weak() || x.rank() != 0) return {};
    return x.item<double>();
}

}  // namespace

std::span<const Op* const> elementwise_math_ops() { return family; }

namespace ops {

Tensor reciprocal(const Tensor& x) { return apply1(reciprocal_op, {x}); }
Tensor exp2(const Tensor& x) { return apply1(exp2_op, {x}); }
Tensor log2(const Tensor& x) { return apply1(log2_op, {x}); }
Tensor log10(const Tensor& x) { return apply1(log10_op, {x}); }
Tensor logaddexp(const Tensor& x1, const Tensor& x2) { return apply1(logaddexp_op, {x1, x2}); }
Tensor sin(const Tensor& x) { return apply1(sin_op, {x}); }
Tensor cos(const Tensor& x) { return apply1(cos_op, {x}); }
Tensor tan(const Tensor& x) { return apply1(tan_op, {x}); }
Tensor arcsin(const Tensor& x) { return apply1(arcsin_op, {x}); }
Tensor arccos(const Tensor& x) { return apply1(arccos_op, {x}); }
Tensor arctan(const Tensor& x) { return apply1(arctan_op, {x}); }
Tensor arctan2(const Tensor& x1, const Tensor& x2) { return apply1(arctan2_op, {x1, x2}); }
Tensor sinh(const Tensor& x) { return apply1(sinh_op, {x}); }
Tensor cosh(const Tensor& x) { return apply1(cosh_op, {x}); }
Tensor arcsinh(const Tensor& x) { return apply1(arcsinh_op, {x}); }
Tensor arccosh(const Tensor& x) { return apply1(arccosh_op, {x}); }
Tensor arctanh(const Tensor& x) { return apply1(arctanh_op, {x}); }
Tensor erf(const Tensor& x) { return apply1(erf_op, {x}); }
Tensor erfc(const Tensor& x) { return apply1(erfc_op, {x}); }
Tensor erfinv(const Tensor& x) { return apply1(erfinv_op, {x}); }
Tensor ceil(const Tensor& x) { return apply1(ceil_op, {x}); }
Tensor round(const Tensor& x, int64_t decimals) { return apply1(round_op, {x}, RoundAttrs{decimals}); }
Tensor trunc(const Tensor& x) { return apply1(trunc_op, {x}); }
Tensor mod(const Tensor& x1, const Tensor& x2) { return apply1(mod_op, {x1, x2}); }
Tensor floor_divide(const Tensor& x1, const Tensor& x2) { return apply1(floor_divide_op, {x1, x2}); }

Tensor clip(const Tensor& x, const Tensor& x_min, const Tensor& x_max) {
    const auto low = bare_number(x_min), high = bare_number(x_max);
    if ((low || !x_min.defined()) && (high || !x_max.defined())) return apply1(clip_op, {x}, ClipAttrs{low, high});
    const Tensor above = x_min.defined() ? maximum(x, cast(x_min, x.dtype())) : x;
    return x_max.defined() ? minimum(above, cast(x_max, x.dtype())) : above;
}

Tensor isnan(const Tensor& x) { return apply1(isnan_op, {x}); }
Tensor isinf(const Tensor& x) { return apply1(isinf_op, {x}); }
Tensor isfinite(const Tensor& x) { return apply1(isfinite_op, {x}); }
Tensor logical_xor(const Tensor& x1, const Tensor& x2) { return apply1(logical_xor_op, {x1, x2}); }
Tensor bitwise_and(const Tensor& x1, const Tensor& x2) { return apply1(bitwise_and_op, {x1, x2}); }
Tensor bitwise_or(const Tensor& x1, const Tensor& x2) { return apply1(bitwise_or_op, {x1, x2}); }
Tensor bitwise_xor(const Tensor& x1, const Tensor& x2) { return apply1(bitwise_xor_op, {x1, x2}); }
Tensor bitwise_not(const Tensor& x) { return apply1(bitwise_not_op, {x}); }
Tensor left_shift(const Tensor& x1, const Tensor& x2) { return apply1(left_shift_op, {x1, x2}); }
Tensor right_shift(const Tensor& x1, const Tensor& x2) { return apply1(right_shift_op, {x1, x2}); }

}  // namespace ops

namespace prim {
Tensor fma(const Tensor& a, const Tensor& b, const Tensor& c) { return apply1(fma_op, {a, b, c}); }
}  // namespace prim
}  // namespace cornu
