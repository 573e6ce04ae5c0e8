#include "cornu/ops/sorting.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

using Ints = std::vector<int64_t>;

Tensor positions(const Shape& shape, int64_t axis) { return prim::iota(shape, axis, DType::int32); }

constinit const Op sort_rows_op = {
    .name = "sort_together", .doc = "Tensors reordered alike along an axis by what sorts the first.", .inputs = -1,
    .infer = [](const InferArgs& a) -> Specs {
        if (a.in.empty()) throw ValueError("sort: at least one tensor is needed. Received: none");
        normalize_axis(a.as<AxisAttrs>().axis, a.shape().rank());
        Specs out;
        for (const Spec& in : a.in) {
            if (!(in.shape == a.shape())) throw ShapeError(str("sort: all tensors must have one shape. Received: ", a.shape(), " and ", in.shape));
            out.push_back({in.shape, in.dtype});
        }
        return out;
    },
    // Sorting the places by where they went brings each gradient back to where its element stood.
    .vjp = [](const Vjp& v) -> Tensors {
        const int64_t axis = v.as<AxisAttrs>().axis;
        const Tensor place = positions(v.x().shape(), axis);
        const Tensor order = prim::sort({v.x(), place}, axis)[1];
        Tensors grads;
        for (size_t i = 0; i < v.in.size(); ++i) grads.push_back(v.wants(i) && v.grads[i].defined() ? prim::sort({order, v.g(i)}, axis)[1] : Tensor());
        return grads;
    },
    .samples = {.cases = [] {
        const Spec x{{3, 4}, DType::float64}, y{{3, 4}, DType::int32};
        return std::vector<OpSample>{{{x}, AxisAttrs{1}}, {{x, x}, AxisAttrs{0}}, {{x, y}, AxisAttrs{1}}, {{{{0}, DType::float64}}, AxisAttrs{0}}};
    }, .distinct = true}};

struct SortAttrs {
    std::optional<int64_t> axis = -1;
    static void describe(Schema<SortAttrs>& s) { s.field<&SortAttrs::axis>(); }
};
Specs sort_infer(const InferArgs& a, DType dtype) {
    const auto& axis = a.as<SortAttrs>().axis;
    if (axis && !a.shape().empty()) normalize_axis(*axis, a.shape().rank());
    const Shape flat{a.shape().is_static() ? a.shape().size() : None};
    return {{axis ? a.shape() : flat, dtype}};
}
std::vector<OpSample> sort_samples() {
    const Spec x{{3, 4}, DType::float64};
    return {{{x}, SortAttrs{}}, {{x}, SortAttrs{0}}, {{x}, SortAttrs{std::nullopt}}};
}
constinit const Op sort_op = {
    .name = "sort", .keras = "keras.src.ops.numpy.Sort", .doc = "x sorted along an axis; NaN last.",
    .infer = [](const InferArgs& a) { return sort_infer(a, a.dtype()); },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& axis = attrs.as<SortAttrs>().axis;
        if (axis && in[0].rank() == 0) return in;
        return {axis ? prim::sort({in[0]}, *axis)[0] : prim::sort({ops::reshape(in[0], {-1})}, 0)[0]};
    },
    .samples = {.cases = sort_samples, .distinct = true}, .read_attrs = read_attrs<SortAttrs>};
constinit const Op argsort_op = {
    .name = "argsort", .keras = "keras.src.ops.numpy.Argsort", .doc = "The indices that sort x along an axis.",
    .infer = [](const InferArgs& a) { return sort_infer(a, DType::int32); }, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& given = attrs.as<SortAttrs>().axis;
        if (given && in[0].rank() == 0) return {Tensor::full({}, 0, DType::int32)};
        const Tensor x = given ? in[0] : ops::reshape(in[0], {-1});
        const int64_t axis = given ? normalize_axis(*given, x.rank()) : 0;
        return {prim::sort({x, positions(x.shape(), axis)}, axis)[1]};
    },
    .samples = {.cases = sort_samples, .distinct = true}, .read_attrs = read_attrs<SortAttrs>};

