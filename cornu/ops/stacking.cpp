#include "cornu/ops/stacking.h"

#include "cornu/base/checked.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

using composing::between;
using Ints = std::vector<int64_t>;

// ---- joining ----

struct OptionalAxisAttrs {
    std::optional<int64_t> axis = {};
    static void describe(Schema<OptionalAxisAttrs>& s) { s.field<&OptionalAxisAttrs::axis>(); }
};
// The shape of tensors joined along an axis, by the rule of concatenate.
Spec joined(const std::vector<Spec>& parts, int64_t axis) { return infer_specs(*find_op("concatenate"), parts, AxisAttrs{axis})[0]; }

constinit const Op append_op = {
    .name = "append", .keras = "keras.src.ops.numpy.Append", .doc = "x2 behind x1 along an axis.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& axis = a.as<OptionalAxisAttrs>().axis;
        Specs parts(a.in.begin(), a.in.end());
        if (!axis)
            for (Spec& part : parts) part.shape = {composing::count(part.shape)};
        return {joined(parts, axis.value_or(0))};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& axis = attrs.as<OptionalAxisAttrs>().axis;
        if (axis) return {ops::concatenate(in, *axis)};
        return {ops::concatenate({ops::reshape(in[0], {-1}), ops::reshape(in[1], {-1})}, 0)};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64}, y{{1, 3}, DType::float64};
        return std::vector<OpSample>{{{x, y}, OptionalAxisAttrs{}}, {{x, y}, OptionalAxisAttrs{0}}};
    }},
    .read_attrs = read_attrs<OptionalAxisAttrs>};

// x as a row, a column of rows, …: the least shape that hstack, vstack and dstack join.
Shape row_shape(const Shape& x) { return x.empty() ? Shape{1} : x; }
Shape matrix_shape(const Shape& x) { return x.rank() < 2 ? row_shape(x).with_front(1) : x; }
Shape cube_shape(const Shape& x) {
    Shape out = matrix_shape(x);
    if (out.rank() == 2) out.push_back(1);
    return out;
}
template <Shape (*at_least)(const Shape&), int64_t axis>
int64_t stack_axis(const InferArgs& a) { return axis == 1 && at_least(a.shape()).rank() == 1 ? 0 : axis; }
template <Shape (*at_least)(const Shape&), int64_t axis>
Specs stack_infer(const InferArgs& a) {
    if (a.in.empty()) throw ValueError(str("ops.", a.op.name, ": at least one tensor is needed. Received: none"));
    Specs parts(a.in.begin(), a.in.end());
    for (Spec& part : parts) part.shape = at_least(part.shape);
    return {joined(parts, stack_axis<at_least, axis>(a))};
}
template <Shape (*at_least)(const Shape&), int64_t axis>
Tensors stack_decompose(const Tensors& in, const Attrs&) {
    Tensors parts;
    for (const Tensor& x : in) parts.push_back(ops::reshape(x, at_least(x.shape())));
    return {ops::concatenate(parts, axis == 1 && parts[0].rank() == 1 ? 0 : axis)};
}
std::vector<OpSample> stack_samples() {
    const Spec x{{2, 3}, DType::float64}, y{{4}, DType::float64};
    return {{{x, x}}, {{y, y, y}}};
}
#define CORNU_STACK(NAME, KERAS, SHAPE, AXIS, DOC)                                                                        \
    constinit const Op NAME##_op = {                                                                                     \
        .name = #NAME, .keras = "keras.src.ops.numpy." KERAS, .doc = DOC, .inputs = -1, .infer = stack_infer<SHAPE, AXIS>, \
        .decompose = stack_decompose<SHAPE, AXIS>, .traits = {.promote = Promote::common, .list_input = true},             \
        .samples = {.cases = stack_samples}}
