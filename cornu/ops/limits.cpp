#include "cornu/ops/limits.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/complex.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/float_layout.h"
#include "cornu/ops/reduction.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

using composing::layout_of;
using composing::number;

struct NanToNumAttrs {
    double nan = 0;
    std::optional<double> posinf = {}, neginf = {};
    static void describe(Schema<NanToNumAttrs>& s) {
        s.field<&NanToNumAttrs::nan>();
        s.field<&NanToNumAttrs::posinf>();
        s.field<&NanToNumAttrs::neginf>();
    }
};
constinit const Op nan_to_num_op = {
    .name = "nan_to_num", .keras = "keras.src.ops.numpy.NanToNum", .doc = "x with numbers in place of NaN and infinities.", .infer = infer::same,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& a = attrs.as<NanToNumAttrs>();
        const auto replaced = [&](const Tensor& x) {
            const Tensor finite = ops::where(ops::isnan(x), number(a.nan, x), x);
            const Tensor below = ops::where(ops::isposinf(finite), number(a.posinf.value_or(composing::largest(x.dtype())), x), finite);
            return ops::where(ops::isneginf(below), number(a.neginf.value_or(composing::least(x.dtype())), x), below);
        };
        if (is_complex(in[0].dtype())) return {prim::bitcast(replaced(ops::view_as_real(in[0])), in[0].dtype())};
        return {is_float(in[0].dtype()) ? replaced(in[0]) : in[0]};
    },
    .samples = {.cases = [] { return std::vector<OpSample>{{{{{2, 3}, DType::float64}}, NanToNumAttrs{}}}; }},
    .read_attrs = read_attrs<NanToNumAttrs>};

struct SaturateAttrs {
    DType dtype = DType::float32;
    static void describe(Schema<SaturateAttrs>& s) { s.field<&SaturateAttrs::dtype>(); }
};
// The nearest value towards 0 that a float dtype holds.
double cut_to(double value, DType dtype) {
    if (!is_float(dtype) || value == 0) return value;
    const double unit = std::ldexp(1.0, std::ilogb(value) - layout_of(dtype).mantissa);
    return std::trunc(value / unit) * unit;
}
// A limit given as a double may be 2^63 - 1 rounded up.
Tensor limit_of(DType limits, bool upper, DType dtype) {
    if (upper && limits == DType::int64 && dtype == DType::uint64) return Tensor::from(std::vector<uint64_t>{INT64_MAX}, {});
    const double value = upper ? composing::largest(limits) : composing::least(limits);
    const bool rounded = bits(limits) == 64 && upper && !is_float(limits);
    return Tensor::full({}, cut_to(rounded ? std::nextafter(value, 0) : value, dtype), dtype);
}
constinit const Op saturate_cast_op = {
    .name = "saturate_cast", .keras = "keras.src.ops.core.SaturateCast", .doc = "x limited to the range of a dtype, in that dtype.",
    .infer = [](const InferArgs& a) -> Specs {
        const DType to = a.as<SaturateAttrs>().dtype;
        if (is_complex(a.dtype()) || is_complex(to) || a.dtype() == DType::string || to == DType::string)
            throw DTypeError(str("ops.saturate_cast takes real numbers. Received: ", a.dtype(), " to ", to));
        return {{a.shape(), to}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const DType from = in[0].dtype(), to = attrs.as<SaturateAttrs>().dtype;
        if (from == DType::bool_ || from == to) return {ops::cast(in[0], to)};
        Tensor x = in[0];
        if (composing::least(from) < composing::least(to)) x = ops::maximum(x, limit_of(to, false, from));
        else if (is_float(from)) x = ops::maximum(x, number(composing::least(from), x));   // infinities go in any case
        if (composing::largest(from) > composing::largest(to)) x = ops::minimum(x, limit_of(to, true, from));
        else if (is_float(from)) x = ops::minimum(x, number(composing::largest(from), x));
        return {ops::cast(x, to)};
    },
    .samples = {.low = -3, .high = 3, .cases = [] {
        const Spec x{{2, 3}, DType::float64};
        return std::vector<OpSample>{{{x}, SaturateAttrs{DType::uint8}}, {{x}, SaturateAttrs{DType::float32}}, {{x}, SaturateAttrs{DType::float64}}};
    }},
    .read_attrs = read_attrs<SaturateAttrs>};

// ---- tests ----

Tensor is_infinity(const Tensor& x, double sign) {
    if (!is_float(x.dtype())) return ops::zeros(x.shape(), DType::bool_);
    return ops::equal(x, number(sign * std::numeric_limits<double>::infinity(), x));
}
Specs real_comparison(const InferArgs& a) {
    const Specs out = infer::comparison(a);
    if (is_complex(a.dtype())) throw DTypeError(str("ops.", a.op.name, " takes real numbers. Received: ", a.dtype()));
    return out;
}
// float8_e4m3fn has no infinity to compare with.
constinit const Op isposinf_op = {
    .name = "isposinf", .keras = "keras.src.ops.numpy.Isposinf", .doc = "Whether x is infinity, element-wise.", .infer = real_comparison, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        return {in[0].dtype() == DType::float8_e4m3fn ? ops::zeros(in[0].shape(), DType::bool_) : is_infinity(in[0], 1)};
    },
    .traits = {.elementwise = true}};