struct TopKAttrs {
    int64_t k = 1;
    bool sorted = true;
    static void describe(Schema<TopKAttrs>& s) {
        s.field<&TopKAttrs::k>().non_negative();
        s.field<&TopKAttrs::sorted>();
    }
};
Tensor last_axis(const Tensor& x, int64_t from, int64_t to) {
    Ints start(static_cast<size_t>(x.rank()), 0), stop = x.shape().dims();
    start.back() = from;
    stop.back() = to;
    return prim::slice(x, start, stop);
}
constinit const Op top_k_op = {
    .name = "top_k", .keras = "keras.src.ops.math.TopK", .doc = "The k largest along the last axis, and where they stand.",
    .infer = [](const InferArgs& a) -> Specs {
        const int64_t k = a.as<TopKAttrs>().k;
        if (a.shape().empty() || k < 0 || (a.shape().back() >= 0 && k > a.shape().back()))
            throw ShapeError(str("ops.top_k: k must lie between 0 and the size of the last axis. Received: k=", k, ", shape ", a.shape()));
        Shape out = a.shape();
        out[out.rank() - 1] = k;
        return {{out, a.dtype()}, {out, DType::int32}};
    },
    // An ascending stable sort of the mirrored row, mirrored back: descending, of equals the first.
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor& x = in[0];
        const int64_t k = attrs.as<TopKAttrs>().k, axis = x.rank() - 1, n = x.shape().back();
        const Tensors sorted = prim::sort({prim::reverse(x, {axis}), prim::reverse(positions(x.shape(), axis), {axis})}, axis);
        return {prim::reverse(last_axis(sorted[0], n - k, n), {axis}), prim::reverse(last_axis(sorted[1], n - k, n), {axis})};
    },
    .samples = {.cases = [] {
        const Spec x{{3, 4}, DType::float64};
        return std::vector<OpSample>{{{x}, TopKAttrs{2}}, {{x}, TopKAttrs{4}}};
    }, .distinct = true},
    .read_attrs = read_attrs<TopKAttrs>};

struct InTopKAttrs {
    int64_t k = 1;
    static void describe(Schema<InTopKAttrs>& s) { s.field<&InTopKAttrs::k>(); }
};
constinit const Op in_top_k_op = {
    .name = "in_top_k", .keras = "keras.src.ops.math.InTopK", .doc = "Whether the target class is among the k most likely.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        if (a.shape(1).rank() != a.shape(0).rank() + 1)
            throw ShapeError(str("ops.in_top_k: predictions must have one axis more than targets. Received: targets.shape=", a.shape(0), ", predictions.shape=", a.shape(1)));
        return {{a.shape(0), DType::bool_}};
    },
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor at_target = ops::take_along_axis(in[1], ops::expand_dims(in[0], -1), -1);
        const Tensor bar = ops::where(ops::isnan(at_target), Tensor::full({}, -std::numeric_limits<double>::infinity(), in[1].dtype()), at_target);
        const Tensor rank = 1 + ops::sum(ops::cast(in[1] > bar, DType::int32), -1);
        return {rank <= attrs.as<InTopKAttrs>().k};
    },
    .samples = {.low = 0, .high = 3, .cases = [] {
        return std::vector<OpSample>{{{{{3}, DType::int32}, {{3, 4}, DType::float64}}, InTopKAttrs{2}}};
    }, .distinct = true},
    .read_attrs = read_attrs<InTopKAttrs>};

constexpr const Op* family[] = {&sort_rows_op, &sort_op, &argsort_op, &top_k_op, &in_top_k_op};

}  // namespace

std::span<const Op* const> sorting_ops() { return family; }

namespace prim {
Tensors sort(const Tensors& operands, int64_t axis) {
    if (operands.empty()) throw ValueError("sort: at least one tensor is needed. Received: none");
    return apply(sort_rows_op, operands, AxisAttrs{normalize_axis(axis, operands[0].rank())});
}
}  // namespace prim

namespace ops {
Tensor sort(const Tensor& x, std::optional<int64_t> axis) { return apply1(sort_op, {x}, SortAttrs{axis}); }
Tensor argsort(const Tensor& x, std::optional<int64_t> axis) { return apply1(argsort_op, {x}, SortAttrs{axis}); }
std::pair<Tensor, Tensor> top_k(const Tensor& x, int64_t k, bool sorted) {
    const Tensors out = apply(top_k_op, {x}, TopKAttrs{k, sorted});
    return {out[0], out[1]};
}
Tensor in_top_k(const Tensor& targets, const Tensor& predictions, int64_t k) { return apply1(in_top_k_op, {targets, predictions}, InTopKAttrs{k}); }
}  // namespace ops
}  // namespace cornu