CORNU_STACK(hstack, "Hstack", row_shape, 1, "Tensors joined along axis 1, vectors along axis 0.");
CORNU_STACK(vstack, "Vstack", matrix_shape, 0, "Tensors joined along axis 0, vectors as rows.");
CORNU_STACK(dstack, "Dstack", cube_shape, 2, "Tensors joined along axis 2.");
#undef CORNU_STACK

// ---- cutting ----

struct SplitAttrs {
    Json indices_or_sections;
    static void describe(Schema<SplitAttrs>& s) { s.field<&SplitAttrs::indices_or_sections>(); }
};
struct ArraySplitAttrs {
    Json indices_or_sections;
    int64_t axis = 0;
    static void describe(Schema<ArraySplitAttrs>& s) {
        s.field<&ArraySplitAttrs::indices_or_sections>();
        s.field<&ArraySplitAttrs::axis>();
    }
};
// Ends of parts: so many, of sizes that differ by one at most, or cut at given places.
Ints cuts_of(const char* op, const Json& where, int64_t size, bool equal) {
    Ints cuts{0};
    if (!where.is_int()) {
        for (const Json& item : where.as_array()) {
            const int64_t at = item.as_int();
            cuts.push_back(std::clamp(at < 0 ? at + size : at, cuts.back(), std::max(size, cuts.back())));
        }
        cuts.push_back(size);
        return cuts;
    }
    const int64_t n = where.as_int();
    if (n < 1 || n > 1000000 || (equal && size % n)) throw ValueError(str("ops.", op, ": the axis must divide into ", equal ? "equal" : "one or more", " parts. Received: ", n, " sections of size ", size));
    for (int64_t i = 0; i < n; ++i) cuts.push_back(cuts.back() + size / n + (i < size % n ? 1 : 0));
    return cuts;
}
Specs part_specs(const InferArgs& a, int64_t axis, const Json& where, bool equal) {
    if (a.shape()[axis] < 0) throw ShapeError(str("ops.", a.op.name, ": an axis of unknown size cannot be cut. Received: shape ", a.shape()));
    const Ints cuts = cuts_of(a.op.name, where, a.shape()[axis], equal);
    Specs out;
    for (size_t i = 1; i < cuts.size(); ++i) {
        Shape part = a.shape();
        part[axis] = cuts[i] - cuts[i - 1];
        out.push_back({part, a.dtype()});
    }
    return out;
}
Tensors parts_of(const char* op, const Tensor& x, int64_t axis, const Json& where, bool equal) {
    const Ints cuts = cuts_of(op, where, x.shape()[axis], equal);
    Tensors out;
    for (size_t i = 1; i < cuts.size(); ++i) out.push_back(between(x, axis, cuts[i - 1], cuts[i]));
    return out;
}
constinit const Op array_split_op = {
    .name = "array_split", .keras = "keras.src.ops.numpy.ArraySplit", .doc = "x cut into parts, of sizes that may differ by one.",
    .infer = [](const InferArgs& a) {
        const auto& s = a.as<ArraySplitAttrs>();
        return part_specs(a, normalize_axis(s.axis, a.shape().rank()), s.indices_or_sections, false);
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) {
        const auto& s = attrs.as<ArraySplitAttrs>();
        return parts_of("array_split", in[0], normalize_axis(s.axis, in[0].rank()), s.indices_or_sections, false);
    },
    .samples = {.cases = [] {
        const Spec x{{5, 4}, DType::float64};
        return std::vector<OpSample>{{{x}, ArraySplitAttrs{3}}, {{x}, ArraySplitAttrs{Json::array({1, 3}), 1}}};
    }},
    .read_attrs = read_attrs<ArraySplitAttrs>};
