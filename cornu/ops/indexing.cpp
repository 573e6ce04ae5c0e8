#include "cornu/ops/indexing.h"

#include "cornu/base/checked.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

using Ints = std::vector<int64_t>;

namespace {

// ---- the two primitives: rows read and rows written ----

void check_indices(const Op& op, DType dtype) {
    if (!is_integer(dtype) || bits(dtype) < 32)
        throw DTypeError(str(op.name, ": indices must be 32- or 64-bit integers. Received: ", dtype));
}
Shape rows_shape(const Shape& x, const Shape& indices, int64_t axis) {
    Shape out(x.begin(), x.begin() + axis);
    for (const int64_t d : indices) out.push_back(d);
    for (int64_t i = axis + 1; i < x.rank(); ++i) out.push_back(x[i]);
    return out;
}

constinit const Op gather_rows_op = {
    .name = "gather_rows", .doc = "Rows of x along an axis, by index.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        check_indices(a.op, a.dtype(1));
        return {{rows_shape(a.shape(0), a.shape(1), normalize_axis(a.as<GatherAttrs>().axis, a.shape(0).rank())), a.dtype(0)}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        return {v.wants(0) ? prim::scatter_rows(ops::zeros_like(v.x(0)), v.x(1), v.g(), v.as<GatherAttrs>().axis, ScatterMode::add) : Tensor(), Tensor()};
    },
    .samples = {.low = 0, .high = 3, .cases = [] {
        const Spec x{{3, 4}, DType::float64}, i{{5}, DType::int32}, j{{2, 3}, DType::int64};
        return std::vector<OpSample>{{{x, i}, GatherAttrs{0}}, {{x, j}, GatherAttrs{1}}, {{x, {{0}, DType::int32}}, GatherAttrs{0}}, {{x, {{}, DType::int32}}, GatherAttrs{1}}};
    }}};


// Which of the rows written by `set` are still seen: of equal indices the last.
Tensor winners(const Tensor& indices, int64_t rows) {
    const Tensor number = ops::reshape(prim::iota({indices.size()}, 0, DType::int32) + 1, indices.shape());
    const Tensor board = prim::scatter_rows(ops::zeros({rows}, DType::int32), indices, number, 0, ScatterMode::set);
    return ops::equal(prim::gather_rows(board, indices, 0, OutOfRange::zero), number);
}

constinit const Op scatter_rows_op = {
    .name = "scatter_rows", .doc = "x with rows along an axis replaced by or combined with others, by index.", .inputs = 3,
    .infer = [](const InferArgs& a) -> Specs {
        check_indices(a.op, a.dtype(1));
        const Shape wanted = rows_shape(a.shape(0), a.shape(1), normalize_axis(a.as<ScatterAttrs>().axis, a.shape(0).rank()));
        bool fits = wanted.rank() == a.shape(2).rank() && a.dtype(0) == a.dtype(2);
        for (int64_t i = 0; fits && i < wanted.rank(); ++i) fits = wanted[i] < 0 || a.shape(2)[i] < 0 || wanted[i] == a.shape(2)[i];
        if (!fits) throw ShapeError(str("scatter_rows: the updates must be ", a.dtype(0), wanted, ". Received: ", a.in[2]));
        return {{a.shape(0), a.dtype(0)}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& s = v.as<ScatterAttrs>();
        const Tensor &x = v.x(0), &indices = v.x(1), &updates = v.x(2);
        const int64_t axis = normalize_axis(s.axis, x.rank());
        const auto read = [&](const Tensor& t) { return prim::gather_rows(t, indices, axis, OutOfRange::zero); };
        const auto add = [&](const Tensor& t, const Tensor& u) { return prim::scatter_rows(t, indices, u, axis, ScatterMode::add); };
        switch (s.mode) {
            case ScatterMode::add: return {v.g(), Tensor(), v.wants(2) ? read(v.g()) : Tensor()};
            case ScatterMode::set: {
                Shape shape(Ints(static_cast<size_t>(x.rank() - 1), 1));
                for (int64_t i = 0; i < indices.rank(); ++i) shape.insert(axis + i, indices.shape()[i]);
                const Tensor seen = ops::reshape(winners(indices, x.shape()[axis]), shape);
                return {v.wants(0) ? prim::scatter_rows(v.g(), indices, ops::zeros_like(updates), axis, ScatterMode::set) : Tensor(), Tensor(),
                        v.wants(2) ? ops::where(seen, read(v.g()), Tensor::full({}, 0, v.g().dtype())) : Tensor()};
            }
            case ScatterMode::max:
            case ScatterMode::min: {  // equal extremes share the gradient
                const Tensor x_hit = ops::cast(ops::equal(x, v.y()), x.dtype());
                const Tensor u_hit = ops::cast(ops::equal(updates, read(v.y())), x.dtype());
                const Tensor share = v.g() / add(x_hit, u_hit);
                return {x_hit * share, Tensor(), u_hit * read(share)};
            }
            case ScatterMode::mul: {
                const Tensor ones = ops::ones_like(x);
                return {v.g() * prim::scatter_rows(ones, indices, updates, axis, ScatterMode::mul), Tensor(),
                        read(v.g() * v.y()) / updates};
            }
        }
        return {};
    },
    .traits = {.updates = 0},
    .samples = {.low = 0.5, .high = 3, .cases = [] {
        const Spec x{{3, 4}, DType::float64}, i{{2}, DType::int32}, u{{2, 4}, DType::float64}, j{{2, 3}, DType::int64}, w{{3, 2, 3}, DType::float64};
        return std::vector<OpSample>{{{x, i, u}, ScatterAttrs{0, ScatterMode::set}}, {{x, j, w}, ScatterAttrs{1, ScatterMode::add}},
                                     {{x, j, w}, ScatterAttrs{1, ScatterMode::set}}, {{x, j, w}, ScatterAttrs{1, ScatterMode::max}},
                                     {{x, j, w}, ScatterAttrs{1, ScatterMode::min}}, {{x, j, w}, ScatterAttrs{1, ScatterMode::mul}}};
    }, .distinct = true}};

// ---- positions as numbers of rows ----

Tensor as_index(const Tensor& indices) {
    const DType t = indices.dtype();
    if (!is_integer(t) && t != DType::bool_) throw DTypeError(str("indices must be integers. Received: ", t));
    return bits(t) >= 32 ? indices : ops::cast(indices, DType::int32);
}
// Negative indices count from the end.
Tensor wrapped(const Tensor& indices, int64_t size) {
    if (is_unsigned_int(indices.dtype())) return indices;
    return ops::where(indices < 0, indices + size, indices);
}
DType linear_dtype(const Shape& x, DType indices) {
    return x.size() > std::numeric_limits<int32_t>::max() || bits(indices) == 64 ? DType::int64 : DType::int32;
}
// -1, which is no row, where any of the indices lies outside.
Tensor checked(const Tensor& linear, const Tensor& valid) { return ops::where(valid, linear, Tensor::full({}, -1, linear.dtype())); }

// The rows of x, its first k axes joined, that the last axis (k) of indices names.

Tensor linear_rows(const Shape& shape, const Tensor& indices, const char* op) {
    const int64_t k = indices.rank() ? indices.shape().back() : 0;
    if (indices.rank() == 0 || k < 0 || k > shape.rank())
        throw ShapeError(str("ops.", op, ": the last axis of indices addresses axes of the tensor, so it may have at most ", shape.rank(), " entries. Received: indices.shape=", indices.shape()));
    const Tensor index = as_index(indices);
    const DType dtype = linear_dtype(shape, index.dtype());
    Tensor rows = ops::zeros(Shape(index.shape().begin(), index.shape().end() - 1), dtype), valid;
    for (int64_t i = 0; i < k; ++i) {
        Ints start(static_cast<size_t>(index.rank()), 0), stop = index.shape().dims();
        start.back() = i;
        stop.back() = i + 1;
        const Tensor column = wrapped(ops::cast(ops::squeeze(prim::slice(index, start, stop), {-1}), dtype), shape[i]);
        const Tensor inside = ops::logical_and(column >= 0, column < shape[i]);
        valid = valid.defined() ? ops::logical_and(valid, inside) : inside;
        rows = rows * shape[i] + column;
    }
    return valid.defined() ? checked(rows, valid) : rows;
}
Shape joined(const Shape& shape, int64_t k) {
    Shape out{1};
    for (int64_t i = 0; i < shape.rank(); ++i) {
        if (i < k) out[0] = checked_multiply(out[0], shape[i]);
        else out.push_back(shape[i]);
    }
    return out;
}

struct OptionalAxisAttrs {
    std::optional<int64_t> axis = {};
    static void describe(Schema<OptionalAxisAttrs>& s) { s.field<&OptionalAxisAttrs::axis>(); }
};

constinit const Op take_op = {
    .name = "take", .keras = "keras.src.ops.numpy.Take", .doc = "Elements of x along an axis, by index.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& axis = a.as<OptionalAxisAttrs>().axis;
        if (!axis) return {{a.shape(1), a.dtype(0)}};
        return {{rows_shape(a.shape(0), a.shape(1), normalize_axis(*axis, a.shape(0).rank())), a.dtype(0)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& given = attrs.as<OptionalAxisAttrs>().axis;
        const Tensor x = given ? in[0] : ops::reshape(in[0], {-1});
        const int64_t axis = given ? normalize_axis(*given, x.rank()) : 0;
        return {prim::gather_rows(x, wrapped(as_index(in[1]), x.shape()[axis]), axis)};
    },
    .samples = {.low = -3, .high = 3, .cases = [] {
        const Spec x{{3, 4}, DType::float64}, i{{5}, DType::int32}, j{{2, 3}, DType::int64};
        return std::vector<OpSample>{{{x, i}, OptionalAxisAttrs{0}}, {{x, j}, OptionalAxisAttrs{-1}}, {{x, i}, OptionalAxisAttrs{}}};
    }},
    .read_attrs = read_attrs<OptionalAxisAttrs>};

constinit const Op take_along_axis_op = {
    .name = "take_along_axis", .keras = "keras.src.ops.numpy.TakeAlongAxis", .doc = "Elements of x along an axis, by an index for each position.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& given = a.as<OptionalAxisAttrs>().axis;
        if (!given) return {{Shape{a.shape(1).is_static() ? a.shape(1).size() : None}, a.dtype(0)}};
        Shape x = a.shape(0), i = a.shape(1);
        const int64_t axis = normalize_axis(*given, x.rank());
        std::optional<Shape> out;
        if (x.rank() == i.rank()) {
            x[axis] = i[axis];
            out = broadcast_shapes(x, i);
        }
        if (!out) throw ShapeError(str("ops.take_along_axis: indices must have x's shape except along axis=", *given, ". Received: x.shape=", a.shape(0), ", indices.shape=", a.shape(1)));
        return {{*out, a.dtype(0)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& given = attrs.as<OptionalAxisAttrs>().axis;
        const Tensor x = given ? in[0] : ops::reshape(in[0], {-1}), index = as_index(given ? in[1] : ops::reshape(in[1], {-1}));
        const int64_t axis = given ? normalize_axis(*given, x.rank()) : 0;
        if (x.rank() == 1) return {prim::gather_rows(x, wrapped(index, x.shape()[0]), 0)};
        const DType dtype = linear_dtype(x.shape(), index.dtype());
        const Tensor column = wrapped(ops::cast(index, dtype), x.shape()[axis]);
        const Ints strides = strides_of(x.shape());
        Tensor linear = column * strides[static_cast<size_t>(axis)];
        for (int64_t d = 0; d < x.rank(); ++d) {
            if (d == axis || x.shape()[d] == 1) continue;
            Shape shape(Ints(static_cast<size_t>(x.rank()), 1));
            shape[d] = x.shape()[d];
            linear = linear + prim::iota(shape, d, dtype) * strides[static_cast<size_t>(d)];
        }
        const Tensor inside = ops::logical_and(column >= 0, column < x.shape()[axis]);
        return {prim::gather_rows(ops::reshape(x, {-1}), checked(linear, inside), 0)};
    },
    .samples = {.low = -3, .high = 3, .cases = [] {
        const Spec x{{3, 4}, DType::float64}, i{{3, 2}, DType::int32}, j{{1, 4}, DType::int64};
        return std::vector<OpSample>{{{x, i}, OptionalAxisAttrs{1}}, {{x, j}, OptionalAxisAttrs{0}}, {{x, i}, OptionalAxisAttrs{}}};
    }},
    .read_attrs = read_attrs<OptionalAxisAttrs>};

Shape lead_of(const Shape& indices) { return indices.empty() ? Shape() : Shape(indices.begin(), indices.end() - 1); }

constinit const Op gather_nd_op = {
    .name = "gather_nd", .doc = "Elements of x by positions along its first axes.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        Shape out = lead_of(a.shape(1));
        const int64_t k = a.shape(1).empty() ? 0 : a.shape(1).back();
        for (int64_t i = std::max<int64_t>(k, 0); i < a.shape(0).rank(); ++i) out.push_back(a.shape(0)[i]);
        return {{out, a.dtype(0)}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor rows = linear_rows(in[0].shape(), in[1], "gather_nd");
        return {prim::gather_rows(ops::reshape(in[0], joined(in[0].shape(), in[1].shape().back())), rows, 0)};
    },
    .samples = {.low = 0, .high = 2, .cases = [] {
        const Spec x{{3, 2, 4}, DType::float64}, i{{5, 2}, DType::int32}, j{{2, 2, 1}, DType::int64};
        return std::vector<OpSample>{{{x, i}}, {{x, j}}};
    }}};

struct ScatterShapeAttrs {
    Shape shape;
    static void describe(Schema<ScatterShapeAttrs>& s) { s.field<&ScatterShapeAttrs::shape>(); }
};
Tensor scatter_into(const Tensor& x, const Tensor& indices, const Tensor& updates, ScatterMode mode, const char* op) {
    const Tensor rows = linear_rows(x.shape(), indices, op);
    const Shape flat = joined(x.shape(), indices.shape().back());
    const Shape wanted = rows_shape(flat, rows.shape(), 0);
    if (!broadcast_shapes(updates.shape(), wanted) || updates.rank() > wanted.rank())
        throw ShapeError(str("ops.", op, ": one update is needed per position, of shape ", wanted, ". Received: ", updates.shape()));
    const Tensor full = ops::broadcast_to(ops::cast(updates, x.dtype()), wanted);
    return ops::reshape(prim::scatter_rows(ops::reshape(x, flat), rows, full, 0, mode), x.shape());
}
constinit const Op scatter_op = {
    .name = "scatter", .keras = "keras.src.ops.core.Scatter", .doc = "Zeros to which values are added at positions.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs { return {{a.as<ScatterShapeAttrs>().shape, a.dtype(1)}}; },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        return {scatter_into(ops::zeros(attrs.as<ScatterShapeAttrs>().shape, in[1].dtype()), in[0], in[1], ScatterMode::add, "scatter")};
    },
    .samples = {.low = 0, .high = 2, .cases = [] {
        const Spec i{{5, 1}, DType::int32}, v{{5, 3}, DType::float64}, j{{4, 2}, DType::int32}, w{{4}, DType::float64};
        return std::vector<OpSample>{{{i, v}, ScatterShapeAttrs{{4, 3}}}, {{j, w}, ScatterShapeAttrs{{2, 3}}}};
    }},
    .read_attrs = read_attrs<ScatterShapeAttrs>};

struct ReductionAttrs {
    std::optional<std::string> reduction = {};
    static void describe(Schema<ReductionAttrs>& s) { s.field<&ReductionAttrs::reduction>(); }
};
constinit const Op scatter_update_op = {
    .name = "scatter_update", .keras = "keras.src.ops.core.ScatterUpdate", .doc = "The inputs with elements at positions replaced or combined.", .inputs = 3,
    .infer = infer::same,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& reduction = attrs.as<ReductionAttrs>().reduction;
        ScatterMode mode = ScatterMode::set;
        if (reduction) Codec<ScatterMode>::decode(*reduction, mode);
        return {scatter_into(in[0], in[1], in[2], mode, "scatter_update")};
    },
    .samples = {.low = 0, .high = 2, .cases = [] {
        const Spec x{{3, 4}, DType::float64}, i{{2, 1}, DType::int32}, u{{2, 4}, DType::float64};
        return std::vector<OpSample>{{{x, i, u}, ReductionAttrs{}}, {{x, i, u}, ReductionAttrs{"add"}}};
    }, .distinct = true},
    .read_attrs = read_attrs<ReductionAttrs>};

struct SegmentAttrs {
    std::optional<int64_t> num_segments = {};
    bool sorted = false;
    static void describe(Schema<SegmentAttrs>& s) {
        s.field<&SegmentAttrs::num_segments>();
        s.field<&SegmentAttrs::sorted>();
    }
};
Specs segment_infer(const InferArgs& a) {
    const auto& n = a.as<SegmentAttrs>().num_segments;
    if (!n || *n < 0) throw ValueError(str("ops.", a.op.name, ": num_segments must be given and not negative."));
    if (a.shape(0).empty() || a.shape(1).rank() != 1 || (a.shape(0)[0] >= 0 && a.shape(1)[0] >= 0 && a.shape(0)[0] != a.shape(1)[0]))
        throw ShapeError(str("ops.", a.op.name, ": segment_ids must have one entry per row of data. Received: data.shape=", a.shape(0), ", segment_ids.shape=", a.shape(1)));
    Shape out = a.shape(0);
    out[0] = *n;
    return {{out, a.dtype(0)}};
}
Tensors segment_decompose(const Tensors& in, const Attrs& attrs, double start, ScatterMode mode) {
    Shape shape = in[0].shape();
    shape[0] = *attrs.as<SegmentAttrs>().num_segments;
    const Tensor base = ops::broadcast_to(ops::cast(Tensor::full({}, start, is_float(in[0].dtype()) ? DType::float64 : in[0].dtype()), in[0].dtype()), shape);
    return {prim::scatter_rows(base, as_index(in[1]), in[0], 0, mode)};
}
std::vector<OpSample> segment_cases() {
    return {{{{{5, 2}, DType::float64}, {{5}, DType::int32}}, SegmentAttrs{3}}, {{{{4}, DType::float64}, {{4}, DType::int32}}, SegmentAttrs{2}}};
}
constinit const Op segment_sum_op = {
    .name = "segment_sum", .keras = "keras.src.ops.math.SegmentSum", .doc = "Sums of the rows that share a segment id.", .inputs = 2,
    .infer = segment_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) { return segment_decompose(in, attrs, 0, ScatterMode::add); },
    .samples = {.low = 0, .high = 3, .cases = segment_cases},
    .read_attrs = read_attrs<SegmentAttrs>};
constexpr OpSamples segment_extreme_samples = {.low = 0, .high = 2, .cases = [] {  // no segment is empty: -infinity has no differences
    return std::vector<OpSample>{{{{{12, 2}, DType::float64}, {{12}, DType::int32}}, SegmentAttrs{2}}};
}, .distinct = true};
constinit const Op segment_max_op = {
    .name = "segment_max", .keras = "keras.src.ops.math.SegmentMax", .doc = "Maxima of the rows that share a segment id.", .inputs = 2,
    .infer = segment_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) {
        const DType t = in[0].dtype();
        const double lowest = is_float(t) ? -std::numeric_limits<double>::infinity() : is_signed_int(t) ? -std::ldexp(1.0, bits(t) - 1) : 0;
        return segment_decompose(in, attrs, lowest, ScatterMode::max);
    },
    .samples = segment_extreme_samples,
    .read_attrs = read_attrs<SegmentAttrs>};

