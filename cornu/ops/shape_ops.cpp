#include "cornu/ops/shape_ops.h"

#include "cornu/base/checked.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"

namespace cornu {

namespace {

using Ints = std::vector<int64_t>;

struct ReshapeAttrs {
    Ints newshape;   // not a Shape, whose unknown sizes a file spells null
    static void describe(Schema<ReshapeAttrs>& s) { s.field<&ReshapeAttrs::newshape>(); }
};

// Fills in the one -1. With unknown dimensions in x, a -1 stays unknown unless the known ones settle it.
Shape resolve_reshape(const Shape& from, Shape to) {
    int64_t known = 1, unknown_axis = -1;
    for (int64_t i = 0; i < to.rank(); ++i) {
        if (to[i] >= 0) known = checked_multiply(known, to[i]);
        else if (to[i] == -1 && unknown_axis < 0) unknown_axis = i;
        else throw ShapeError(str("ops.reshape: newshape may hold one -1 and no other negative number. Received: newshape=", to));
    }
    if (!from.is_static()) return to;
    const int64_t size = from.size();
    const bool fits = unknown_axis < 0 ? known == size : known > 0 && size % known == 0;
    if (!fits) throw ShapeError(str("ops.reshape: the number of elements must stay the same. Received: shape ", from, ", newshape=", to));
    if (unknown_axis >= 0) to[unknown_axis] = size / known;
    return to;
}

constinit const Op reshape_op = {
    .name = "reshape", .keras = "keras.src.ops.numpy.Reshape", .doc = "The same elements in another shape.",
    .infer = [](const InferArgs& a) -> Specs {
        return {{resolve_reshape(a.shape(), Shape(a.as<ReshapeAttrs>().newshape)), a.dtype()}};
    },
    .vjp = [](const Vjp& v) -> Tensors { return {ops::reshape(v.g(), v.x().shape())}; },
    .samples = {.cases = [] {
        return std::vector<OpSample>{{{{{2, 6}, DType::float64}}, ReshapeAttrs{{3, 4}}},
                                     {{{{0, 3}, DType::float64}}, ReshapeAttrs{{3, 0}}},
                                     {{{{}, DType::float64}}, ReshapeAttrs{{1, 1}}}};
    }},
    .read_attrs = read_attrs<ReshapeAttrs>};

// Every axis once; an empty list reverses.
Ints permutation(Ints axes, int64_t rank) {
    if (axes.empty())
        for (int64_t i = rank; i-- > 0;) axes.push_back(i);
    Ints seen(static_cast<size_t>(rank), 0);
    bool valid = static_cast<int64_t>(axes.size()) == rank;
    for (int64_t& axis : axes) {
        axis = normalize_axis(axis, rank, "axes");
        valid = valid && !seen[static_cast<size_t>(axis)]++;
    }
    if (!valid) throw ValueError(str("ops.transpose: axes must name each of the ", rank, " axes once. Received: axes=", Shape(axes)));
    return axes;
}
constinit const Op transpose_op = {
    .name = "transpose", .keras = "keras.src.ops.numpy.Transpose", .doc = "x with its axes in another order.",
    .infer = [](const InferArgs& a) -> Specs {
        Shape out;
        for (const int64_t axis : permutation(a.as<TransposeAttrs>().axes, a.shape().rank())) out.push_back(a.shape()[axis]);
        return {{out, a.dtype()}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        const Ints axes = permutation(v.as<TransposeAttrs>().axes, v.x().rank());
        Ints inverse(axes.size());
        for (size_t i = 0; i < axes.size(); ++i) inverse[static_cast<size_t>(axes[i])] = static_cast<int64_t>(i);
        return {ops::transpose(v.g(), inverse)};
    },
    .samples = {.cases = [] {
        return std::vector<OpSample>{{{{{2, 3, 4}, DType::float64}}, TransposeAttrs{{2, 0, 1}}},
                                     {{{{3, 1}, DType::float64}}, TransposeAttrs{{1, 0}}},
                                     {{{{0, 2}, DType::float64}}, TransposeAttrs{{1, 0}}}};
    }},
    .read_attrs = read_attrs<TransposeAttrs>};

struct BroadcastAttrs {
    Shape shape;
    static void describe(Schema<BroadcastAttrs>& s) { s.field<&BroadcastAttrs::shape>(); }
};
constinit const Op broadcast_to_op = {
    .name = "broadcast_to", .keras = "keras.src.ops.numpy.BroadcastTo", .doc = "x repeated along axes of size 1 or missing ones to fill a shape.",
    .infer = [](const InferArgs& a) -> Specs {
        const Shape& shape = a.as<BroadcastAttrs>().shape;
        const auto out = broadcast_shapes(a.shape(), shape);
        if (!out || (shape.is_static() && !(*out == shape)))
            throw ShapeError(str("ops.broadcast_to: the shape of x must broadcast to shape=", shape, ". Received: ", a.shape()));
        return {{shape, a.dtype()}};
    },
    .vjp = [](const Vjp& v) -> Tensors { return {sum_to_shape(v.g(), v.x().shape())}; },
    .samples = {.cases = [] {
        return std::vector<OpSample>{{{{{3, 1}, DType::float64}}, BroadcastAttrs{{2, 3, 4}}},
                                     {{{{}, DType::float64}}, BroadcastAttrs{{5}}},
                                     {{{{1}, DType::float64}}, BroadcastAttrs{{0}}}};
    }},
    .read_attrs = read_attrs<BroadcastAttrs>};

constinit const Op concatenate_op = {
    .name = "concatenate", .keras = "keras.src.ops.numpy.Concatenate", .doc = "Tensors joined along an axis.", .inputs = -1,
    .infer = [](const InferArgs& a) -> Specs {
        if (a.in.empty()) throw ValueError("ops.concatenate: at least one tensor is needed. Received: none");
        Spec out = a.in[0];
        const int64_t axis = normalize_axis(a.as<AxisAttrs>().axis, out.shape.rank());
        std::vector<PromotionOperand> types{{out.dtype}};
        for (size_t i = 1; i < a.in.size(); ++i) {
            const Shape& shape = a.shape(i);
            bool fits = shape.rank() == out.shape.rank();
            for (int64_t d = 0; fits && d < shape.rank(); ++d) {
                if (d == axis) out.shape[d] = out.shape[d] < 0 || shape[d] < 0 ? None : checked_add(out.shape[d], shape[d]);
                else if (out.shape[d] < 0) out.shape[d] = shape[d];
                else fits = shape[d] < 0 || shape[d] == out.shape[d];
            }
            if (!fits) {
                std::string shapes;
                for (const Spec& s : a.in) shapes += str(shapes.empty() ? "" : ", ", s.shape);
                throw ShapeError(str("ops.concatenate: all shapes must agree except along axis=", a.as<AxisAttrs>().axis, ". Received: ", shapes));
            }
            types.push_back({a.dtype(i)});
        }
        return {{out.shape, result_type(types)}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        const int64_t axis = normalize_axis(v.as<AxisAttrs>().axis, v.x().rank());
        Tensors grads;
        int64_t at = 0;
        for (const Tensor& x : v.in) {
            Ints start(static_cast<size_t>(x.rank()), 0), stop = v.g().shape().dims();
            start[static_cast<size_t>(axis)] = at;
            stop[static_cast<size_t>(axis)] = at += x.shape()[axis];
            grads.push_back(prim::slice(v.g(), start, stop));
        }
        return grads;
    },
    .traits = {.promote = Promote::common, .list_input = true},
    .samples = {.cases = [] {
        const Spec a{{2, 3}, DType::float64}, b{{2, 1}, DType::float64}, c{{2, 0}, DType::float64};
        return std::vector<OpSample>{{{a, b}, AxisAttrs{1}}, {{a, a, a}, AxisAttrs{0}}, {{c, a}, AxisAttrs{-1}}};
    }},
    .read_attrs = read_attrs<AxisAttrs>};

constinit const Op slice_op = {
    .name = "slice_in_steps", .doc = "x[start:stop:stride] on every axis.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& s = a.as<SliceAttrs>();
        Spec out{a.shape(), a.dtype()};
        bool valid = s.start.size() == static_cast<size_t>(out.shape.rank()) && s.stop.size() == s.start.size() && s.stride.size() == s.start.size();
        for (size_t i = 0; valid && i < s.start.size(); ++i) {
            int64_t& dim = out.shape[static_cast<int64_t>(i)];
            if (dim < 0 && s.stop[i] == dim && s.start[i] == 0 && s.stride[i] == 1) continue;   // an unknown axis, whole
            valid = s.start[i] >= 0 && s.start[i] <= s.stop[i] && (dim < 0 || s.stop[i] <= dim) && s.stride[i] >= 1;
            if (valid) dim = (s.stop[i] - s.start[i] + s.stride[i] - 1) / s.stride[i];
        }
        if (!valid) throw ShapeError(str("slice: start, stop and stride must lie within the shape. Received: shape ", a.shape(), ", start=", Shape(s.start), ", stop=", Shape(s.stop), ", stride=", Shape(s.stride)));
        return {out};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& s = v.as<SliceAttrs>();
        const Shape &x = v.x().shape(), &y = v.g().shape();
        Ints low = s.start, high, interior;
        for (size_t i = 0; i < low.size(); ++i) {
            const auto d = static_cast<int64_t>(i);
            const int64_t covered = y[d] ? (y[d] - 1) * s.stride[i] + 1 : 0;
            interior.push_back(s.stride[i] - 1);
            high.push_back(x[d] - low[i] - covered);
        }
        return {prim::pad(v.g(), Tensor::full({}, 0, v.g().dtype()), low, high, interior)};
    },
    .samples = {.cases = [] {
        const Spec x{{4, 7}, DType::float64};
        return std::vector<OpSample>{{{x}, SliceAttrs{{1, 0}, {3, 7}, {1, 1}}}, {{x}, SliceAttrs{{0, 1}, {4, 6}, {3, 2}}}, {{x}, SliceAttrs{{2, 2}, {2, 7}, {1, 1}}}};
    }}};

constinit const Op pad_op = {
    .name = "pad_with", .doc = "A value around x (negative: cut) and between its elements.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& p = a.as<PadAttrs>();
        Spec out{a.shape(), a.dtype()};
        bool valid = p.low.size() == static_cast<size_t>(out.shape.rank()) && p.high.size() == p.low.size() && p.interior.size() == p.low.size() && a.shape(1).empty() && a.dtype(1) == a.dtype();
        for (size_t i = 0; valid && i < p.low.size(); ++i) {
            int64_t& dim = out.shape[static_cast<int64_t>(i)];
            valid = p.interior[i] >= 0;
            if (dim < 0 || !valid) continue;
            dim = checked_add(checked_add(dim, checked_multiply(std::max<int64_t>(dim - 1, 0), p.interior[i])), p.low[i] + p.high[i]);
            valid = dim >= 0;
        }
        if (!valid) throw ShapeError(str("pad: low, high and interior need one number per axis and may not cut away more than there is. Received: shape ", a.shape(), ", low=", Shape(p.low), ", high=", Shape(p.high), ", interior=", Shape(p.interior)));
        return {out};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& p = v.as<PadAttrs>();
        Ints low, high, none(p.low.size(), 0), stride;
        for (size_t i = 0; i < p.low.size(); ++i) {
            low.push_back(-p.low[i]);
            high.push_back(-p.high[i]);
            stride.push_back(p.interior[i] + 1);
        }
        const Tensor zero = Tensor::full({}, 0, v.g().dtype());
        // Undo the outside first, then take every (interior + 1)-th element.
        const Tensor inner = prim::pad(v.g(), zero, low, high);
        Ints stop = inner.shape().dims();
        const Tensor dx = prim::slice(inner, none, stop, stride);
        return {dx, ops::sum(v.g()) - ops::sum(dx)};
    },
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64}, value{{}, DType::float64};
        return std::vector<OpSample>{{{x, value}, PadAttrs{{1, 0}, {0, 2}, {0, 0}}}, {{x, value}, PadAttrs{{0, 1}, {1, 1}, {2, 1}}}, {{x, value}, PadAttrs{{-1, 0}, {0, -2}, {0, 0}}}};
    }}};