int64_t split_axis(const char* op, int64_t rank, int64_t axis) {
    if (axis == 1 && rank == 1) return 0;
    if (rank <= axis) throw ShapeError(str("ops.", op, ": x must have at least ", axis + 1, " axes. Received: ", rank));
    return axis;
}
std::vector<OpSample> split_samples() {
    const Spec x{{4, 6, 2}, DType::float64};
    return {{{x}, SplitAttrs{2}}, {{x}, SplitAttrs{Json::array({1})}}};
}
#define CORNU_SPLIT(NAME, KERAS, AXIS, DOC)                                                                            \
    constinit const Op NAME##_op = {                                                                                  \
        .name = #NAME, .keras = "keras.src.ops.numpy." KERAS, .doc = DOC,                                               \
        .infer = [](const InferArgs& a) { return part_specs(a, split_axis(#NAME, a.shape().rank(), AXIS), a.as<SplitAttrs>().indices_or_sections, true); }, \
        .decompose = [](const Tensors& in, const Attrs& attrs) {                                                       \
            return parts_of(#NAME, in[0], split_axis(#NAME, in[0].rank(), AXIS), attrs.as<SplitAttrs>().indices_or_sections, true); \
        },                                                                                                            \
        .samples = {.cases = split_samples}, .read_attrs = read_attrs<SplitAttrs>}
CORNU_SPLIT(hsplit, "Hsplit", 1, "x cut into parts along axis 1, a vector along axis 0.");
CORNU_SPLIT(vsplit, "Vsplit", 0, "x cut into parts along axis 0.");
CORNU_SPLIT(dsplit, "Dsplit", 2, "x cut into parts along axis 2.");
#undef CORNU_SPLIT

// ---- turning ----

template <int64_t axis>
Specs flip_infer(const InferArgs& a) {
    if (a.shape().rank() <= axis) throw ShapeError(str("ops.", a.op.name, ": x must have at least ", axis + 1, " axes. Received: x.shape=", a.shape()));
    return infer::same(a);
}
std::vector<OpSample> matrix_samples() { return {{{{{2, 3}, DType::float64}}}}; }
constinit const Op fliplr_op = {
    .name = "fliplr", .keras = "keras.src.ops.numpy.Fliplr", .doc = "x with axis 1 reversed.", .infer = flip_infer<1>,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {prim::reverse(in[0], {1})}; }, .samples = {.cases = matrix_samples}};
constinit const Op flipud_op = {
    .name = "flipud", .keras = "keras.src.ops.numpy.Flipud", .doc = "x with axis 0 reversed.", .infer = flip_infer<0>,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {prim::reverse(in[0], {0})}; }, .samples = {.cases = matrix_samples}};

struct Rot90Attrs {
    int64_t k = 1;
    Ints axes = {0, 1};
    static void describe(Schema<Rot90Attrs>& s) {
        s.field<&Rot90Attrs::k>();
        s.field<&Rot90Attrs::axes>();
    }
    // The two axes, and how many quarters in [0, 4).
    std::pair<int64_t, int64_t> plane(const Shape& x) const {
        if (x.rank() < 2) throw ShapeError(str("ops.rot90: array must have at least two axes. Received: shape ", x));
        if (axes.size() != 2) throw ValueError(str("ops.rot90: axes must be two different axes. Received: axes=", Shape(axes)));
        const std::pair p{normalize_axis(axes[0], x.rank(), "axes"), normalize_axis(axes[1], x.rank(), "axes")};
        if (p.first == p.second) throw ValueError(str("ops.rot90: axes must be two different axes. Received: axes=", Shape(axes)));
        return p;
    }
    int64_t quarters() const { return ((k % 4) + 4) % 4; }
};
constinit const Op rot90_op = {
    .name = "rot90", .keras = "keras.src.ops.numpy.Rot90", .doc = "x turned by quarters in the plane of two axes.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& r = a.as<Rot90Attrs>();
        const auto [first, second] = r.plane(a.shape());
        Shape out = a.shape();
        if (r.quarters() % 2) std::swap(out[first], out[second]);
        return {{out, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& r = attrs.as<Rot90Attrs>();
        const auto [first, second] = r.plane(in[0].shape());
        switch (r.quarters()) {
            case 0: return in;
            case 1: return {ops::swapaxes(prim::reverse(in[0], {second}), first, second)};
            case 2: return {prim::reverse(in[0], {std::min(first, second), std::max(first, second)})};
            default: return {prim::reverse(ops::swapaxes(in[0], first, second), {second})};
        }
    },
    .samples = {.cases = [] {
        const Spec x{{2, 3, 4}, DType::float64};
        return std::vector<OpSample>{{{x}, Rot90Attrs{}}, {{x}, Rot90Attrs{2, {2, 0}}}, {{x}, Rot90Attrs{-1, {1, 2}}}, {{x}, Rot90Attrs{4}}};
    }},
    .read_attrs = read_attrs<Rot90Attrs>};

constinit const Op ravel_op = {
    .name = "ravel", .keras = "keras.src.ops.numpy.Ravel", .doc = "The elements of x along one axis.",
    .infer = [](const InferArgs& a) -> Specs { return {{{composing::count(a.shape())}, a.dtype()}}; },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {ops::reshape(in[0], {-1})}; },
    .samples = {.cases = matrix_samples}};

struct ShapeAttrs {
    Shape shape;
    static void describe(Schema<ShapeAttrs>& s) { s.field<&ShapeAttrs::shape>(); }
};
constinit const Op unravel_index_op = {
    .name = "unravel_index", .keras = "keras.src.ops.numpy.UnravelIndex", .doc = "The index along each axis of a shape that a flat index stands for.",
    .infer = [](const InferArgs& a) -> Specs {
        if (!is_integer(a.dtype())) throw DTypeError(str("ops.unravel_index: indices must be integers. Received: ", a.dtype()));
        for (const int64_t dim : a.as<ShapeAttrs>().shape)
            if (dim < 1) throw ValueError(str("ops.unravel_index: the dims of shape must be positive. Received: shape=", a.as<ShapeAttrs>().shape));
        return Specs(static_cast<size_t>(a.as<ShapeAttrs>().shape.rank()), {a.shape(), a.dtype()});
    },
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Shape& shape = attrs.as<ShapeAttrs>().shape;
        Tensor rest = in[0];
        Tensors out(static_cast<size_t>(shape.rank()));
        for (int64_t axis = shape.rank(); axis-- > 0;) {
            const Tensor n = composing::number(static_cast<double>(shape[axis]), rest);
            out[static_cast<size_t>(axis)] = ops::mod(rest, n);
            rest = ops::floor_divide(rest, n);
        }
        // Once all axes are taken off, 0 is left of what lies inside, -1 of what counts from the end.
        for (int64_t axis = 0; axis < shape.rank(); ++axis) {
            Tensor& y = out[static_cast<size_t>(axis)];
            const Tensor zero = composing::number(0, y);
            if (!is_unsigned_int(y.dtype())) y = ops::where(rest < composing::number(-1, y), zero, y);
            y = ops::where(rest > zero, composing::number(static_cast<double>(shape[axis] - 1), y), y);
        }
        return out;
    },
    .samples = {.low = 0, .high = 12, .cases = [] { return std::vector<OpSample>{{{{{5}, DType::int32}}, ShapeAttrs{{3, 4}}}}; }},
    .read_attrs = read_attrs<ShapeAttrs>};