constinit const Op segment_min_op = {
    .name = "segment_min", .keras = "keras.src.ops.math.SegmentMin", .doc = "Minima of the rows that share a segment id.", .inputs = 2,
    .infer = segment_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) {
        const DType t = in[0].dtype();
        // The largest number of 64 bits is none of double's: the one below it will do.
        const double whole = t == DType::bool_ ? 1 : std::ldexp(1.0, bits(t) - (is_signed_int(t) ? 1 : 0)) - 1;
        const double highest = is_float(t) ? std::numeric_limits<double>::infinity() : bits(t) == 64 ? std::nextafter(whole, 0) : whole;
        return segment_decompose(in, attrs, highest, ScatterMode::min);
    },
    .samples = segment_extreme_samples,
    .read_attrs = read_attrs<SegmentAttrs>};
constinit const Op segment_prod_op = {
    .name = "segment_prod", .keras = "keras.src.ops.math.SegmentProd", .doc = "Products of the rows that share a segment id.", .inputs = 2,
    .infer = segment_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) { return segment_decompose(in, attrs, 1, ScatterMode::mul); },
    .samples = {.low = 0, .high = 3, .cases = segment_cases, .distinct = true},
    .read_attrs = read_attrs<SegmentAttrs>};

constexpr const Op* family[] = {&gather_rows_op, &scatter_rows_op, &take_op, &take_along_axis_op, &gather_nd_op, &scatter_op,
                                &scatter_update_op, &segment_sum_op, &segment_max_op, &segment_min_op, &segment_prod_op};

}  // namespace