constinit const Op isneginf_op = {
    .name = "isneginf", .keras = "keras.src.ops.numpy.Isneginf", .doc = "Whether x is minus infinity, element-wise.", .infer = real_comparison, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        return {in[0].dtype() == DType::float8_e4m3fn ? ops::zeros(in[0].shape(), DType::bool_) : is_infinity(in[0], -1)};
    },
    .traits = {.elementwise = true}};

Tensor close(const Tensor& x1, const Tensor& x2, const Tensor& rtol, const Tensor& atol, bool equal_nan) {
    const DType part = composing::real_part(x1.dtype());
    const Tensor allowed = ops::cast(atol, part) + ops::cast(rtol, part) * ops::abs(x2);
    const Tensor near = ops::logical_or(ops::equal(x1, x2), ops::logical_and(ops::isfinite(x2), ops::abs(x1 - x2) <= allowed));
    return equal_nan ? ops::logical_or(near, ops::logical_and(ops::isnan(x1), ops::isnan(x2))) : near;
}
// Keras gives isclose its tolerances with the call, allclose with the operation.
struct IscloseAttrs {
    bool equal_nan = false, has_rtol = false, has_atol = false;
    static void describe(Schema<IscloseAttrs>& s) {
        s.field<&IscloseAttrs::equal_nan>();
        s.field<&IscloseAttrs::has_rtol>().hidden();
        s.field<&IscloseAttrs::has_atol>().hidden();
    }
};
struct AllcloseAttrs {
    double rtol = 1e-5, atol = 1e-8;
    bool equal_nan = false;
    static void describe(Schema<AllcloseAttrs>& s) {
        s.field<&AllcloseAttrs::rtol>();
        s.field<&AllcloseAttrs::atol>();
        s.field<&AllcloseAttrs::equal_nan>();
    }
};
constinit const Op isclose_op = {
    .name = "isclose", .keras = "keras.src.ops.numpy.Isclose", .doc = "Whether x1 and x2 are equal within tolerances, element-wise.", .inputs = -1,
    .arguments = "x1 x2 rtol? atol?",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& c = a.as<IscloseAttrs>();
        const size_t expected = 2u + c.has_rtol + c.has_atol;
        if (a.in.size() != expected) throw ValueError(str("ops.isclose takes ", expected, " tensors. Received: ", a.in.size()));
        return infer::comparison(a);
    },
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& c = attrs.as<IscloseAttrs>();
        return {close(in[0], in[1], c.has_rtol ? in[2] : Tensor(1e-5), c.has_atol ? in.back() : Tensor(1e-8), c.equal_nan)};
    },
    .traits = {.elementwise = true, .promote = Promote::to_float},
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64}, y{{3}, DType::float64}, t{{}, DType::float64};
        return std::vector<OpSample>{{{x, y}, IscloseAttrs{}}, {{x, y, t, t}, IscloseAttrs{true, true, true}}};
    }},
    .read_attrs = read_attrs<IscloseAttrs>};
constinit const Op allclose_op = {
    .name = "allclose", .keras = "keras.src.ops.numpy.AllClose", .doc = "Whether x1 and x2 are equal within tolerances everywhere.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        infer::comparison(a);
        return {{{}, DType::bool_}};
    },
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& c = attrs.as<AllcloseAttrs>();
        return {ops::all(close(in[0], in[1], Tensor(c.rtol), Tensor(c.atol), c.equal_nan))};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64}, y{{3}, DType::float64};
        return std::vector<OpSample>{{{x, y}, AllcloseAttrs{0.5, 0.1}}, {{y, y}, AllcloseAttrs{0, 10}}};
    }},
    .read_attrs = read_attrs<AllcloseAttrs>};

constexpr const Op* family[] = {&nan_to_num_op, &saturate_cast_op, &isposinf_op, &isneginf_op, &isclose_op, &allclose_op};

}  // namespace

std::span<const Op* const> limit_ops() { return family; }

namespace ops {
Tensor nan_to_num(const Tensor& x, double nan, std::optional<double> posinf, std::optional<double> neginf) { return apply1(nan_to_num_op, {x}, NanToNumAttrs{nan, posinf, neginf}); }
Tensor saturate_cast(const Tensor& x, DType dtype) { return apply1(saturate_cast_op, {x}, SaturateAttrs{dtype}); }
Tensor isposinf(const Tensor& x) { return apply1(isposinf_op, {x}); }
Tensor isneginf(const Tensor& x) { return apply1(isneginf_op, {x}); }
Tensor isclose(const Tensor& x1, const Tensor& x2, double rtol, double atol, bool equal_nan) {
    return apply1(isclose_op, {x1, x2, rtol, atol}, IscloseAttrs{equal_nan, true, true});
}
Tensor allclose(const Tensor& x1, const Tensor& x2, double rtol, double atol, bool equal_nan) { return apply1(allclose_op, {x1, x2}, AllcloseAttrs{rtol, atol, equal_nan}); }
}  // namespace ops
}  // namespace cornu
