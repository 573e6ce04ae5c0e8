#include "cornu/ops/special.h"

#include <numbers>

#include "cornu/ops/catalogue.h"
#include "cornu/ops/complex.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/float_layout.h"

namespace cornu {

namespace {

using composing::FloatLayout;
using composing::layout_of;
using composing::number;

constexpr OpTraits arithmetic = {.elementwise = true, .promote = Promote::common};
constexpr OpTraits float_function = {.elementwise = true, .promote = Promote::to_float};

Specs real_elementwise(const InferArgs& a) {
    const Specs out = infer::elementwise(a);
    if (is_complex(out[0].dtype)) throw DTypeError(str("ops.", a.op.name, " takes real numbers. Received: ", out[0].dtype));
    return out;
}
Specs real_float_elementwise(const InferArgs& a) {
    Specs out = real_elementwise(a);
    out[0].dtype = to_float_dtype(out[0].dtype);
    return out;
}

// A power is off by some units in the last place; one step of Newton's puts it right.
constinit const Op cbrt_op = {
    .name = "cbrt", .keras = "keras.src.ops.numpy.Cbrt", .doc = "Cube root, element-wise.", .infer = real_float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor x = ops::cast(in[0], composing::wide(in[0].dtype()));
        const Tensor as_it_is = ops::logical_or(ops::equal(x, 0), ops::logical_not(ops::isfinite(x)));
        const Tensor safe = ops::where(as_it_is, number(1, x), x);
        const Tensor guess = ops::sign(safe) * ops::power(ops::abs(safe), number(1.0 / 3, x));
        const Tensor root = guess - (guess - safe / ops::square(guess)) / 3;
        return {ops::cast(ops::where(as_it_is, x, root), in[0].dtype())};
    },
    .traits = float_function, .samples = {.low = 0.3, .high = 3}};
constinit const Op deg2rad_op = {
    .name = "deg2rad", .keras = "keras.src.ops.numpy.Deg2rad", .doc = "Degrees as radians, element-wise.", .infer = real_float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {in[0] * (std::numbers::pi / 180)}; },
    .traits = float_function};
constinit const Op rad2deg_op = {
    .name = "rad2deg", .keras = "keras.src.ops.numpy.Rad2deg", .doc = "Radians as degrees, element-wise.", .infer = real_float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {in[0] * (180 / std::numbers::pi)}; },
    .traits = float_function};

constinit const Op hypot_op = {
    .name = "hypot", .keras = "keras.src.ops.numpy.Hypot", .doc = "sqrt(x1^2 + x2^2) without overflow, element-wise.", .inputs = 2,
    .infer = real_float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor a = ops::abs(in[0]), b = ops::abs(in[1]), larger = ops::maximum(a, b), smaller = ops::minimum(a, b);
        // Infinity beats NaN; 0 is divided by nothing.
        const Tensor infinite = ops::logical_or(ops::isinf(a), ops::isinf(b)), as_it_is = ops::logical_or(ops::equal(larger, 0), infinite);
        const Tensor ratio = ops::where(as_it_is, number(0, larger), smaller) / ops::where(as_it_is, number(1, larger), larger);
        const Tensor length = ops::where(as_it_is, larger, larger * ops::sqrt(1 + ops::square(ratio)));
        return {ops::where(infinite, number(std::numeric_limits<double>::infinity(), larger), length)};
    },
    .traits = {.elementwise = true, .promote = Promote::to_float, .commutative = true}, .samples = {.low = 0.3, .high = 2}};

