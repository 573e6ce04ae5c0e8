#include "cornu/ops/elementwise.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

constexpr OpTraits arithmetic = {.elementwise = true, .promote = Promote::common};
constexpr OpTraits commutative = {.elementwise = true, .promote = Promote::common, .commutative = true};
constexpr OpTraits float_function = {.elementwise = true, .promote = Promote::to_float};

// The tape sums a gradient over broadcast axes, so that rules here read like mathematics.
constinit const Op add_op = {
    .name = "add", .keras = "keras.src.ops.numpy.Add", .doc = "x1 + x2, element-wise.", .inputs = 2,
    .infer = infer::elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g(), v.g()}; },
    .traits = commutative};

constinit const Op subtract_op = {
    .name = "subtract", .keras = "keras.src.ops.numpy.Subtract", .doc = "x1 - x2, element-wise.", .inputs = 2,
    .infer = infer::elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g(), -v.g()}; },
    .traits = arithmetic};

constinit const Op multiply_op = {
    .name = "multiply", .keras = "keras.src.ops.numpy.Multiply", .doc = "x1 * x2, element-wise.", .inputs = 2,
    .infer = infer::elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * v.x(1), v.g() * v.x(0)}; },
    .traits = commutative};

constinit const Op divide_op = {
    .name = "divide", .keras = "keras.src.ops.numpy.Divide", .doc = "x1 / x2, element-wise.", .inputs = 2,
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors {
        const Tensor dx = v.g() / v.x(1);
        return {dx, -dx * v.y()};
    },
    .traits = {.elementwise = true, .promote = Promote::to_float},
    .samples = {.low = 0.5, .high = 2}};

constinit const Op power_op = {
    .name = "power", .keras = "keras.src.ops.numpy.Power", .doc = "x1 to the power x2, element-wise.", .inputs = 2,
    .infer = infer::elementwise,
    .vjp = [](const Vjp& v) -> Tensors {
        const Tensor dx = v.g() * v.x(1) * ops::power(v.x(0), v.x(1) - 1);
        // log 0 is only reached where the power is flat in x2.
        const Tensor log_base = ops::log(ops::where(ops::equal(v.x(0), 0), ops::ones_like(v.x(0)), v.x(0)));
        return {dx, v.g() * log_base * v.y()};
    },
    .traits = arithmetic, .samples = {.low = 0.5, .high = 2}};

// Where both are equal the gradient is halved, as in JAX.
Tensors extremum_vjp(const Vjp& v, const Tensor& first_wins) {
    const Tensor tie = ops::equal(v.x(0), v.x(1));
    const Tensor half = v.g() * 0.5, none = ops::zeros_like(v.g());
    return {ops::where(tie, half, ops::where(first_wins, v.g(), none)),
            ops::where(tie, half, ops::where(first_wins, none, v.g()))};
}

constinit const Op maximum_op = {
    .name = "maximum", .keras = "keras.src.ops.numpy.Maximum", .doc = "The larger of x1 and x2, element-wise; NaN wins.",
    .inputs = 2, .infer = infer::elementwise,
    .vjp = [](const Vjp& v) { return extremum_vjp(v, v.x(0) > v.x(1)); },
    .traits = commutative, .samples = {.distinct = true}};

constinit const Op minimum_op = {
    .name = "minimum", .keras = "keras.src.ops.numpy.Minimum", .doc = "The smaller of x1 and x2, element-wise; NaN wins.",
    .inputs = 2, .infer = infer::elementwise,
    .vjp = [](const Vjp& v) { return extremum_vjp(v, v.x(0) < v.x(1)); },
    .traits = commutative, .samples = {.distinct = true}};

constinit const Op negative_op = {
    .name = "negative", .keras = "keras.src.ops.numpy.Negative", .doc = "-x, element-wise.",
    .infer = infer::elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {-v.g()}; },
    .traits = arithmetic};