constinit const Op reverse_op = {
    .name = "reverse", .doc = "x with the order of elements reversed along axes.",
    .infer = [](const InferArgs& a) -> Specs {
        for (const int64_t axis : a.as<TransposeAttrs>().axes) normalize_axis(axis, a.shape().rank(), "axes");
        return infer::same(a);
    },
    .vjp = [](const Vjp& v) -> Tensors { return {prim::reverse(v.g(), v.as<TransposeAttrs>().axes)}; },
    .samples = {.cases = [] {
        return std::vector<OpSample>{{{{{2, 3}, DType::float64}}, TransposeAttrs{{1}}}, {{{{2, 3}, DType::float64}}, TransposeAttrs{{0, 1}}}};
    }}};

struct SizesAttrs {
    Shape sizes;
    static void describe(Schema<SizesAttrs>& s) { s.field<&SizesAttrs::sizes>(); }
};
void check_window(const char* op, const Shape& x, const Shape& window, std::span<const Spec> starts) {
    bool valid = window.rank() == x.rank() && static_cast<int64_t>(starts.size()) == x.rank();
    for (int64_t i = 0; valid && i < x.rank(); ++i)
        valid = window[i] >= 0 && (x[i] < 0 || window[i] <= x[i]) && starts[static_cast<size_t>(i)].shape.empty() && is_integer(starts[static_cast<size_t>(i)].dtype);
    if (!valid) throw ShapeError(str(op, ": the window must fit the tensor, with one scalar integer start per axis. Received: shape ", x, ", window ", window, ", ", starts.size(), " starts"));
}
Tensors start_of(const Vjp& v, size_t from) { return Tensors(v.in.begin() + static_cast<std::ptrdiff_t>(from), v.in.end()); }