// Chebyshev series of exp(-x) I0(x) below 8 and of sqrt(x) exp(-x) I0(x) above. Source: Moshier, Cephes.
constexpr double bessel_low[] = {
    -4.41534164647933937950e-18, 3.33079451882223809783e-17, -2.43127984654795469359e-16, 1.71539128555513303061e-15, -1.16853328779934516808e-14,
    7.67618549860493561688e-14, -4.85644678311192946090e-13, 2.95505266312963983461e-12, -1.72682629144155570723e-11, 9.67580903537323691224e-11,
    -5.18979560163526290666e-10, 2.65982372468238665035e-9, -1.30002500998624804212e-8, 6.04699502254191894932e-8, -2.67079385394061173391e-7,
    1.11738753912010371815e-6, -4.41673835845875056359e-6, 1.64484480707288970893e-5, -5.75419501008210370398e-5, 1.88502885095841655729e-4,
    -5.76375574538582365885e-4, 1.63947561694133579842e-3, -4.32430999505057594430e-3, 1.05464603945949983183e-2, -2.37374148058994688156e-2,
    4.93052842396707084878e-2, -9.49010970480476444210e-2, 1.71620901522208775349e-1, -3.04682672343198398683e-1, 6.76795274409476084995e-1};
constexpr double bessel_high[] = {
    -7.23318048787475395456e-18, -4.83050448594418207126e-18, 4.46562142029675999901e-17, 3.46122286769746109310e-17, -2.82762398051658348494e-16,
    -3.42548561967721913462e-16, 1.77256013305652638360e-15, 3.81168066935262242075e-15, -9.55484669882830764870e-15, -4.15056934728722208663e-14,
    1.54008621752140982691e-14, 3.85277838274214270114e-13, 7.18012445138366623367e-13, -1.79417853150680611778e-12, -1.32158118404477131188e-11,
    -3.14991652796324136454e-11, 1.18891471078464383424e-11, 4.94060238822496958910e-10, 3.39623202570838634515e-9, 2.26666899049817806459e-8,
    2.04891858946906374183e-7, 2.89137052083475648297e-6, 6.88975834691682398426e-5, 3.36911647825569408990e-3, 8.04490411014108831608e-1};
// Clenshaw's recurrence; what is too small for the dtype is left out.
Tensor chebyshev(const Tensor& x, std::span<const double> coefficients) {
    const double negligible = x.dtype() == DType::float64 ? 0 : 1e-9;
    Tensor b0 = number(0, x), b1 = b0, b2 = b0;
    for (const double c : coefficients) {
        if (std::abs(c) < negligible) continue;
        b2 = b1;
        b1 = b0;
        b0 = x * b1 - b2 + c;
    }
    return 0.5 * (b0 - b2);
}
constinit const Op i0_op = {
    .name = "i0", .keras = "keras.src.ops.numpy.I0", .doc = "Modified Bessel function of the first kind and order 0, element-wise.", .infer = real_float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor x = ops::abs(ops::cast(in[0], composing::wide(in[0].dtype())));
        const Tensor small = x <= 8, low = ops::where(small, x, number(8, x)), high = ops::where(small, number(8, x), x);
        const Tensor scaled = ops::where(small, chebyshev(low * 0.5 - 2, bessel_low), chebyshev(32 / high - 2, bessel_high) * ops::rsqrt(high));
        return {ops::cast(ops::exp(x) * scaled, in[0].dtype())};
    },
    .traits = float_function, .samples = {.low = 0.5, .high = 12}};

constinit const Op sinc_op = {
    .name = "sinc", .keras = "keras.src.ops.numpy.Sinc", .doc = "sin(pi x) / (pi x), 1 at 0, element-wise.", .infer = real_float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor x = ops::cast(in[0], composing::wide(in[0].dtype()));
        const Tensor zero = ops::equal(x, 0), angle = ops::where(zero, number(1, x), x * std::numbers::pi);
        return {ops::cast(ops::where(zero, number(1, x), ops::sin(angle) / angle), in[0].dtype())};
    },
    .traits = float_function, .samples = {.low = 0.2, .high = 0.8}};