// At 0 the slope is taken from the right, as in JAX.
constinit const Op abs_op = {
    .name = "abs", .keras = "keras.src.ops.numpy.Absolute", .doc = "|x|, element-wise; of complex numbers the modulus.",
    .infer = [](const InferArgs& a) -> Specs {
        Specs out = infer::elementwise(a);
        if (is_complex(a.dtype())) out[0].dtype = a.dtype() == DType::complex64 ? DType::float32 : DType::float64;
        return out;
    },
    .vjp = [](const Vjp& v) -> Tensors {
        if (is_complex(v.x().dtype())) throw UnsupportedError("ops.abs: gradients of complex numbers are not supported yet.");
        return {ops::where(v.x() >= 0, v.g(), -v.g())};
    },
    .traits = arithmetic, .samples = {.away_from_integers = true}};

constinit const Op sign_op = {
    .name = "sign", .keras = "keras.src.ops.numpy.Sign", .doc = "-1, 0 or 1 by the sign of x, element-wise.",
    .infer = infer::elementwise, .vjp = no_gradient, .traits = arithmetic,
    .samples = {.away_from_integers = true}};

constinit const Op square_op = {
    .name = "square", .keras = "keras.src.ops.numpy.Square", .doc = "x * x, element-wise.",
    .infer = infer::elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * (2 * v.x())}; },
    .traits = arithmetic};

constinit const Op sqrt_op = {
    .name = "sqrt", .keras = "keras.src.ops.numpy.Sqrt", .doc = "Square root, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * 0.5 / v.y()}; },
    .traits = float_function, .samples = {.low = 0.3, .high = 3}};

constinit const Op rsqrt_op = {
    .name = "rsqrt", .keras = "keras.src.ops.math.Rsqrt", .doc = "1 / sqrt(x), element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * -0.5 * v.y() / v.x()}; },
    .traits = float_function, .samples = {.low = 0.3, .high = 3}};

constinit const Op exp_op = {
    .name = "exp", .keras = "keras.src.ops.numpy.Exp", .doc = "e to the power x, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * v.y()}; },
    .traits = float_function, .samples = {.low = -3, .high = 3}};

constinit const Op expm1_op = {
    .name = "expm1", .keras = "keras.src.ops.numpy.Expm1", .doc = "exp(x) - 1, exact near 0, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * (v.y() + 1)}; },
    .traits = float_function};

constinit const Op log_op = {
    .name = "log", .keras = "keras.src.ops.numpy.Log", .doc = "Natural logarithm, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() / v.x()}; },
    .traits = float_function, .samples = {.low = 0.3, .high = 3}};

constinit const Op log1p_op = {
    .name = "log1p", .keras = "keras.src.ops.numpy.Log1p", .doc = "log(1 + x), exact near 0, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() / (v.x() + 1)}; },
    .traits = float_function, .samples = {.low = -0.5, .high = 3}};

constinit const Op tanh_op = {
    .name = "tanh", .keras = "keras.src.ops.numpy.Tanh", .doc = "Hyperbolic tangent, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * (1 - ops::square(v.y()))}; },
    .traits = float_function, .samples = {.low = -3, .high = 3}};

constinit const Op floor_op = {
    .name = "floor", .keras = "keras.src.ops.numpy.Floor", .doc = "The largest whole number not above x, element-wise.",
    .infer = infer::float_elementwise, .vjp = no_gradient, .traits = float_function,
    .samples = {.low = -3, .high = 3, .away_from_integers = true}};

#define CORNU_COMPARISON(NAME, KERAS, DOC)                                                         \
    constinit const Op NAME##_op = {.name = #NAME, .keras = "keras.src.ops.numpy." KERAS, .doc = DOC, \
                                    .inputs = 2, .infer = infer::comparison, .vjp = no_gradient, .traits = arithmetic}
CORNU_COMPARISON(equal, "Equal", "x1 == x2, element-wise.");
CORNU_COMPARISON(not_equal, "NotEqual", "x1 != x2, element-wise.");
CORNU_COMPARISON(greater, "Greater", "x1 > x2, element-wise.");
CORNU_COMPARISON(greater_equal, "GreaterEqual", "x1 >= x2, element-wise.");
CORNU_COMPARISON(less, "Less", "x1 < x2, element-wise.");
CORNU_COMPARISON(less_equal, "LessEqual", "x1 <= x2, element-wise.");
#undef CORNU_COMPARISON