constinit const Op dynamic_slice_op = {
    .name = "dynamic_slice", .doc = "A window of x at a position that is data.", .inputs = -1,
    .infer = [](const InferArgs& a) -> Specs {
        check_window("dynamic_slice", a.shape(), a.as<SizesAttrs>().sizes, a.in.subspan(1));
        return {{a.as<SizesAttrs>().sizes, a.dtype()}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        Tensors grads(v.in.size());
        grads[0] = prim::dynamic_update_slice(ops::zeros_like(v.x()), v.g(), start_of(v, 1));
        return grads;
    },
    .samples = {.cases = [] {
        const Spec x{{4, 5}, DType::float64}, i{{}, DType::int32};
        return std::vector<OpSample>{{{x, i, i}, SizesAttrs{{2, 3}}}, {{x, i, i}, SizesAttrs{{4, 1}}}};
    }}};

constinit const Op dynamic_update_slice_op = {
    .name = "dynamic_update_slice", .doc = "x with a window, at a position that is data, replaced.", .inputs = -1,
    .infer = [](const InferArgs& a) -> Specs {
        check_window("dynamic_update_slice", a.shape(), a.shape(1), a.in.subspan(2));
        if (a.dtype(1) != a.dtype()) throw DTypeError(str("dynamic_update_slice: the update must have the dtype of x, ", a.dtype(), ". Received: ", a.dtype(1)));
        return {{a.shape(), a.dtype()}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        Tensors grads(v.in.size());
        const Tensors start = start_of(v, 2);
        grads[0] = prim::dynamic_update_slice(v.g(), ops::zeros_like(v.x(1)), start);
        grads[1] = prim::dynamic_slice(v.g(), start, v.x(1).shape());
        return grads;
    },
    .traits = {.updates = 0},
    .samples = {.cases = [] {
        const Spec x{{4, 5}, DType::float64}, u{{2, 3}, DType::float64}, i{{}, DType::int32};
        return std::vector<OpSample>{{{x, u, i, i}}};
    }}};

// ---- Keras's ops that are reshapes and joins ----

struct AxesAttrs {
    Axes axis = {};
    static void describe(Schema<AxesAttrs>& s) { s.field<&AxesAttrs::axis>(); }
};
Shape expanded(const Shape& x, const Axes& axis) {
    if (axis.kind == Axes::Kind::all) throw ValueError("ops.expand_dims: axis must be given. Received: axis=None");
    const int64_t rank = x.rank() + static_cast<int64_t>(axis.axes.size());
    const Ints added = axis.resolve(rank);
    if (added.size() != axis.axes.size()) throw ValueError(str("ops.expand_dims: an axis may be named once only. Received: axis=", Shape(axis.axes)));
    Shape out = x;
    for (const int64_t a : added) out.insert(a, 1);
    return out;
}
Shape squeezed(const Shape& x, const Axes& axis) {
    Shape out;
    const bool every = axis.kind == Axes::Kind::all;
    const Ints gone = every ? Ints() : axis.resolve(x.rank());
    for (const int64_t a : gone)
        if (x[a] != 1 && x[a] != None) throw ShapeError(str("ops.squeeze: only axes of size 1 can go. Received: axis=", a, ", shape ", x));
    for (int64_t i = 0; i < x.rank(); ++i)
        if (every ? x[i] != 1 : std::find(gone.begin(), gone.end(), i) == gone.end()) out.push_back(x[i]);
    return out;
}
constinit const Op expand_dims_op = {
    .name = "expand_dims", .keras = "keras.src.ops.numpy.ExpandDims", .doc = "x with new axes of size 1.",
    .infer = [](const InferArgs& a) -> Specs { return {{expanded(a.shape(), a.as<AxesAttrs>().axis), a.dtype()}}; },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {ops::reshape(in[0], expanded(in[0].shape(), attrs.as<AxesAttrs>().axis))}; },
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64};
        return std::vector<OpSample>{{{x}, AxesAttrs{1}}, {{x}, AxesAttrs{{0, -1}}}};
    }},
    .read_attrs = read_attrs<AxesAttrs>};
