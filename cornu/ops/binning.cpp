#include "cornu/ops/binning.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/ops/reduction.h"
#include "cornu/tensor/nested_json.h"

namespace cornu {

namespace {

using composing::number;
using composing::same_known;

struct SideAttrs {
    std::string side = "left";
    static void describe(Schema<SideAttrs>& s) { s.field<&SideAttrs::side>().one_of({"left", "right"}); }
};
Specs places(const InferArgs& a, const Shape& sorted, const Shape& values) {
    if (sorted.rank() != 1) throw ShapeError(str("ops.", a.op.name, ": the sorted values must have one axis. Received: shape ", sorted));
    const DType dtype = result_type(a.dtype(0), a.dtype(1));
    if (is_complex(dtype) || dtype == DType::string) throw DTypeError(str("ops.", a.op.name, " takes real numbers. Received: ", dtype));
    return {{values, DType::int32}};
}
// A binary search of all values at once; NaN counts as larger than any number.
Tensor search(const Tensor& given, const Tensor& wanted, bool right) {
    const DType dtype = result_type(given.dtype(), wanted.dtype());
    const Tensor sorted = ops::cast(given, dtype), values = ops::cast(wanted, dtype);
    const auto n = static_cast<int32_t>(sorted.shape()[0]);
    Tensor low = ops::zeros(values.shape(), DType::int32), high = ops::full(values.shape(), n, DType::int32);
    if (n == 0) return low;
    const auto less = [&](const Tensor& a, const Tensor& b) {
        if (!is_float(dtype)) return a < b;
        return ops::logical_or(a < b, ops::logical_and(ops::isnan(b), ops::logical_not(ops::isnan(a))));
    };
    for (int64_t reach = 1; reach <= n; reach *= 2) {
        const Tensor open = low < high, middle = ops::right_shift(low + high, Tensor::full({}, 1, DType::int32));
        const Tensor at = prim::gather_rows(sorted, ops::minimum(middle, Tensor::full({}, n - 1, DType::int32)), 0);
        const Tensor above = right ? ops::logical_not(less(values, at)) : less(at, values);
        low = ops::where(ops::logical_and(open, above), middle + 1, low);
        high = ops::where(ops::logical_and(open, ops::logical_not(above)), middle, high);
    }
    return low;
}
constinit const Op searchsorted_op = {
    .name = "searchsorted", .keras = "keras.src.ops.numpy.SearchSorted", .doc = "Where values would have to be put into a sorted vector.", .inputs = 2,
    .infer = [](const InferArgs& a) {
        validate(a.as<SideAttrs>(), "ops.searchsorted");
        return places(a, a.shape(0), a.shape(1));
    },
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {search(in[0], in[1], attrs.as<SideAttrs>().side == "right")}; },
    .samples = {.cases = [] {
        const Spec sorted{{5}, DType::float64}, values{{2, 3}, DType::float64}, none{{0}, DType::float64};
        return std::vector<OpSample>{{{sorted, values}, SideAttrs{}}, {{sorted, values}, SideAttrs{"right"}}, {{none, values}, SideAttrs{}}};
    }},
    .read_attrs = read_attrs<SideAttrs>};
constinit const Op digitize_op = {
    .name = "digitize", .keras = "keras.src.ops.numpy.Digitize", .doc = "The number of the bin that each element falls into.", .inputs = 2,
    .infer = [](const InferArgs& a) { return places(a, a.shape(1), a.shape(0)); }, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor &x = in[0], &bins = in[1];
        const int64_t n = bins.shape()[0];
        if (n == 0) return {ops::zeros(x.shape(), DType::int32)};
        const Tensor rises = composing::at(bins, 0, n - 1) >= composing::at(bins, 0, 0);
        return {ops::where(rises, search(bins, x, true), Tensor::full({}, static_cast<double>(n), DType::int32) - search(prim::reverse(bins, {0}), x, false))};
    },
    .samples = {.cases = [] { return std::vector<OpSample>{{{{{2, 3}, DType::float64}, {{4}, DType::float64}}}}; }}};