struct MeshgridAttrs {
    std::string indexing = "xy";
    static void describe(Schema<MeshgridAttrs>& s) { s.field<&MeshgridAttrs::indexing>().one_of({"xy", "ij"}); }
};
// The axis of the result along which vector i lies.
int64_t grid_axis(size_t i, size_t n, bool xy) { return static_cast<int64_t>(xy && n > 1 && i < 2 ? 1 - i : i); }
Shape grid_shape(const std::vector<Spec>& x, bool xy) {
    Shape out(Ints(x.size(), 1));
    for (size_t i = 0; i < x.size(); ++i) {
        if (x[i].shape.rank() > 1) throw ShapeError(str("ops.meshgrid: all inputs must be vectors. Received: shape ", x[i].shape));
        out[grid_axis(i, x.size(), xy)] = x[i].shape.empty() ? 1 : x[i].shape[0];
    }
    return out;
}
constinit const Op meshgrid_op = {
    .name = "meshgrid", .keras = "keras.src.ops.numpy.Meshgrid", .doc = "Vectors repeated along each other's axes.", .inputs = -1,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& m = a.as<MeshgridAttrs>();
        validate(m, "ops.meshgrid");
        if (a.in.empty()) throw ValueError("ops.meshgrid: at least one vector is needed. Received: none");
        const Shape shape = grid_shape({a.in.begin(), a.in.end()}, m.indexing == "xy");
        Specs out;
        for (const Spec& x : a.in) out.push_back({shape, x.dtype});
        return out;
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const bool xy = attrs.as<MeshgridAttrs>().indexing == "xy";
        const Shape shape = grid_shape(specs_of(in), xy);
        Tensors out;
        for (size_t i = 0; i < in.size(); ++i) {
            Shape thin(Ints(in.size(), 1));
            thin[grid_axis(i, in.size(), xy)] = in[i].size();
            out.push_back(ops::broadcast_to(ops::reshape(in[i], thin), shape));
        }
        return out;
    },
    .samples = {.cases = [] {
        const Spec x{{2}, DType::float64}, y{{3}, DType::float64}, z{{1}, DType::float64};
        return std::vector<OpSample>{{{x, y}, MeshgridAttrs{}}, {{x, y, z}, MeshgridAttrs{"ij"}}, {{x, y, z}, MeshgridAttrs{}}, {{x}, MeshgridAttrs{}}};
    }},
    .read_attrs = read_attrs<MeshgridAttrs>};