std::span<const Op* const> indexing_ops() { return family; }

namespace prim {
Tensor gather_rows(const Tensor& x, const Tensor& indices, int64_t axis, OutOfRange out_of_range) {
    return apply1(gather_rows_op, {x, indices}, GatherAttrs{normalize_axis(axis, x.rank()), out_of_range});
}
Tensor scatter_rows(const Tensor& x, const Tensor& indices, const Tensor& updates, int64_t axis, ScatterMode mode) {
    return apply1(scatter_rows_op, {x, indices, updates}, ScatterAttrs{normalize_axis(axis, x.rank()), mode});
}
}  // namespace prim

namespace ops {
Tensor take(const Tensor& x, const Tensor& indices, std::optional<int64_t> axis) { return apply1(take_op, {x, indices}, OptionalAxisAttrs{axis}); }
Tensor take_along_axis(const Tensor& x, const Tensor& indices, std::optional<int64_t> axis) { return apply1(take_along_axis_op, {x, indices}, OptionalAxisAttrs{axis}); }
Tensor gather_nd(const Tensor& x, const Tensor& indices) { return apply1(gather_nd_op, {x, indices}); }
Tensor scatter(const Tensor& indices, const Tensor& values, const Shape& shape) { return apply1(scatter_op, {indices, values}, ScatterShapeAttrs{shape}); }
Tensor scatter_update(const Tensor& inputs, const Tensor& indices, const Tensor& updates, const std::string& reduction) {
    return apply1(scatter_update_op, {inputs, indices, updates}, ReductionAttrs{reduction.empty() ? std::nullopt : std::optional(reduction)});
}
Tensor segment_sum(const Tensor& data, const Tensor& segment_ids, int64_t num_segments, bool sorted) { return apply1(segment_sum_op, {data, segment_ids}, SegmentAttrs{num_segments, sorted}); }
Tensor segment_max(const Tensor& data, const Tensor& segment_ids, int64_t num_segments, bool sorted) { return apply1(segment_max_op, {data, segment_ids}, SegmentAttrs{num_segments, sorted}); }
Tensor segment_min(const Tensor& data, const Tensor& segment_ids, int64_t num_segments, bool sorted) { return apply1(segment_min_op, {data, segment_ids}, SegmentAttrs{num_segments, sorted}); }
Tensor segment_prod(const Tensor& data, const Tensor& segment_ids, int64_t num_segments, bool sorted) { return apply1(segment_prod_op, {data, segment_ids}, SegmentAttrs{num_segments, sorted}); }
}  // namespace ops
}  // namespace cornu