struct HistogramAttrs {
    int64_t bins = 10;
    std::optional<std::vector<double>> range = {};
    static void describe(Schema<HistogramAttrs>& s) {
        s.field<&HistogramAttrs::bins>().positive();
        s.field<&HistogramAttrs::range>();
    }
};
constinit const Op histogram_op = {
    .name = "histogram", .keras = "keras.src.ops.numpy.Histogram", .doc = "How many elements fall into each of some bins of equal width, and the edges of these.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& h = a.as<HistogramAttrs>();
        validate(h, "ops.histogram");
        if (h.range && (h.range->size() != 2 || !((*h.range)[0] <= (*h.range)[1])))
            throw ValueError(str("ops.histogram: range must hold a lower and an upper end. Received: ", Attrs(h).to_string()));
        if (a.shape().rank() != 1) throw ShapeError(str("ops.histogram: x must have one axis. Received: x.shape=", a.shape()));
        if (a.shape()[0] == 0 && !h.range) throw ShapeError("ops.histogram: of no elements, a range must be given. Received: x.shape=(0,)");
        const DType dtype = to_float_dtype(a.dtype());
        if (is_complex(dtype) || dtype == DType::string) throw DTypeError(str("ops.histogram takes real numbers. Received: ", dtype));
        return {{{h.bins}, dtype}, {{h.bins + 1}, dtype}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& h = attrs.as<HistogramAttrs>();
        const DType dtype = to_float_dtype(in[0].dtype());
        const Tensor x = ops::cast(in[0], dtype);
        Tensor low = h.range ? number((*h.range)[0], x) : ops::min(x), high = h.range ? number((*h.range)[1], x) : ops::max(x);
        const Tensor flat = ops::equal(low, high), half = number(0.5, x), none = number(0, x);
        low = low - ops::where(flat, half, none);
        high = high + ops::where(flat, half, none);
        const Tensor part = prim::iota({h.bins + 1}, 0, DType::int32), t = ops::cast(part, composing::wide(dtype)) / static_cast<double>(h.bins);
        // The last edge is the upper end itself.
        const Tensor edges = ops::where(part < h.bins, ops::cast(ops::cast(low, t.dtype()) * (1 - t) + ops::cast(high, t.dtype()) * t, dtype), high);
        const Tensor fixed = ops::stop_gradient(x), last = Tensor::full({}, static_cast<double>(h.bins), DType::int32);
        const Tensor bin = ops::where(ops::equal(fixed, ops::stop_gradient(high)), last, search(ops::stop_gradient(edges), fixed, true));
        const Tensor counts = prim::scatter_rows(ops::zeros({h.bins + 2}, DType::int32), bin, ops::ones(x.shape(), DType::int32), 0, ScatterMode::add);
        return {ops::cast(composing::between(counts, 0, 1, h.bins + 1), dtype), edges};
    },
    .samples = {.cases = [] {
        const Spec x{{12}, DType::float64};
        return std::vector<OpSample>{{{x}, HistogramAttrs{4}}, {{x}, HistogramAttrs{3, std::vector<double>{-0.5, 0.5}}}};
    }, .distinct = true},
    .read_attrs = read_attrs<HistogramAttrs>};