struct SelectAttrs {
    double default_ = 0;
    static void describe(Schema<SelectAttrs>& s) { s.field<&SelectAttrs::default_>().hidden(); }
};
// Conditions, then as many choices, then, if it is no bare number, the default.
constinit const Op select_op = {
    .name = "select", .keras = "keras.src.ops.numpy.Select", .doc = "Each element from the first choice whose condition is true.", .inputs = -1,
    .infer = [](const InferArgs& a) -> Specs {
        const size_t n = a.in.size() / 2;
        if (n == 0) throw ValueError(str("ops.select: condlist and choicelist must hold equally many tensors, one at least. Received: ", a.in.size(), " tensors"));
        Shape shape;
        std::vector<PromotionOperand> operands;
        for (size_t i = 0; i < a.in.size(); ++i) {
            if (i < n && a.dtype(i) != DType::bool_) throw DTypeError(str("ops.select: conditions must be bool. Received: ", a.dtype(i)));
            const auto both = broadcast_shapes(shape, a.shape(i));
            if (!both) throw ShapeError(str("ops.select: the shapes of conditions and choices must broadcast together. Received: ", shape, " and ", a.shape(i)));
            shape = *both;
            if (i >= n) operands.push_back({a.dtype(i), a.in[i].weak});
        }
        return {{shape, result_type(operands)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const size_t n = in.size() / 2;
        std::vector<PromotionOperand> operands;
        Shape shape;
        for (size_t i = 0; i < in.size(); ++i) {
            shape = *broadcast_shapes(shape, in[i].shape());
            if (i >= n) operands.push_back({in[i].dtype(), in[i].weak()});
        }
        const DType dtype = result_type(operands);
        Tensor y = in.size() % 2 ? ops::cast(in.back(), dtype) : Tensor::full({}, attrs.as<SelectAttrs>().default_, dtype);
        for (size_t i = n; i-- > 0;) y = ops::where(in[i], ops::cast(in[n + i], dtype), y);
        return {ops::broadcast_to(y, shape)};
    },
    .traits = {.list_input = 2},
    .samples = {.cases = [] {
        const Spec c{{2, 3}, DType::bool_}, x{{2, 3}, DType::float64}, y{{3}, DType::float64}, one{{}, DType::float64};
        return std::vector<OpSample>{{{c, c, x, y}, SelectAttrs{7}}, {{c, x}, SelectAttrs{}}, {{c, x, one}, SelectAttrs{}}};
    }},
    .read_attrs = read_attrs<SelectAttrs>};

constexpr const Op* family[] = {&append_op, &hstack_op, &vstack_op, &dstack_op, &array_split_op, &hsplit_op, &vsplit_op, &dsplit_op, &fliplr_op, &flipud_op,
                                &rot90_op, &ravel_op, &unravel_index_op, &meshgrid_op, &select_op};

}  // namespace

std::span<const Op* const> stacking_ops() { return family; }

namespace ops {
Tensor append(const Tensor& x1, const Tensor& x2, std::optional<int64_t> axis) { return apply1(append_op, {x1, x2}, OptionalAxisAttrs{axis}); }
Tensor hstack(const Tensors& xs) { return apply1(hstack_op, xs); }
Tensor vstack(const Tensors& xs) { return apply1(vstack_op, xs); }
Tensor dstack(const Tensors& xs) { return apply1(dstack_op, xs); }
Tensors array_split(const Tensor& x, int64_t sections, int64_t axis) { return apply(array_split_op, {x}, ArraySplitAttrs{sections, axis}); }
Tensors array_split(const Tensor& x, const Ints& indices, int64_t axis) { return apply(array_split_op, {x}, ArraySplitAttrs{Codec<Ints>::encode(indices), axis}); }
Tensors hsplit(const Tensor& x, int64_t sections) { return apply(hsplit_op, {x}, SplitAttrs{sections}); }
Tensors hsplit(const Tensor& x, const Ints& indices) { return apply(hsplit_op, {x}, SplitAttrs{Codec<Ints>::encode(indices)}); }
Tensors vsplit(const Tensor& x, int64_t sections) { return apply(vsplit_op, {x}, SplitAttrs{sections}); }
Tensors vsplit(const Tensor& x, const Ints& indices) { return apply(vsplit_op, {x}, SplitAttrs{Codec<Ints>::encode(indices)}); }
Tensors dsplit(const Tensor& x, int64_t sections) { return apply(dsplit_op, {x}, SplitAttrs{sections}); }
Tensors dsplit(const Tensor& x, const Ints& indices) { return apply(dsplit_op, {x}, SplitAttrs{Codec<Ints>::encode(indices)}); }
Tensor fliplr(const Tensor& x) { return apply1(fliplr_op, {x}); }
Tensor flipud(const Tensor& x) { return apply1(flipud_op, {x}); }
Tensor rot90(const Tensor& array, int64_t k, std::pair<int64_t, int64_t> axes) { return apply1(rot90_op, {array}, Rot90Attrs{k, {axes.first, axes.second}}); }
Tensor ravel(const Tensor& x) { return apply1(ravel_op, {x}); }
Tensors unravel_index(const Tensor& indices, const Shape& shape) { return apply(unravel_index_op, {indices}, ShapeAttrs{shape}); }
Tensors meshgrid(const Tensors& x, const std::string& indexing) { return apply(meshgrid_op, x, MeshgridAttrs{indexing}); }
Tensor select(const Tensors& condlist, const Tensors& choicelist, const Tensor& default_) {
    if (condlist.size() != choicelist.size())
        throw ValueError(str("ops.select: condlist and choicelist must hold equally many tensors. Received: ", condlist.size(), " and ", choicelist.size()));
    Tensors in = condlist;
    in.insert(in.end(), choicelist.begin(), choicelist.end());
    if (default_.concrete() && default_.weak()) return apply1(select_op, in, SelectAttrs{default_.item<double>()});
    in.push_back(default_);
    return apply1(select_op, in, SelectAttrs{});
}
}  // namespace ops
}  // namespace cornu