constinit const Op logaddexp2_op = {
    .name = "logaddexp2", .keras = "keras.src.ops.numpy.Logaddexp2", .doc = "log2(2^x1 + 2^x2) without overflow, element-wise.", .inputs = 2,
    .infer = real_float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * ops::exp2(v.x(0) - v.y()), v.g() * ops::exp2(v.x(1) - v.y())}; },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor distance = in[0] - in[1];
        // Two equal infinities have no distance.
        return {ops::where(ops::isnan(distance), in[0] + in[1],
                           ops::maximum(in[0], in[1]) + ops::log1p(ops::exp2(-ops::abs(distance))) * std::numbers::log2e)};
    },
    .traits = {.elementwise = true, .promote = Promote::to_float, .commutative = true, .fused = true}, .samples = {.low = -3, .high = 3}};

constinit const Op ldexp_op = {
    .name = "ldexp", .keras = "keras.src.ops.numpy.Ldexp", .doc = "x1 * 2^x2, element-wise.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        if (!is_integer(a.dtype(1))) throw DTypeError(str("ops.ldexp: the exponent x2 must hold integers. Received: x2 of ", a.dtype(1)));
        const Spec alike[] = {a.in[0], {a.shape(1), a.dtype()}};
        return real_float_elementwise({a.op, alike, a.attrs});
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const DType dtype = to_float_dtype(in[0].dtype());
        Tensor y = ops::cast(in[0], composing::wide(dtype));
        const FloatLayout layout = layout_of(y.dtype());
        const auto low = static_cast<double>(1 - layout.bias), high = static_cast<double>(layout.bias);
        Tensor rest = ops::cast(in[1], layout.integer);
        // No single factor reaches from the smallest number to the largest.
        for (int step = 0; step < 3; ++step) {
            const Tensor part = ops::clip(rest, low, high);
            rest = rest - part;
            const Tensor bits = ops::left_shift(part + layout.bias, Tensor::full({}, layout.mantissa, layout.integer));
            y = y * prim::bitcast(bits, y.dtype());
        }
        return {ops::cast(y, dtype)};
    },
    .samples = {.cases = [] { return std::vector<OpSample>{{{{{2, 3}, DType::float64}, {{3}, DType::int32}}}}; }}};

constinit const Op heaviside_op = {
    .name = "heaviside", .keras = "keras.src.ops.numpy.Heaviside", .doc = "0 below 0, 1 above, x2 where x1 is 0, element-wise.", .inputs = 2,
    .infer = real_float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor &x = in[0], one = number(1, x), zero = number(0, x);
        return {ops::where(x < 0, zero, ops::where(x > 0, one, ops::where(ops::isnan(x), x, in[1])))};
    },
    .traits = float_function, .samples = {.away_from_integers = true}};
constinit const Op divide_no_nan_op = {
    .name = "divide_no_nan", .keras = "keras.src.ops.numpy.DivideNoNan", .doc = "x1 / x2, 0 where x2 is 0, element-wise.", .inputs = 2,
    .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor none = ops::equal(in[1], number(0, in[1]));
        return {ops::where(none, number(0, in[0]), in[0] / ops::where(none, number(1, in[1]), in[1]))};
    },
    .traits = float_function, .samples = {.low = 0.5, .high = 2}};
constinit const Op fabs_op = {
    .name = "fabs", .keras = "keras.src.ops.numpy.Fabs", .doc = "|x| as a float, element-wise.", .infer = real_float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {ops::abs(in[0])}; },
    .traits = float_function, .samples = {.away_from_integers = true}};

// Python's remainder of the magnitudes is C's, but for the sign; so it stays exact.
constinit const Op fmod_op = {
    .name = "fmod", .keras = "keras.src.ops.numpy.Fmod", .doc = "Remainder of x1 / x2 with the sign of x1, element-wise.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        Specs out = real_elementwise(a);
        if (out[0].dtype == DType::bool_) out[0].dtype = DType::int32;
        return out;
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const DType dtype = in[0].dtype() == DType::bool_ ? DType::int32 : in[0].dtype();
        const Tensor x = ops::cast(in[0], dtype);
        Tensor y = ops::abs(ops::cast(in[1], dtype));
        if (!is_float(dtype)) y = ops::where(ops::equal(y, number(0, y)), number(1, y), y);
        const Tensor rest = ops::mod(ops::abs(x), y);
        return {is_unsigned_int(dtype) ? rest : ops::where(x < number(0, x), -rest, rest)};
    },
    .traits = arithmetic, .samples = {.low = 0.6, .high = 0.9}};