constinit const Op squeeze_op = {
    .name = "squeeze", .keras = "keras.src.ops.numpy.Squeeze", .doc = "x without axes of size 1.",
    .infer = [](const InferArgs& a) -> Specs { return {{squeezed(a.shape(), a.as<AxesAttrs>().axis), a.dtype()}}; },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {ops::reshape(in[0], squeezed(in[0].shape(), attrs.as<AxesAttrs>().axis))}; },
    .samples = {.cases = [] {
        const Spec x{{1, 3, 1}, DType::float64};
        return std::vector<OpSample>{{{x}, AxesAttrs{}}, {{x}, AxesAttrs{-1}}, {{x}, AxesAttrs{{0, 2}}}};
    }},
    .read_attrs = read_attrs<AxesAttrs>};
constinit const Op stack_op = {
    .name = "stack", .keras = "keras.src.ops.numpy.Stack", .doc = "Tensors of one shape joined along a new axis.", .inputs = -1,
    .infer = [](const InferArgs& a) -> Specs {
        if (a.in.empty()) throw ValueError("ops.stack: at least one tensor is needed. Received: none");
        Shape out = a.shape();
        std::vector<PromotionOperand> types;
        for (const Spec& x : a.in) {
            const auto both = x.shape.rank() == out.rank() ? broadcast_shapes(out, x.shape) : std::nullopt;
            bool same = both.has_value();
            for (int64_t i = 0; same && i < out.rank(); ++i) same = out[i] == x.shape[i] || out[i] < 0 || x.shape[i] < 0;
            if (!same) throw ShapeError(str("ops.stack: all shapes must be equal. Received: ", out, " and ", x.shape));
            for (int64_t i = 0; i < out.rank(); ++i) out[i] = std::max(out[i], x.shape[i]);
            types.push_back({x.dtype, x.weak});
        }
        out.insert(normalize_axis(a.as<AxisAttrs>().axis, out.rank() + 1), static_cast<int64_t>(a.in.size()));
        return {{out, result_type(types)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const int64_t axis = normalize_axis(attrs.as<AxisAttrs>().axis, in[0].rank() + 1);
        Tensors parts;
        for (const Tensor& x : in) parts.push_back(ops::reshape(x, expanded(x.shape(), axis)));
        return {ops::concatenate(parts, axis)};
    },
    .traits = {.promote = Promote::common, .list_input = true},
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64};
        return std::vector<OpSample>{{{x, x}, AxisAttrs{0}}, {{x, x, x}, AxisAttrs{-1}}};
    }},
    .read_attrs = read_attrs<AxisAttrs>};

