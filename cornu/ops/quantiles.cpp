#include "cornu/ops/quantiles.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/sorting.h"

namespace cornu {

namespace {

using Ints = std::vector<int64_t>;

struct QuantileAttrs {
    Axes axis = {};
    std::string method = "linear";
    bool keepdims = false;
    static void describe(Schema<QuantileAttrs>& s) {
        s.field<&QuantileAttrs::axis>();
        s.field<&QuantileAttrs::method>().one_of({"linear", "lower", "higher", "midpoint", "nearest"});
        s.field<&QuantileAttrs::keepdims>();
    }
};
struct MedianAttrs {
    Axes axis = {};
    bool keepdims = false;
    static void describe(Schema<MedianAttrs>& s) {
        s.field<&MedianAttrs::axis>();
        s.field<&MedianAttrs::keepdims>();
    }
};

Specs quantile_specs(const InferArgs& a, const Axes& axis, bool keepdims, const Shape& q) {
    const DType dtype = to_float_dtype(a.dtype());
    if (is_complex(dtype) || dtype == DType::string) throw DTypeError(str("ops.", a.op.name, " takes real numbers. Received: ", dtype));
    Shape out = q;
    const Ints axes = axis.resolve(a.shape().rank());
    for (const int64_t i : axes)
        if (a.shape()[i] == 0) throw ShapeError(str("ops.", a.op.name, ": there must be elements along the axis. Received: x.shape=", a.shape()));
    for (const int64_t dim : reduced_shape(a.shape(), axes, keepdims)) out.push_back(dim);
    return {{out, dtype}};
}
Specs quantile_infer(const InferArgs& a) {
    const auto& p = a.as<QuantileAttrs>();
    validate(p, str("ops.", a.op.name));
    if (a.shape(1).rank() > 1) throw ShapeError(str("ops.", a.op.name, ": q must be a number or a vector. Received: q.shape=", a.shape(1)));
    if (is_complex(a.dtype(1)) || a.dtype(1) == DType::string) throw DTypeError(str("ops.", a.op.name, ": q must hold real numbers. Received: ", a.dtype(1)));
    return quantile_specs(a, p.axis, p.keepdims, a.shape(1));
}
Specs median_infer(const InferArgs& a) { return quantile_specs(a, a.as<MedianAttrs>().axis, a.as<MedianAttrs>().keepdims, {}); }

Tensor quantile_of(const Tensor& given, Tensor q, const QuantileAttrs& p, bool skip_nan) {
    const DType dtype = to_float_dtype(given.dtype());
    Tensor x = ops::cast(given, composing::wide(dtype));
    q = ops::cast(q, composing::wide(to_float_dtype(q.dtype())));
    const Ints axes = p.axis.resolve(x.rank());
    // The axes reduced go last, as one.
    Ints order;
    Shape flat;
    for (int64_t i = 0; i < x.rank(); ++i)
        if (std::find(axes.begin(), axes.end(), i) == axes.end()) {
            order.push_back(i);
            flat.push_back(x.shape()[i]);
        }
    order.insert(order.end(), axes.begin(), axes.end());
    int64_t n = 1;
    for (const int64_t axis : axes) n *= x.shape()[axis];
    flat.push_back(n);
    const int64_t last = flat.rank() - 1;
    if (x.rank() > 0) x = ops::transpose(x, order);
    x = prim::sort({ops::reshape(x, flat)}, last)[0];
    const Tensor is_nan = ops::isnan(x);

    // The place of each q in its row, worked out in q's own type as JAX does: where it is whole decides.
    const Tensor none = composing::number(0, q);
    Tensor place, top;
    if (skip_nan) {
        top = ops::cast(ops::sum(ops::cast(is_nan, DType::int32), last, true) * -1 + (n - 1), q.dtype());
        place = ops::reshape(q, {-1}) * top;
    } else {
        top = Tensor::full({}, static_cast<double>(n - 1), q.dtype());
        place = q * top;
    }
    const Tensor below = ops::floor(place), above = ops::ceil(place), weight = ops::stop_gradient(place - below);
    const auto values = [&](const Tensor& at) {
        const Tensor index = ops::cast(ops::maximum(none, ops::minimum(at, top)), DType::int32);
        return skip_nan ? ops::take_along_axis(x, index, last) : prim::gather_rows(x, index, last);
    };
    const Tensor low = values(below), high = values(above);
    Tensor y;
    if (p.method == "lower") y = low;
    else if (p.method == "higher") y = high;
    else if (p.method == "midpoint") y = (low + high) * 0.5;
    else if (p.method == "nearest") y = ops::where(weight <= 0.5, low, high);
    else {
        const Tensor w = ops::cast(weight, x.dtype());
        y = low * (1 - w) + high * w;
    }
    if (!skip_nan) {
        Tensor spoilt = ops::any(is_nan, last);
        if (q.rank() == 1) spoilt = ops::expand_dims(spoilt, -1);
        y = ops::where(spoilt, composing::number(std::numeric_limits<double>::quiet_NaN(), y), y);
    }
    // (rows…, q) → (q, rows…)
    if (q.rank() == 1) {
        Ints back{last};
        for (int64_t i = 0; i < last; ++i) back.push_back(i);
        y = ops::transpose(y, back);
    }
    Shape out = q.shape();
    for (const int64_t dim : reduced_shape(given.shape(), axes, p.keepdims)) out.push_back(dim);
    return ops::cast(ops::reshape(y, out), dtype);
}
template <bool skip_nan, int hundredths>
Tensors quantile_decompose(const Tensors& in, const Attrs& attrs) {
    const Tensor q = hundredths ? ops::cast(in[1], to_float_dtype(in[1].dtype())) / 100 : in[1];
    return {quantile_of(in[0], q, attrs.as<QuantileAttrs>(), skip_nan)};
}
template <bool skip_nan>
Tensors median_decompose(const Tensors& in, const Attrs& attrs) {
    const auto& m = attrs.as<MedianAttrs>();
    return {quantile_of(in[0], Tensor::full({}, 0.5, DType::float32), {m.axis, "midpoint", m.keepdims}, skip_nan)};
}
// q is of float32 here: its steps are not where differences would be taken.
std::vector<OpSample> quantile_samples() {
    const Spec x{{3, 5}, DType::float64}, y{{2, 3, 2}, DType::float64}, one{{}, DType::float32}, some{{2}, DType::float32};
    return {{{x, one}, QuantileAttrs{}}, {{x, some}, QuantileAttrs{1}}, {{x, some}, QuantileAttrs{0, "midpoint", true}}, {{x, one}, QuantileAttrs{1, "nearest"}},
            {{y, some}, QuantileAttrs{{0, 2}, "higher"}}, {{y, one}, QuantileAttrs{{0, 2}, "lower", true}}};
}
std::vector<OpSample> median_samples() {
    const Spec x{{3, 4}, DType::float64};
    return {{{x}, MedianAttrs{}}, {{x}, MedianAttrs{0}}, {{x}, MedianAttrs{-1, true}}};
}

#define CORNU_QUANTILE(NAME, KERAS, SKIP, HUNDREDTHS, DOC)                                                                 \
    constinit const Op NAME##_op = {                                                                                      \
        .name = #NAME, .keras = "keras.src.ops.numpy." KERAS, .doc = DOC, .inputs = 2, .infer = quantile_infer,             \
        .decompose = quantile_decompose<SKIP, HUNDREDTHS>,                                                                \
        .samples = {.low = 0.1, .high = 0.9, .cases = quantile_samples, .distinct = true}, .read_attrs = read_attrs<QuantileAttrs>}
CORNU_QUANTILE(quantile, "Quantile", false, 0, "What lies at a fraction q of the sorted elements.");
CORNU_QUANTILE(percentile, "Percentile", false, 1, "What lies at q hundredths of the sorted elements.");
CORNU_QUANTILE(nanquantile, "Nanquantile", true, 0, "What lies at a fraction q of the sorted elements that are numbers.");
CORNU_QUANTILE(nanpercentile, "Nanpercentile", true, 1, "What lies at q hundredths of the sorted elements that are numbers.");
#undef CORNU_QUANTILE
constinit const Op median_op = {
    .name = "median", .keras = "keras.src.ops.numpy.Median", .doc = "The element in the middle, or the mean of the two.", .infer = median_infer,
    .decompose = median_decompose<false>, .samples = {.cases = median_samples, .distinct = true}, .read_attrs = read_attrs<MedianAttrs>};
constinit const Op nanmedian_op = {
    .name = "nanmedian", .keras = "keras.src.ops.numpy.Nanmedian", .doc = "The number in the middle, or the mean of the two.", .infer = median_infer,
    .decompose = median_decompose<true>, .samples = {.cases = median_samples, .distinct = true}, .read_attrs = read_attrs<MedianAttrs>};

constexpr const Op* family[] = {&quantile_op, &percentile_op, &median_op, &nanquantile_op, &nanpercentile_op, &nanmedian_op};

}  // namespace