// Keras's operation holds the weights itself, so that only a list of numbers can be saved: `weights`. Any
// tensor is an input.
struct BincountAttrs {
    Json weights = {};
    int64_t minlength = 0;
    bool sparse = false;
    std::optional<int64_t> length = {};
    bool has_weights = false;
    static void describe(Schema<BincountAttrs>& s) {
        s.field<&BincountAttrs::weights>();
        s.field<&BincountAttrs::minlength>().non_negative();
        s.field<&BincountAttrs::sparse>();
        s.field<&BincountAttrs::length>().hidden();
        s.field<&BincountAttrs::has_weights>().hidden();
    }
};
constinit const Op bincount_op = {
    .name = "bincount", .keras = "keras.src.ops.numpy.Bincount", .doc = "How often each whole number occurs.", .inputs = -1, .arguments = "x -weights?",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& b = a.as<BincountAttrs>();
        if (b.sparse) throw UnsupportedError("ops.bincount: sparse tensors are not supported.");
        if (b.minlength < 0 || b.length.value_or(0) < 0) throw ValueError("ops.bincount: minlength and length must not be negative.");
        const size_t expected = 1u + b.has_weights;
        if (a.in.size() != expected) throw ValueError(str("ops.bincount takes ", expected, " tensors. Received: ", a.in.size()));
        if (a.shape().rank() != 1 && a.shape().rank() != 2) throw ShapeError(str("ops.bincount: x must have one axis or two. Received: x.shape=", a.shape()));
        if (!is_integer(a.dtype()) && a.dtype() != DType::bool_) throw DTypeError(str("ops.bincount: x must hold integers. Received: ", a.dtype()));
        const bool listed = !b.has_weights && !b.weights.is_null();
        const Spec weights = b.has_weights ? a.in[1] : listed ? specs_of({tensor_from_json(b.weights)})[0] : Spec{a.shape(), DType::int32};
        if (!same_known(a.shape(), weights.shape)) throw ShapeError(str("ops.bincount: weights must have the shape of x. Received: ", weights.shape, ", x.shape=", a.shape()));
        Shape out(a.shape().begin(), a.shape().end() - 1);
        out.push_back(b.length.value_or(None));
        return {{out, weights.dtype}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& b = attrs.as<BincountAttrs>();
        Tensor x = in[0].dtype() == DType::bool_ ? ops::cast(in[0], DType::int32) : in[0];
        int64_t n = 0;
        if (b.length) {
            n = *b.length;
        } else {
            composing::need_values("bincount", x, "Give `length`, or call it outside.");
            n = x.size() == 0 ? 0 : std::max<int64_t>(0, ops::max(x).item<int64_t>()) + 1;
            n = std::max(n, b.minlength);
        }
        if (!is_unsigned_int(x.dtype())) x = ops::maximum(x, number(0, x));
        const Tensor weights = b.has_weights ? in[1] : !b.weights.is_null() ? tensor_from_json(b.weights) : ops::ones(x.shape(), DType::int32);
        const DType dtype = weights.dtype();
        // Rows are told apart by the numbers they count: row r's begin at r (n + 1), the last catching what is left out.
        const int64_t rows = x.rank() == 2 ? x.shape()[0] : 1, room = n + 1;
        Tensor index = ops::minimum(ops::cast(x, DType::int64), Tensor::full({}, static_cast<double>(n), DType::int64));
        if (x.rank() == 2) index = index + room * prim::iota({rows, 1}, 0, DType::int64);
        const Tensor counts = prim::scatter_rows(ops::zeros({rows * room}, dtype), ops::reshape(index, {-1}), ops::reshape(weights, {-1}), 0, ScatterMode::add);
        const Tensor kept = composing::between(ops::reshape(counts, {rows, room}), 1, 0, n);
        return {x.rank() == 2 ? kept : ops::reshape(kept, {n})};
    },
    .samples = {.low = 0, .high = 4, .cases = [] {
        const Spec x{{6}, DType::int32}, y{{2, 3}, DType::int32}, w{{6}, DType::float64};
        return std::vector<OpSample>{{{x}, BincountAttrs{{}, 0, false, 5}}, {{y}, BincountAttrs{{}, 0, false, 3}}, {{x, w}, BincountAttrs{{}, 0, false, 4, true}}};
    }},
    .read_attrs = read_attrs<BincountAttrs>};

constexpr const Op* family[] = {&searchsorted_op, &digitize_op, &histogram_op, &bincount_op};

}  // namespace

std::span<const Op* const> binning_ops() { return family; }

namespace ops {
Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& values, const std::string& side) { return apply1(searchsorted_op, {sorted_sequence, values}, SideAttrs{side}); }
Tensor digitize(const Tensor& x, const Tensor& bins) { return apply1(digitize_op, {x, bins}); }
std::pair<Tensor, Tensor> histogram(const Tensor& x, int64_t bins, std::optional<std::pair<double, double>> range) {
    HistogramAttrs attrs{bins};
    if (range) attrs.range = {range->first, range->second};
    const Tensors out = apply(histogram_op, {x}, attrs);
    return {out[0], out[1]};
}
Tensor bincount(const Tensor& x, const Tensor& weights, int64_t minlength, std::optional<int64_t> length) {
    if (x.symbolic() && weights.defined() && weights.concrete()) return apply1(bincount_op, {x}, BincountAttrs{nested_json(weights), minlength, false, length});
    return apply1(bincount_op, weights.defined() ? Tensors{x, weights} : Tensors{x}, BincountAttrs{{}, minlength, false, length, weights.defined()});
}
}  // namespace ops
}  // namespace cornu
