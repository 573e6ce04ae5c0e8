#include "cornu/ops/nan_reductions.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/cumulative.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/reduction.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

using composing::number;

struct NanReduceAttrs {
    Axes axis = {};
    bool keepdims = false;
    static void describe(Schema<NanReduceAttrs>& s) {
        s.field<&NanReduceAttrs::axis>();
        s.field<&NanReduceAttrs::keepdims>();
    }
};
// The dtype and the refusals are those of the reduction without nan in front.
template <Tensor (*plain)(const Tensor&, Axes, bool)>
DType dtype_of_plain(DType x);
template <> DType dtype_of_plain<ops::sum>(DType x) {
    if (x == DType::bool_ || x == DType::int8 || x == DType::int16) return DType::int32;
    return x == DType::uint8 || x == DType::uint16 ? DType::uint32 : x;
}
template <> DType dtype_of_plain<ops::max>(DType x) { return x; }
template <> DType dtype_of_plain<ops::min>(DType x) { return x; }
template <> DType dtype_of_plain<ops::mean>(DType x) { return to_float_dtype(x); }
template <> DType dtype_of_plain<ops::argmax>(DType) { return DType::int32; }
template <> DType dtype_of_plain<ops::argmin>(DType) { return DType::int32; }

template <Tensor (*plain)(const Tensor&, Axes, bool)>
Specs reduce_infer(const InferArgs& a) {
    const auto& r = a.as<NanReduceAttrs>();
    return {{reduced_shape(a.shape(), r.axis.resolve(a.shape().rank()), r.keepdims), dtype_of_plain<plain>(a.dtype())}};
}
Tensor product(const Tensor& x, Axes axis, bool keepdims) { return ops::prod(x, std::move(axis), keepdims); }
Tensor without_nan(const Tensor& x, double instead) { return ops::where(ops::isnan(x), number(instead, x), x); }

// A reduction in which `neutral` stands for each NaN.
template <Tensor (*plain)(const Tensor&, Axes, bool)>
Tensors skip_nan(const Tensor& x, const Attrs& attrs, double neutral) {
    const auto& r = attrs.as<NanReduceAttrs>();
    return {plain(is_float(x.dtype()) ? without_nan(x, neutral) : x, r.axis, r.keepdims)};
}
// The same; where there was nothing but NaN, `empty`.
template <Tensor (*plain)(const Tensor&, Axes, bool)>
Tensors skip_nan_or(const Tensor& x, const Attrs& attrs, double neutral, double empty) {
    const auto& r = attrs.as<NanReduceAttrs>();
    const Tensor y = skip_nan<plain>(x, attrs, neutral)[0];
    if (!is_float(x.dtype())) return {y};
    return {ops::where(ops::all(ops::isnan(x), r.axis, r.keepdims), number(empty, y), y)};
}
Tensor mean_of_numbers(const Tensor& x, const Axes& axis, bool keepdims) {
    const Tensor count = ops::sum(ops::cast(ops::logical_not(ops::isnan(x)), x.dtype()), axis, keepdims);
    return ops::sum(without_nan(x, 0), axis, keepdims) / count;
}
Tensor variance_of_numbers(const Tensor& given, const NanReduceAttrs& r) {
    const Tensor x = ops::cast(given, composing::wide(to_float_dtype(given.dtype())));
    return mean_of_numbers(ops::square(x - mean_of_numbers(x, r.axis, true)), r.axis, r.keepdims);
}
constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

std::vector<OpSample> reduce_samples() {
    const Spec x{{2, 3, 4}, DType::float64};
    return {{{x}, NanReduceAttrs{}}, {{x}, NanReduceAttrs{-1, true}}, {{x}, NanReduceAttrs{{0, 2}}}};
}
std::vector<OpSample> index_samples() {
    const Spec x{{2, 3, 4}, DType::float64};
    return {{{x}, NanReduceAttrs{}}, {{x}, NanReduceAttrs{1, true}}};
}
#define CORNU_NAN_REDUCTION(NAME, KERAS, PLAIN, DOC, ...)                                                                      \
    constinit const Op NAME##_op = {                                                                                          \
        .name = #NAME, .keras = "keras.src.ops.numpy." KERAS, .doc = DOC, .infer = reduce_infer<ops::PLAIN>,                    \
        .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return __VA_ARGS__; },                             \
        .samples = {.low = 0.5, .high = 2, .cases = reduce_samples, .distinct = true}, .read_attrs = read_attrs<NanReduceAttrs>}