constinit const Op fmax_op = {
    .name = "fmax", .keras = "keras.src.ops.numpy.Fmax", .doc = "The larger of x1 and x2, element-wise; NaN loses.", .inputs = 2, .infer = real_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        return {ops::where(ops::logical_or(in[0] > in[1], ops::isnan(in[1])), in[0], in[1])};
    },
    .traits = arithmetic, .samples = {.distinct = true}};
constinit const Op fmin_op = {
    .name = "fmin", .keras = "keras.src.ops.numpy.Fmin", .doc = "The smaller of x1 and x2, element-wise; NaN loses.", .inputs = 2, .infer = real_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        return {ops::where(ops::logical_or(in[0] < in[1], ops::isnan(in[1])), in[0], in[1])};
    },
    .traits = arithmetic, .samples = {.distinct = true}};

// ---- whole numbers ----

Specs whole_elementwise(const InferArgs& a) {
    const Specs out = infer::elementwise(a);
    if (!is_integer(out[0].dtype)) throw DTypeError(str("ops.", a.op.name, " takes integers. Received: ", out[0].dtype));
    return out;
}
std::vector<OpSample> whole_samples() {
    const Spec i{{2, 3}, DType::int32}, j{{3}, DType::int32};
    return {{{i, j}}, {{j, j}}};
}
Tensor magnitude(const Tensor& x) { return is_unsigned_int(x.dtype()) ? x : ops::abs(x); }
// Euclid's algorithm, with as many steps as its worst case (neighbours in Fibonacci's series) takes.
Tensor greatest_common_divisor(const Tensor& x1, const Tensor& x2) {
    Tensor a = magnitude(x1), b = magnitude(x2);
    const Tensor zero = number(0, a), one = number(1, a);
    const int steps = static_cast<int>(std::ceil(1.4405 * bits(a.dtype()))) + 1;
    for (int i = 0; i < steps; ++i) {
        const Tensor done = ops::equal(b, zero);
        const Tensor rest = ops::where(done, zero, ops::mod(a, ops::where(done, one, b)));
        a = ops::where(done, a, b);
        b = rest;
    }
    return a;
}
constinit const Op gcd_op = {
    .name = "gcd", .keras = "keras.src.ops.numpy.Gcd", .doc = "Greatest common divisor, element-wise.", .inputs = 2, .infer = whole_elementwise, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {greatest_common_divisor(in[0], in[1])}; },
    .traits = {.elementwise = true, .promote = Promote::common, .commutative = true}, .samples = {.low = -40, .high = 40, .cases = whole_samples}};
constinit const Op lcm_op = {
    .name = "lcm", .keras = "keras.src.ops.numpy.Lcm", .doc = "Least common multiple, element-wise.", .inputs = 2, .infer = whole_elementwise, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor divisor = greatest_common_divisor(in[0], in[1]), zero = number(0, divisor), none = ops::equal(divisor, zero);
        return {ops::where(none, zero, magnitude(in[0]) * ops::floor_divide(magnitude(in[1]), ops::where(none, number(1, divisor), divisor)))};
    },
    .traits = {.elementwise = true, .promote = Promote::common, .commutative = true}, .samples = {.low = -40, .high = 40, .cases = whole_samples}};

// ---- bits of floats ----