constexpr OpTraits logic = {.elementwise = true, .promote = Promote::to_bool};
constinit const Op logical_and_op = {
    .name = "logical_and", .keras = "keras.src.ops.numpy.LogicalAnd", .doc = "x1 and x2, element-wise; non-zero is true.",
    .inputs = 2, .infer = infer::comparison, .vjp = no_gradient, .traits = logic};
constinit const Op logical_or_op = {
    .name = "logical_or", .keras = "keras.src.ops.numpy.LogicalOr", .doc = "x1 or x2, element-wise; non-zero is true.",
    .inputs = 2, .infer = infer::comparison, .vjp = no_gradient, .traits = logic};
constinit const Op logical_not_op = {
    .name = "logical_not", .keras = "keras.src.ops.numpy.LogicalNot", .doc = "not x, element-wise; non-zero is true.",
    .infer = infer::comparison, .vjp = no_gradient, .traits = logic};

constinit const Op where_op = {
    .name = "where", .keras = "keras.src.ops.numpy.Where", .doc = "x1 where condition is true, else x2, element-wise.",
    .inputs = 3,
    .infer = [](const InferArgs& a) -> Specs {
        Spec out = infer::elementwise({a.op, a.in.subspan(1), a.attrs})[0];
        const auto shape = broadcast_shapes(out.shape, a.shape(0));
        if (!shape) throw ShapeError(str("ops.where: the shapes of condition, x1 and x2 must broadcast together. Received: ", a.shape(0), ", ", a.shape(1), ", ", a.shape(2)));
        out.shape = *shape;
        return {out};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        const Tensor zero = ops::zeros_like(v.g());
        return {Tensor(), ops::where(v.x(0), v.g(), zero), ops::where(v.x(0), zero, v.g())};
    },
    .traits = {.elementwise = true}};

struct CastAttrs {
    DType dtype;
    static void describe(Schema<CastAttrs>& s) { s.field<&CastAttrs::dtype>(); }
};
constinit const Op cast_op = {
    .name = "cast", .keras = "keras.src.ops.core.Cast", .doc = "x in another dtype; floats are cut towards zero to become integers.",
    .infer = [](const InferArgs& a) -> Specs { return {{a.shape(), a.as<CastAttrs>().dtype}}; },
    .vjp = [](const Vjp& v) -> Tensors { return {ops::cast(v.g(), v.x().dtype())}; },
    .traits = {.elementwise = true},
    .samples = {.cases = [] {
        return std::vector<OpSample>{{{{{2, 3}, DType::float64}}, CastAttrs{DType::float64}}};
    }},
    .read_attrs = read_attrs<CastAttrs>};

constinit const Op stop_gradient_op = {
    .name = "stop_gradient", .keras = "keras.src.ops.core.StopGradient", .doc = "x, through which no gradient flows.",
    .infer = infer::same, .vjp = no_gradient, .traits = {.elementwise = true}};

constexpr const Op* family[] = {
    &add_op, &subtract_op, &multiply_op, &divide_op, &power_op, &maximum_op, &minimum_op, &negative_op,
    &abs_op, &sign_op, &square_op, &sqrt_op, &rsqrt_op, &exp_op, &expm1_op, &log_op, &log1p_op, &tanh_op,
    &floor_op, &equal_op, &not_equal_op, &greater_op, &greater_equal_op, &less_op, &less_equal_op,
    &logical_and_op, &logical_or_op, &logical_not_op, &where_op, &cast_op, &stop_gradient_op};

}  // namespace

std::span<const Op* const> elementwise_ops() { return family; }