CORNU_NAN_REDUCTION(nansum, "Nansum", sum, "Sum over axes without NaN.", skip_nan<ops::sum>(in[0], attrs, 0));
CORNU_NAN_REDUCTION(nanprod, "Nanprod", sum, "Product over axes without NaN.", skip_nan<product>(in[0], attrs, 1));
CORNU_NAN_REDUCTION(nanmax, "Nanmax", max, "Maximum over axes without NaN.", skip_nan_or<ops::max>(in[0], attrs, -infinity, nan));
CORNU_NAN_REDUCTION(nanmin, "Nanmin", min, "Minimum over axes without NaN.", skip_nan_or<ops::min>(in[0], attrs, infinity, nan));
CORNU_NAN_REDUCTION(nanmean, "Nanmean", mean, "Mean over axes without NaN.", [&]() -> Tensors {
    const auto& r = attrs.as<NanReduceAttrs>();
    const DType dtype = to_float_dtype(in[0].dtype());
    return {ops::cast(mean_of_numbers(ops::cast(in[0], composing::wide(dtype)), r.axis, r.keepdims), dtype)};
}());
CORNU_NAN_REDUCTION(nanvar, "Nanvar", mean, "Variance over axes without NaN.", [&]() -> Tensors {
    return {ops::cast(variance_of_numbers(in[0], attrs.as<NanReduceAttrs>()), to_float_dtype(in[0].dtype()))};
}());
CORNU_NAN_REDUCTION(nanstd, "Nanstd", mean, "Standard deviation over axes without NaN.", [&]() -> Tensors {
    return {ops::cast(ops::sqrt(variance_of_numbers(in[0], attrs.as<NanReduceAttrs>())), to_float_dtype(in[0].dtype()))};
}());
#undef CORNU_NAN_REDUCTION

constinit const Op nanargmax_op = {
    .name = "nanargmax", .keras = "keras.src.ops.numpy.Nanargmax", .doc = "Index of the first maximum that is a number.", .infer = reduce_infer<ops::argmax>, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) { return skip_nan_or<ops::argmax>(in[0], attrs, -infinity, -1); },
    .samples = {.cases = index_samples, .distinct = true}, .read_attrs = read_attrs<NanReduceAttrs>};
constinit const Op nanargmin_op = {
    .name = "nanargmin", .keras = "keras.src.ops.numpy.Nanargmin", .doc = "Index of the first minimum that is a number.", .infer = reduce_infer<ops::argmin>, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) { return skip_nan_or<ops::argmin>(in[0], attrs, infinity, -1); },
    .samples = {.cases = index_samples, .distinct = true}, .read_attrs = read_attrs<NanReduceAttrs>};

struct NanCumulativeAttrs {
    std::optional<int64_t> axis = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<NanCumulativeAttrs>& s) {
        s.field<&NanCumulativeAttrs::axis>();
        s.field<&NanCumulativeAttrs::dtype>();
    }
};
Specs cumulative_infer(const InferArgs& a) {
    const auto& c = a.as<NanCumulativeAttrs>();
    if (c.axis) normalize_axis(*c.axis, a.shape().rank());
    const DType dtype = c.dtype.value_or(a.dtype() == DType::bool_ ? DType::int32 : a.dtype());
    return {{c.axis ? a.shape() : Shape{composing::count(a.shape())}, dtype}};
}
std::vector<OpSample> cumulative_samples() {
    const Spec x{{3, 4}, DType::float64};
    return {{{x}, NanCumulativeAttrs{}}, {{x}, NanCumulativeAttrs{-1}}};
}
constinit const Op nancumsum_op = {
    .name = "nancumsum", .keras = "keras.src.ops.numpy.Nancumsum", .doc = "Running sums along an axis without NaN.", .infer = cumulative_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& c = attrs.as<NanCumulativeAttrs>();
        return {ops::cumsum(is_float(in[0].dtype()) ? without_nan(in[0], 0) : in[0], c.axis, c.dtype)};
    },
    .samples = {.cases = cumulative_samples}, .read_attrs = read_attrs<NanCumulativeAttrs>};
constinit const Op nancumprod_op = {
    .name = "nancumprod", .keras = "keras.src.ops.numpy.Nancumprod", .doc = "Running products along an axis without NaN.", .infer = cumulative_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& c = attrs.as<NanCumulativeAttrs>();
        return {ops::cumprod(is_float(in[0].dtype()) ? without_nan(in[0], 1) : in[0], c.axis, c.dtype)};
    },
    .samples = {.low = 0.5, .high = 2, .cases = cumulative_samples}, .read_attrs = read_attrs<NanCumulativeAttrs>};

constexpr const Op* family[] = {&nansum_op, &nanprod_op, &nanmax_op, &nanmin_op, &nanmean_op, &nanvar_op, &nanstd_op, &nanargmax_op, &nanargmin_op,
                                &nancumsum_op, &nancumprod_op};

}  // namespace

std::span<const Op* const> nan_reduction_ops() { return family; }

namespace ops {
#define CORNU_NAN_REDUCTION(NAME) \
    Tensor NAME(const Tensor& x, Axes axis, bool keepdims) { return apply1(NAME##_op, {x}, NanReduceAttrs{std::move(axis), keepdims}); }
CORNU_NAN_REDUCTION(nansum)
CORNU_NAN_REDUCTION(nanprod)
CORNU_NAN_REDUCTION(nanmax)
CORNU_NAN_REDUCTION(nanmin)
CORNU_NAN_REDUCTION(nanmean)
CORNU_NAN_REDUCTION(nanvar)
CORNU_NAN_REDUCTION(nanstd)
CORNU_NAN_REDUCTION(nanargmax)
CORNU_NAN_REDUCTION(nanargmin)
#undef CORNU_NAN_REDUCTION
Tensor nancumsum(const Tensor& x, std::optional<int64_t> axis, OptionalDType dtype) { return apply1(nancumsum_op, {x}, NanCumulativeAttrs{axis, dtype}); }
Tensor nancumprod(const Tensor& x, std::optional<int64_t> axis, OptionalDType dtype) { return apply1(nancumprod_op, {x}, NanCumulativeAttrs{axis, dtype}); }
}  // namespace ops
}  // namespace cornu