constinit const Op nextafter_op = {
    .name = "nextafter", .keras = "keras.src.ops.numpy.Nextafter", .doc = "The next float after x1 towards x2, element-wise.", .inputs = 2, .infer = real_float_elementwise,
    .vjp = no_gradient,   // as in JAX
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor &x = in[0], zero = number(0, x);
        const FloatLayout layout = layout_of(x.dtype());
        const Tensor bits = prim::bitcast(x, layout.integer), one = number(1, bits);
        // Away from 0 the bits count up, towards it down.
        const Tensor away = ops::equal(in[1] > x, x > zero), stepped = prim::bitcast(ops::where(away, bits + one, bits - one), x.dtype());
        const Tensor smallest = prim::bitcast(one, x.dtype());
        const Tensor next = ops::where(ops::equal(x, zero), ops::where(in[1] > zero, smallest, -smallest), stepped);
        const Tensor same = ops::where(ops::equal(x, in[1]), in[1], next);
        return {ops::where(ops::logical_or(ops::isnan(x), ops::isnan(in[1])), x + in[1], same)};
    },
    .traits = {.elementwise = true, .promote = Promote::to_float, .not_differentiable = true}};
constinit const Op signbit_op = {
    .name = "signbit", .keras = "keras.src.ops.numpy.Signbit", .doc = "Whether the sign bit is set, element-wise.",
    .infer = [](const InferArgs& a) -> Specs {
        real_elementwise(a);
        return infer::comparison(a);
    },
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor& x = in[0];
        if (is_unsigned_int(x.dtype()) || x.dtype() == DType::bool_) return {ops::zeros(x.shape(), DType::bool_)};
        const Tensor signed_value = is_float(x.dtype()) ? prim::bitcast(x, layout_of(x.dtype()).integer) : x;
        return {signed_value < number(0, signed_value)};
    },
    .traits = {.elementwise = true}};

constexpr const Op* family[] = {&cbrt_op, &deg2rad_op, &rad2deg_op, &hypot_op, &i0_op, &sinc_op, &logaddexp2_op, &ldexp_op, &heaviside_op, &divide_no_nan_op,
                                &fabs_op, &fmod_op, &fmax_op, &fmin_op, &gcd_op, &lcm_op, &nextafter_op, &signbit_op};

}  // namespace

std::span<const Op* const> special_ops() { return family; }

namespace ops {
Tensor cbrt(const Tensor& x) { return apply1(cbrt_op, {x}); }
Tensor deg2rad(const Tensor& x) { return apply1(deg2rad_op, {x}); }
Tensor rad2deg(const Tensor& x) { return apply1(rad2deg_op, {x}); }
Tensor hypot(const Tensor& x1, const Tensor& x2) { return apply1(hypot_op, {x1, x2}); }
Tensor i0(const Tensor& x) { return apply1(i0_op, {x}); }
Tensor sinc(const Tensor& x) { return apply1(sinc_op, {x}); }
Tensor logaddexp2(const Tensor& x1, const Tensor& x2) { return apply1(logaddexp2_op, {x1, x2}); }
Tensor ldexp(const Tensor& x1, const Tensor& x2) { return apply1(ldexp_op, {x1, x2}); }
Tensor heaviside(const Tensor& x1, const Tensor& x2) { return apply1(heaviside_op, {x1, x2}); }
Tensor divide_no_nan(const Tensor& x1, const Tensor& x2) { return apply1(divide_no_nan_op, {x1, x2}); }
Tensor fabs(const Tensor& x) { return apply1(fabs_op, {x}); }
Tensor fmod(const Tensor& x1, const Tensor& x2) { return apply1(fmod_op, {x1, x2}); }
Tensor fmax(const Tensor& x1, const Tensor& x2) { return apply1(fmax_op, {x1, x2}); }
Tensor fmin(const Tensor& x1, const Tensor& x2) { return apply1(fmin_op, {x1, x2}); }
Tensor gcd(const Tensor& x1, const Tensor& x2) { return apply1(gcd_op, {x1, x2}); }
Tensor lcm(const Tensor& x1, const Tensor& x2) { return apply1(lcm_op, {x1, x2}); }
Tensor nextafter(const Tensor& x1, const Tensor& x2) { return apply1(nextafter_op, {x1, x2}); }
Tensor signbit(const Tensor& x) { return apply1(signbit_op, {x}); }
}  // namespace ops
}  // namespace cornu