namespace ops {

Tensor add(const Tensor& x1, const Tensor& x2) { return apply1(add_op, {x1, x2}); }
Tensor subtract(const Tensor& x1, const Tensor& x2) { return apply1(subtract_op, {x1, x2}); }
Tensor multiply(const Tensor& x1, const Tensor& x2) { return apply1(multiply_op, {x1, x2}); }
Tensor divide(const Tensor& x1, const Tensor& x2) { return apply1(divide_op, {x1, x2}); }
Tensor power(const Tensor& x1, const Tensor& x2) { return apply1(power_op, {x1, x2}); }
Tensor maximum(const Tensor& x1, const Tensor& x2) { return apply1(maximum_op, {x1, x2}); }
Tensor minimum(const Tensor& x1, const Tensor& x2) { return apply1(minimum_op, {x1, x2}); }
Tensor negative(const Tensor& x) { return apply1(negative_op, {x}); }
Tensor abs(const Tensor& x) { return apply1(abs_op, {x}); }
Tensor sign(const Tensor& x) { return apply1(sign_op, {x}); }
Tensor square(const Tensor& x) { return apply1(square_op, {x}); }
Tensor sqrt(const Tensor& x) { return apply1(sqrt_op, {x}); }
Tensor rsqrt(const Tensor& x) { return apply1(rsqrt_op, {x}); }
Tensor exp(const Tensor& x) { return apply1(exp_op, {x}); }
Tensor expm1(const Tensor& x) { return apply1(expm1_op, {x}); }
Tensor log(const Tensor& x) { return apply1(log_op, {x}); }
Tensor log1p(const Tensor& x) { return apply1(log1p_op, {x}); }
Tensor tanh(const Tensor& x) { return apply1(tanh_op, {x}); }
Tensor floor(const Tensor& x) { return apply1(floor_op, {x}); }
Tensor equal(const Tensor& x1, const Tensor& x2) { return apply1(equal_op, {x1, x2}); }
Tensor not_equal(const Tensor& x1, const Tensor& x2) { return apply1(not_equal_op, {x1, x2}); }
Tensor greater(const Tensor& x1, const Tensor& x2) { return apply1(greater_op, {x1, x2}); }
Tensor greater_equal(const Tensor& x1, const Tensor& x2) { return apply1(greater_equal_op, {x1, x2}); }
Tensor less(const Tensor& x1, const Tensor& x2) { return apply1(less_op, {x1, x2}); }
Tensor less_equal(const Tensor& x1, const Tensor& x2) { return apply1(less_equal_op, {x1, x2}); }
Tensor logical_and(const Tensor& x1, const Tensor& x2) { return apply1(logical_and_op, {x1, x2}); }
Tensor logical_or(const Tensor& x1, const Tensor& x2) { return apply1(logical_or_op, {x1, x2}); }
Tensor logical_not(const Tensor& x) { return apply1(logical_not_op, {x}); }

Tensor where(const Tensor& condition, const Tensor& x1, const Tensor& x2) {
    // Only the branches promote; a bare number takes the other branch's dtype.
    if (x1.dtype() == x2.dtype() || condition.symbolic() || x1.symbolic() || x2.symbolic())
        return apply1(where_op, {condition, x1, x2});
    const PromotionOperand operands[] = {{x1.dtype(), x1.weak()}, {x2.dtype(), x2.weak()}};
    const DType dtype = result_type(operands);
    return apply1(where_op, {condition, cast(x1, dtype), cast(x2, dtype)});
}

Tensor cast(const Tensor& x, DType dtype) {
    if (!x.symbolic() && x.dtype() == dtype && !x.weak()) return x;
    // A bare number goes to the dtype it meets without being rounded to another on the way.
    if (x.weak() && x.concrete() && !is_complex(dtype) && dtype != DType::string && !(is_integer(dtype) && is_float(x.dtype())))
        return Tensor::full({}, x.weak_value(), dtype);
    return apply1(cast_op, {x}, CastAttrs{dtype});
}

Tensor stop_gradient(const Tensor& x) { return apply1(stop_gradient_op, {x}); }

}  // namespace ops
}  // namespace cornu