constexpr const Op* family[] = {&reshape_op, &transpose_op, &broadcast_to_op, &concatenate_op, &slice_op, &pad_op,
                                &reverse_op, &dynamic_slice_op, &dynamic_update_slice_op, &expand_dims_op, &squeeze_op, &stack_op};

}  // namespace

std::span<const Op* const> shape_ops() { return family; }

namespace ops {

Tensor reshape(const Tensor& x, const Shape& newshape) {
    if (!x.symbolic() && x.shape() == newshape) return x;
    return apply1(reshape_op, {x}, ReshapeAttrs{newshape.dims()});
}
Tensor transpose(const Tensor& x, Ints axes) { return apply1(transpose_op, {x}, TransposeAttrs{std::move(axes)}); }
Tensor broadcast_to(const Tensor& x, const Shape& shape) {
    if (!x.symbolic() && x.shape() == shape) return x;
    return apply1(broadcast_to_op, {x}, BroadcastAttrs{shape});
}
Tensor expand_dims(const Tensor& x, Axes axis) { return apply1(expand_dims_op, {x}, AxesAttrs{std::move(axis)}); }
Tensor squeeze(const Tensor& x, Ints axis) { return apply1(squeeze_op, {x}, AxesAttrs{axis.empty() ? Axes() : Axes(std::move(axis))}); }
Tensor concatenate(const Tensors& xs, int64_t axis) { return apply1(concatenate_op, xs, AxisAttrs{axis}); }
Tensor stack(const Tensors& xs, int64_t axis) { return apply1(stack_op, xs, AxisAttrs{axis}); }

}  // namespace ops

