// Element-wise ops. Operands are broadcast to the result's shape and cast to the dtype computed in.
#include <cmath>

#include "cornu/backends/xla/pjrt_client.h"
#include "cornu/backends/xla/stablehlo.h"
#include "cornu/ops/apply.h"

namespace cornu::xla {

namespace {

// Operand i in the result's shape.
Value operand(Body& body, const Call& call, const Values& in, size_t i, DType dtype) {
    return body.broadcast(body.cast(in[i], dtype), call.out[0].shape);
}
Value operand(Body& body, const Call& call, const Values& in, size_t i) {
    return operand(body, call, in, i, call.out[0].dtype);
}

// The dtype that operands of a comparison share.
DType common_dtype(const Call& call) {
    return call.in[0].dtype == call.in[1].dtype ? call.in[0].dtype
                                                : result_type(call.in[0].dtype, call.in[1].dtype);
}

Values unary(Body& body, const Call& call, const Values& in) {
    return {body.unary(call.lowering.target, operand(body, call, in, 0))};
}
Values binary(Body& body, const Call& call, const Values& in) {
    return {
        body.binary(call.lowering.target, operand(body, call, in, 0), operand(body, call, in, 1))};
}
Values extremum(Body& body, const Call& call, const Values& in) {
    return {body.extremum(call.lowering.target, operand(body, call, in, 0),
                          operand(body, call, in, 1))};
}
Values comparison(Body& body, const Call& call, const Values& in) {
    const DType dtype = common_dtype(call);
    return {body.compare(call.lowering.target, operand(body, call, in, 0, dtype),
                         operand(body, call, in, 1, dtype))};
}
Values identity(Body& body, const Call& call, const Values& in) {
    return {operand(body, call, in, 0)};
}

Value part(Body& body, const char* name, const Value& x) {
    const DType real = x.dtype == DType::complex64 ? DType::float32 : DType::float64;
    return body.call(name, {x}, x.shape, real);
}
Values magnitude(Body& body, const Call& call, const Values& in) {
    const Value& x = in[0];
    if (is_complex(x.dtype)) return {body.cast(part(body, "abs", x), call.out[0].dtype)};
    const bool positive = is_unsigned_int(x.dtype) || x.dtype == DType::bool_;
    return {positive ? x : body.unary("abs", x)};
}
Values sign(Body& body, const Call& call, const Values& in) {
    const Value& x = in[0];
    if (!is_unsigned_int(call.in[0].dtype)) return {body.unary("sign", x)};
    return {body.binary("minimum", x, body.full(1, x.shape, x.dtype))};
}
Values square(Body& body, const Call&, const Values& in) {
    return {body.binary("multiply", in[0], in[0])};
}
Values reciprocal(Body& body, const Call& call, const Values& in) {
    const Value x = operand(body, call, in, 0);
    return {body.binary("divide", body.full(1, x.shape, x.dtype), x)};
}
Values exp2(Body& body, const Call& call, const Values& in) {
    const Value x = operand(body, call, in, 0);
    return {body.binary("power", body.full(2, x.shape, x.dtype), x)};
}
// The quotient of two logarithms.
Values log_to_base(Body& body, const Call& call, const Values& in, double base) {
    const Value x = operand(body, call, in, 0);
    return {
        body.binary("divide", body.unary("log", x), body.full(std::log(base), x.shape, x.dtype))};
}
Values log2(Body& body, const Call& call, const Values& in) {
    return log_to_base(body, call, in, 2);
}
Values log10(Body& body, const Call& call, const Values& in) {
    return log_to_base(body, call, in, 10);
}

Values trunc(Body& body, const Call& call, const Values& in) {
    const Value& x = in[0];
    if (!is_float(call.in[0].dtype)) return {x};
    const Value zero = body.full(0, x.shape, x.dtype);
    return {
        body.select(body.compare("LT", x, zero), body.unary("ceil", x), body.unary("floor", x))};
}

// Python's remainder: StableHLO's has the sign of the dividend. By an integer 0 it is 0.
Value python_mod(Body& body, const Value& a, const Value& b) {
    const Value zero = body.full(0, a.shape, a.dtype);
    const Value r = body.binary("remainder", a, b);
    if (is_unsigned_int(a.dtype)) return body.select(body.compare("EQ", b, zero), zero, r);
    const Value apart =
        body.binary("xor", body.compare("LT", r, zero), body.compare("LT", b, zero));
    const Value crosses = body.binary("and", body.compare("NE", r, zero), apart);
    const Value moved = body.select(crosses, body.binary("add", r, b), r);
    return is_float(a.dtype) ? moved : body.select(body.compare("EQ", b, zero), zero, moved);
}
Values mod(Body& body, const Call& call, const Values& in) {
    return {python_mod(body, operand(body, call, in, 0), operand(body, call, in, 1))};
}
Values floor_divide(Body& body, const Call& call, const Values& in) {
    const DType out = call.out[0].dtype, dtype = accumulator_of(out);
    const Value a = operand(body, call, in, 0, dtype), b = operand(body, call, in, 1, dtype);
    if (is_unsigned_int(dtype)) return {body.binary("divide", a, b)};
    const Value zero = body.full(0, a.shape, dtype), one = body.full(1, a.shape, dtype);
    const Value r = body.binary("remainder", a, b);
    const Value has_rest = body.compare("NE", r, zero);
    if (is_float(dtype)) {
        // As Python does: exact where the quotient itself would be rounded up to a whole number.
        // By zero there is no remainder to take off: the quotient is infinite.
        const Value whole =
            body.select(body.compare("EQ", b, zero), a, body.binary("subtract", a, r));
        const Value q = body.binary("divide", whole, b);
        const Value apart = body.compare("NE", body.unary("sign", b), body.unary("sign", r));
        const Value moved =
            body.select(body.binary("and", has_rest, apart), body.binary("subtract", q, one), q);
        return {body.cast(body.unary("round_nearest_afz", moved), out)};
    }
    const Value q = body.binary("divide", a, b);
    const Value apart = body.compare("NE", body.unary("sign", a), body.unary("sign", b));
    return {body.select(body.binary("and", has_rest, apart), body.binary("subtract", q, one), q)};
}

Values right_shift(Body& body, const Call& call, const Values& in) {
    const char* name =
        is_unsigned_int(call.out[0].dtype) ? "shift_right_logical" : "shift_right_arithmetic";
    return {body.binary(name, operand(body, call, in, 0), operand(body, call, in, 1))};
}

Values logical(Body& body, const Call& call, const Values& in) {
    return {body.binary(call.lowering.target, operand(body, call, in, 0, DType::bool_),
                        operand(body, call, in, 1, DType::bool_))};
}
Values logical_not(Body& body, const Call& call, const Values& in) {
    return {body.unary("not", operand(body, call, in, 0, DType::bool_))};
}

Values where(Body& body, const Call& call, const Values& in) {
    return {body.select(operand(body, call, in, 0, DType::bool_), operand(body, call, in, 1),
                        operand(body, call, in, 2))};
}
Values cast(Body& body, const Call& call, const Values& in) {
    return {body.cast(in[0], call.out[0].dtype)};
}
// The result's dtype is an attribute, which only the op's own rule reads.
bool casts(const Call& call) {
    return has_type(infer_specs(call.op, call.in, call.attrs)[0].dtype);
}

// Of a complex number both parts are asked.
Value finite(Body& body, const Value& x) {
    if (is_complex(x.dtype))
        return body.binary("and", finite(body, part(body, "real", x)),
                           finite(body, part(body, "imag", x)));
    if (!is_float(x.dtype)) return body.full(1, x.shape, DType::bool_);
    return body.call("is_finite", {x}, x.shape, DType::bool_);
}
Value infinite(Body& body, const Value& x) {
    if (is_complex(x.dtype))
        return body.binary("or", infinite(body, part(body, "real", x)),
                           infinite(body, part(body, "imag", x)));
    if (!is_float(x.dtype)) return body.full(0, x.shape, DType::bool_);
    return body.compare("EQ", body.unary("abs", x), body.broadcast(body.highest(x.dtype), x.shape));
}
Values isnan(Body& body, const Call&, const Values& in) {
    return {body.compare("NE", in[0], in[0])};
}
Values isinf(Body& body, const Call&, const Values& in) { return {infinite(body, in[0])}; }
Values isfinite(Body& body, const Call&, const Values& in) { return {finite(body, in[0])}; }

// Shifts by the width or more leave nothing, or the sign: StableHLO says the same.
constexpr unsigned bits_of = ints | booleans;

constexpr Lowering table[] = {
    {"add", binary, anything, "add"},
    {"subtract", binary, numbers, "subtract"},
    {"multiply", binary, anything, "multiply"},
    {"divide", binary, anything, "divide"},
    {"power", binary, numbers, "power"},
    {"maximum", extremum, anything, "maximum"},
    {"minimum", extremum, anything, "minimum"},
    {"negative", unary, numbers, "negate"},
    {"abs", magnitude, anything},
    {"sign", sign, numbers},
    {"square", square, anything},
    {"sqrt", unary, anything, "sqrt"},
    {"rsqrt", unary, anything, "rsqrt"},
    {"exp", unary, anything, "exponential"},
    {"expm1", unary, anything, "exponential_minus_one"},
    {"log", unary, anything, "log"},
    {"log1p", unary, anything, "log_plus_one"},
    {"tanh", unary, anything, "tanh"},
    {"floor", unary, reals | booleans, "floor"},
    {"ceil", unary, reals | booleans, "ceil"},
    {"round_half_even", unary, reals | booleans, "round_nearest_even"},
    {"trunc", trunc, reals | booleans},
    {"reciprocal", reciprocal, anything},
    {"exp2", exp2, anything},
    {"log2", log2, anything},
    {"log10", log10, anything},
    {"sin", unary, anything, "sine"},
    {"cos", unary, anything, "cosine"},
    {"tan", unary, anything, "tan"},
    {"arcsin", unary, anything, "chlo.asin"},
    {"arccos", unary, anything, "chlo.acos"},
    {"arctan", unary, anything, "chlo.atan"},
    {"arctan2", binary, reals | booleans, "atan2"},
    {"sinh", unary, anything, "chlo.sinh"},
    {"cosh", unary, anything, "chlo.cosh"},
    {"arcsinh", unary, anything, "chlo.asinh"},
    {"arccosh", unary, anything, "chlo.acosh"},
    {"arctanh", unary, anything, "chlo.atanh"},
    {"erf", unary, reals | booleans, "chlo.erf"},
    {"erfc", unary, reals | booleans, "chlo.erfc"},
    {"erfinv", unary, reals | booleans, "chlo.erf_inv"},
    {"mod", mod, reals},
    {"floor_divide", floor_divide, reals},
    {"equal", comparison, anything, "EQ"},
    {"not_equal", comparison, anything, "NE"},
    {"greater", comparison, anything, "GT"},
    {"greater_equal", comparison, anything, "GE"},
    {"less", comparison, anything, "LT"},
    {"less_equal", comparison, anything, "LE"},
    {"logical_and", logical, anything, "and"},
    {"logical_or", logical, anything, "or"},
    {"logical_xor", logical, anything, "xor"},
    {"logical_not", logical_not, anything},
    {"bitwise_and", binary, bits_of, "and"},
    {"bitwise_or", binary, bits_of, "or"},
    {"bitwise_xor", binary, bits_of, "xor"},
    {"bitwise_not", unary, bits_of, "not"},
    {"left_shift", binary, ints, "shift_left"},
    {"right_shift", right_shift, ints},
    {"where", where, anything},
    {"cast", cast, anything, nullptr, casts},
    {"stop_gradient", identity, anything},
    {"isnan", isnan, anything},
    {"isinf", isinf, anything},
    {"isfinite", isfinite, anything},
};

}  // namespace

std::span<const Lowering> elementwise_lowerings() { return table; }

}  // namespace cornu::xla