std::span<const Op* const> quantile_ops() { return family; }

namespace ops {
Tensor quantile(const Tensor& x, const Tensor& q, Axes axis, const std::string& method, bool keepdims) { return apply1(quantile_op, {x, q}, QuantileAttrs{std::move(axis), method, keepdims}); }
Tensor percentile(const Tensor& x, const Tensor& q, Axes axis, const std::string& method, bool keepdims) { return apply1(percentile_op, {x, q}, QuantileAttrs{std::move(axis), method, keepdims}); }
Tensor median(const Tensor& x, Axes axis, bool keepdims) { return apply1(median_op, {x}, MedianAttrs{std::move(axis), keepdims}); }
Tensor nanquantile(const Tensor& x, const Tensor& q, Axes axis, const std::string& method, bool keepdims) { return apply1(nanquantile_op, {x, q}, QuantileAttrs{std::move(axis), method, keepdims}); }
Tensor nanpercentile(const Tensor& x, const Tensor& q, Axes axis, const std::string& method, bool keepdims) { return apply1(nanpercentile_op, {x, q}, QuantileAttrs{std::move(axis), method, keepdims}); }
Tensor nanmedian(const Tensor& x, Axes axis, bool keepdims) { return apply1(nanmedian_op, {x}, MedianAttrs{std::move(axis), keepdims}); }
}  // namespace ops
}  // namespace cornu