namespace prim {

Tensor slice(const Tensor& x, Ints start, Ints stop, Ints stride) {
    if (stride.empty()) stride.assign(start.size(), 1);
    return apply1(slice_op, {x}, SliceAttrs{std::move(start), std::move(stop), std::move(stride)});
}
Tensor pad(const Tensor& x, const Tensor& value, Ints low, Ints high, Ints interior) {
    if (interior.empty()) interior.assign(low.size(), 0);
    return apply1(pad_op, {x, value}, PadAttrs{std::move(low), std::move(high), std::move(interior)});
}
Tensor reverse(const Tensor& x, Ints axes) {
    for (int64_t& axis : axes) axis = normalize_axis(axis, x.rank());
    return apply1(reverse_op, {x}, TransposeAttrs{std::move(axes)});
}
Tensor dynamic_slice(const Tensor& x, const Tensors& start, const Shape& sizes) {
    Tensors in{x};
    in.insert(in.end(), start.begin(), start.end());
    return apply1(dynamic_slice_op, in, SizesAttrs{sizes});
}
Tensor dynamic_update_slice(const Tensor& x, const Tensor& update, const Tensors& start) {
    Tensors in{x, update};
    in.insert(in.end(), start.begin(), start.end());
    return apply1(dynamic_update_slice_op, in);
}

}  // namespace prim
}  // namespace cornu
