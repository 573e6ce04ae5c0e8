#include "cornu/ops/manipulation.h"

#include "cornu/base/checked.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

using Ints = std::vector<int64_t>;

template <> struct Codec<std::pair<int64_t, int64_t>> {
    static Json encode(const std::pair<int64_t, int64_t>& v) { return Json::array({v.first, v.second}); }
    static void decode(const Json& j, std::pair<int64_t, int64_t>& v) {
        if (j.is_int()) v = {j.as_int(), j.as_int()};
        else v = {j[0].as_int(), j[1].as_int()};
    }
};

namespace {

using composing::between;

// One number of equal parts, or the positions to cut at.
struct SplitAttrs {
    Json indices_or_sections;
    int64_t axis = 0;
    static void describe(Schema<SplitAttrs>& s) {
        s.field<&SplitAttrs::indices_or_sections>();
        s.field<&SplitAttrs::axis>();
    }
    // Where the parts begin and end; unknown sizes only split into equal parts.
    Ints cuts(int64_t size) const {
        Ints out{0};
        if (indices_or_sections.is_int()) {
            const int64_t n = indices_or_sections.as_int();
            if (n < 1 || (size >= 0 && size % n))
                throw ValueError(str("ops.split: the axis must divide into equal parts. Received: ", n, " sections of size ", size));
            for (int64_t i = 1; i <= n; ++i) out.push_back(size < 0 ? None : size / n * i);
            return out;
        }
        for (const Json& item : indices_or_sections.as_array()) {
            const int64_t at = item.as_int();
            out.push_back(std::clamp(at < 0 ? at + size : at, out.back(), std::max(size, out.back())));
        }
        out.push_back(size);
        return out;
    }
};
constinit const Op split_op = {
    .name = "split", .keras = "keras.src.ops.numpy.Split", .doc = "x cut into parts along an axis.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& s = a.as<SplitAttrs>();
        const int64_t axis = normalize_axis(s.axis, a.shape().rank());
        const Ints cuts = s.cuts(a.shape()[axis]);
        Specs out;
        for (size_t i = 1; i < cuts.size(); ++i) {
            Shape part = a.shape();
            part[axis] = a.shape()[axis] < 0 ? None : cuts[i] - cuts[i - 1];
            out.push_back({part, a.dtype()});
        }
        return out;
    },
    // One concatenation, rather than a padded array for each part.
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& s = v.as<SplitAttrs>();
        const int64_t axis = normalize_axis(s.axis, v.x().rank());
        const Ints cuts = s.cuts(v.x().shape()[axis]);
        Tensors parts;
        for (size_t i = 0; i < v.out.size(); ++i) parts.push_back(v.g(i));
        if (std::is_sorted(cuts.begin(), cuts.end())) return {ops::concatenate(parts, axis)};
        Tensor sum = ops::zeros_like(v.x());   // parts that overlap
        for (size_t i = 0; i < parts.size(); ++i) {
            Ints low(static_cast<size_t>(v.x().rank()), 0), high = low;
            low[static_cast<size_t>(axis)] = cuts[i];
            high[static_cast<size_t>(axis)] = v.x().shape()[axis] - cuts[i] - parts[i].shape()[axis];
            sum = sum + prim::pad(parts[i], Tensor::full({}, 0, parts[i].dtype()), low, high);
        }
        return {sum};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& s = attrs.as<SplitAttrs>();
        const int64_t axis = normalize_axis(s.axis, in[0].rank());
        const Ints cuts = s.cuts(in[0].shape()[axis]);
        Tensors out;
        for (size_t i = 1; i < cuts.size(); ++i) out.push_back(between(in[0], axis, cuts[i - 1], cuts[i]));
        return out;
    },
    .traits = {.fused = true},
    .samples = {.cases = [] {
        const Spec x{{4, 6}, DType::float64};
        return std::vector<OpSample>{{{x}, SplitAttrs{3, 1}}, {{x}, SplitAttrs{Json::array({1, 3}), 0}}, {{x}, SplitAttrs{Json::array({2, 9}), 1}}, {{x}, SplitAttrs{Json::array({3, 1}), 1}}};
    }},
    .read_attrs = read_attrs<SplitAttrs>};

struct UnstackAttrs {
    std::optional<int64_t> num = {};
    int64_t axis = 0;
    static void describe(Schema<UnstackAttrs>& s) {
        s.field<&UnstackAttrs::num>();
        s.field<&UnstackAttrs::axis>();
    }
};
constinit const Op unstack_op = {
    .name = "unstack", .keras = "keras.src.ops.core.Unstack", .doc = "The slices of x along an axis.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& u = a.as<UnstackAttrs>();
        const int64_t axis = normalize_axis(u.axis, a.shape().rank()), size = a.shape()[axis];
        if (size < 0 && !u.num) throw ShapeError(str("ops.unstack: along an axis of unknown size, num must be given. Received: shape ", a.shape()));
        const int64_t n = size < 0 ? *u.num : size;
        if (n < 0 || u.num.value_or(n) != n) throw ValueError(str("ops.unstack: num must be the size of the axis. Received: num=", u.num.value_or(n), ", shape ", a.shape()));
        Shape part = a.shape();
        part.erase(axis);
        return Specs(static_cast<size_t>(n), {part, a.dtype()});
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const int64_t axis = normalize_axis(attrs.as<UnstackAttrs>().axis, in[0].rank());
        Shape part = in[0].shape();
        part.erase(axis);
        Tensors out;
        for (int64_t i = 0; i < in[0].shape()[axis]; ++i) out.push_back(ops::reshape(between(in[0], axis, i, i + 1), part));
        return out;
    },
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64};
        return std::vector<OpSample>{{{x}, UnstackAttrs{}}, {{x}, UnstackAttrs{3, -1}}};
    }},
    .read_attrs = read_attrs<UnstackAttrs>};

struct FlipAttrs {
    Axes axis = {};
    static void describe(Schema<FlipAttrs>& s) { s.field<&FlipAttrs::axis>(); }
};
constinit const Op flip_op = {
    .name = "flip", .keras = "keras.src.ops.numpy.Flip", .doc = "x with the order of elements reversed along axes.",
    .infer = [](const InferArgs& a) -> Specs {
        a.as<FlipAttrs>().axis.resolve(a.shape().rank());
        return infer::same(a);
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {prim::reverse(in[0], attrs.as<FlipAttrs>().axis.resolve(in[0].rank()))}; },
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64};
        return std::vector<OpSample>{{{x}, FlipAttrs{}}, {{x}, FlipAttrs{-1}}};
    }},
    .read_attrs = read_attrs<FlipAttrs>};

struct TileAttrs {
    Ints repeats;
    static void describe(Schema<TileAttrs>& s) { s.field<&TileAttrs::repeats>().non_negative(); }
};
// x and the repeats with as many axes each.
struct TilePlan { Shape x; Ints repeats; };
TilePlan plan_tile(const Shape& x, const Ints& repeats) {
    TilePlan p{x, repeats};
    while (p.x.rank() < static_cast<int64_t>(repeats.size())) p.x.insert(0, 1);
    while (p.x.rank() > static_cast<int64_t>(p.repeats.size())) p.repeats.insert(p.repeats.begin(), 1);
    for (const int64_t r : repeats)
        if (r < 0) throw ValueError(str("ops.tile: repeats must not be negative. Received: ", Shape(repeats)));
    return p;
}
constinit const Op tile_op = {
    .name = "tile", .keras = "keras.src.ops.numpy.Tile", .doc = "x repeated a number of times along each axis.",
    .infer = [](const InferArgs& a) -> Specs {
        const TilePlan p = plan_tile(a.shape(), a.as<TileAttrs>().repeats);
        Shape out = p.x;
        for (int64_t i = 0; i < out.rank(); ++i)
            if (out[i] >= 0) out[i] = checked_multiply(out[i], p.repeats[static_cast<size_t>(i)]);
        return {{out, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const TilePlan p = plan_tile(in[0].shape(), attrs.as<TileAttrs>().repeats);
        Shape apart, full, out;
        for (int64_t i = 0; i < p.x.rank(); ++i) {
            const int64_t r = p.repeats[static_cast<size_t>(i)];
            apart.push_back(1);
            apart.push_back(p.x[i]);
            full.push_back(r);
            full.push_back(p.x[i]);
            out.push_back(r * p.x[i]);
        }
        return {ops::reshape(ops::broadcast_to(ops::reshape(in[0], apart), full), out)};
    },
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64};
        return std::vector<OpSample>{{{x}, TileAttrs{{2, 2}}}, {{x}, TileAttrs{{3}}}, {{x}, TileAttrs{{2, 1, 1}}}};
    }},
    .read_attrs = read_attrs<TileAttrs>};

struct RepeatAttrs {
    int64_t repeats = 1;
    std::optional<int64_t> axis = {};
    static void describe(Schema<RepeatAttrs>& s) {
        s.field<&RepeatAttrs::repeats>().non_negative();
        s.field<&RepeatAttrs::axis>();
    }
};
constinit const Op repeat_op = {
    .name = "repeat", .keras = "keras.src.ops.numpy.Repeat", .doc = "Each element of x a number of times along an axis.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& r = a.as<RepeatAttrs>();
        if (r.repeats < 0) throw ValueError(str("ops.repeat: repeats must not be negative. Received: ", r.repeats));
        Shape out = r.axis ? a.shape() : Shape{a.shape().is_static() ? a.shape().size() : None};
        int64_t& dim = out[r.axis ? normalize_axis(*r.axis, out.rank()) : 0];
        if (dim >= 0) dim = checked_multiply(dim, r.repeats);
        return {{out, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& r = attrs.as<RepeatAttrs>();
        const Tensor x = r.axis ? in[0] : ops::reshape(in[0], {-1});
        const int64_t axis = r.axis ? normalize_axis(*r.axis, x.rank()) : 0;
        Shape full = x.shape(), out = x.shape();
        full.insert(axis + 1, r.repeats);
        out[axis] *= r.repeats;
        return {ops::reshape(ops::broadcast_to(ops::expand_dims(x, axis + 1), full), out)};
    },
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64};
        return std::vector<OpSample>{{{x}, RepeatAttrs{2, 1}}, {{x}, RepeatAttrs{3, {}}}};
    }},
    .read_attrs = read_attrs<RepeatAttrs>};

struct RollAttrs {
    PerAxis shift = 0;   // of each of the axes named, or of all of them
    Axes axis = {};      // none: of the flattened x
    static void describe(Schema<RollAttrs>& s) {
        s.field<&RollAttrs::shift>();
        s.field<&RollAttrs::axis>();
    }
};
constinit const Op roll_op = {
    .name = "roll", .keras = "keras.src.ops.numpy.Roll", .doc = "x moved along an axis, what leaves entering at the other end.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& r = a.as<RollAttrs>();
        for (const int64_t axis : r.axis.axes) normalize_axis(axis, a.shape().rank());
        if (r.shift.values.size() != 1 && r.shift.values.size() != r.axis.axes.size())
            throw ValueError(str("ops.roll: shift must be one number, or one for each axis. Received: shift=", Shape(r.shift.values), ", axis=", Shape(r.axis.axes)));
        return infer::same(a);
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& r = attrs.as<RollAttrs>();
        const bool flat = r.axis.kind == Axes::Kind::all;
        const Ints axes = flat ? Ints{0} : r.axis.axes;
        Tensor x = flat ? ops::reshape(in[0], {-1}) : in[0];
        for (size_t i = 0; i < axes.size(); ++i) {
            const int64_t axis = normalize_axis(axes[i], x.rank()), n = x.shape()[axis];
            const int64_t shift = r.shift.values[r.shift.values.size() == 1 ? 0 : i], at = n == 0 ? 0 : ((-shift % n) + n) % n;
            if (at != 0) x = ops::concatenate({between(x, axis, at, n), between(x, axis, 0, at)}, axis);
        }
        return {ops::reshape(x, in[0].shape())};
    },
    .samples = {.cases = [] {
        const Spec x{{3, 4}, DType::float64};
        return std::vector<OpSample>{{{x}, RollAttrs{1, 0}}, {{x}, RollAttrs{-5, 1}}, {{x}, RollAttrs{2, {}}}, {{x}, RollAttrs{{1, -1}, {0, 1}}}};
    }},
    .read_attrs = read_attrs<RollAttrs>};

struct SwapaxesAttrs {
    int64_t axis1 = 0, axis2 = 1;
    static void describe(Schema<SwapaxesAttrs>& s) {
        s.field<&SwapaxesAttrs::axis1>();
        s.field<&SwapaxesAttrs::axis2>();
    }
};
Ints swapped(int64_t rank, const SwapaxesAttrs& s) {
    Ints order(static_cast<size_t>(rank));
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
    std::swap(order[static_cast<size_t>(normalize_axis(s.axis1, rank, "axis1"))], order[static_cast<size_t>(normalize_axis(s.axis2, rank, "axis2"))]);
    return order;
}
Specs permuted(const InferArgs& a, const Ints& order) {
    Shape out;
    for (const int64_t i : order) out.push_back(a.shape()[i]);
    return {{out, a.dtype()}};
}
constinit const Op swapaxes_op = {
    .name = "swapaxes", .keras = "keras.src.ops.numpy.Swapaxes", .doc = "x with two axes exchanged.",
    .infer = [](const InferArgs& a) { return permuted(a, swapped(a.shape().rank(), a.as<SwapaxesAttrs>())); },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {ops::transpose(in[0], swapped(in[0].rank(), attrs.as<SwapaxesAttrs>()))}; },
    .samples = {.cases = [] { return std::vector<OpSample>{{{{{2, 3, 4}, DType::float64}}, SwapaxesAttrs{0, -1}}}; }},
    .read_attrs = read_attrs<SwapaxesAttrs>};

struct MoveaxisAttrs {
    Ints source, destination;
    static void describe(Schema<MoveaxisAttrs>& s) {
        s.field<&MoveaxisAttrs::source>();
        s.field<&MoveaxisAttrs::destination>();
    }
};
Ints moved(int64_t rank, const MoveaxisAttrs& m) {
    if (m.source.size() != m.destination.size()) throw ValueError("ops.moveaxis: source and destination must name as many axes.");
    Ints order(static_cast<size_t>(rank), -1), used(static_cast<size_t>(rank), 0);
    for (size_t i = 0; i < m.source.size(); ++i) {
        const int64_t from = normalize_axis(m.source[i], rank, "source");
        int64_t& slot = order[static_cast<size_t>(normalize_axis(m.destination[i], rank, "destination"))];
        if (slot >= 0 || used[static_cast<size_t>(from)]++) throw ValueError("ops.moveaxis: an axis may be named once only.");
        slot = from;
    }
    int64_t next = 0;
    for (int64_t& slot : order) {
        if (slot >= 0) continue;
        while (used[static_cast<size_t>(next)]) ++next;
        slot = next++;
    }
    return order;
}
constinit const Op moveaxis_op = {
    .name = "moveaxis", .keras = "keras.src.ops.numpy.Moveaxis", .doc = "x with some axes at other places.",
    .infer = [](const InferArgs& a) { return permuted(a, moved(a.shape().rank(), a.as<MoveaxisAttrs>())); },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {ops::transpose(in[0], moved(in[0].rank(), attrs.as<MoveaxisAttrs>()))}; },
    .samples = {.cases = [] {
        const Spec x{{2, 3, 4}, DType::float64};
        return std::vector<OpSample>{{{x}, MoveaxisAttrs{{0}, {-1}}}, {{x}, MoveaxisAttrs{{2, 0}, {0, 1}}}};
    }},
    .read_attrs = read_attrs<MoveaxisAttrs>};

struct KerasPadAttrs {
    std::vector<std::pair<int64_t, int64_t>> pad_width;
    std::string mode = "constant";
    std::optional<double> constant_values = {};   // none: 0
    static void describe(Schema<KerasPadAttrs>& s) {
        s.field<&KerasPadAttrs::pad_width>();
        s.field<&KerasPadAttrs::mode>();
        s.field<&KerasPadAttrs::constant_values>();
    }
};
std::vector<std::pair<int64_t, int64_t>> pad_widths(const Shape& x, const KerasPadAttrs& p) {
    auto widths = p.pad_width;
    if (widths.size() == 1 && x.rank() > 1) widths.assign(static_cast<size_t>(x.rank()), widths[0]);
    bool valid = static_cast<int64_t>(widths.size()) == x.rank();
    for (const auto& [low, high] : widths) valid = valid && low >= 0 && high >= 0;
    if (!valid) throw ValueError(str("ops.pad: pad_width must hold two numbers, not negative, for each of the ", x.rank(), " axes. Received: ", Attrs(p).to_string()));
    const bool known = p.mode == "constant" || p.mode == "reflect" || p.mode == "symmetric" || p.mode == "edge";
    if (!known) throw ValueError(str("ops.pad: mode must be \"constant\", \"reflect\", \"symmetric\" or \"edge\". Received: \"", p.mode, "\""));
    for (size_t i = 0; i < widths.size(); ++i) {
        const int64_t size = x[static_cast<int64_t>(i)], needed = std::max(widths[i].first, widths[i].second);
        if (p.mode != "constant" && needed > 0 && size == 0) throw ShapeError(str("ops.pad: mode \"", p.mode, "\" needs elements to repeat. Received: shape ", x));
    }
    return widths;
}
// Which element of an axis of n stands at position i, in front of it or behind.
int64_t mirrored(int64_t i, int64_t n, const std::string& mode) {
    if (mode == "edge" || n == 1) return std::clamp<int64_t>(i, 0, n - 1);
    const int64_t period = mode == "reflect" ? 2 * (n - 1) : 2 * n, m = ((i % period) + period) % period;
    if (m < n) return m;
    return mode == "reflect" ? period - m : period - 1 - m;
}
constinit const Op keras_pad_op = {
    .name = "pad", .keras = "keras.src.ops.numpy.Pad", .doc = "x with elements added around it.", .arguments = "x * constant_values=",
    .infer = [](const InferArgs& a) -> Specs {
        const auto widths = pad_widths(a.shape(), a.as<KerasPadAttrs>());
        Shape out = a.shape();
        for (size_t i = 0; i < widths.size(); ++i) {
            int64_t& dim = out[static_cast<int64_t>(i)];
            if (dim >= 0) dim = checked_add(dim, checked_add(widths[i].first, widths[i].second));
        }
        return {{out, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& p = attrs.as<KerasPadAttrs>();
        const auto widths = pad_widths(in[0].shape(), p);
        Tensor x = in[0];
        if (p.mode == "constant") {
            Ints low, high;
            for (const auto& [l, h] : widths) {
                low.push_back(l);
                high.push_back(h);
            }
            return {prim::pad(x, Tensor::full({}, p.constant_values.value_or(0), x.dtype()), low, high)};
        }
        for (size_t i = 0; i < widths.size(); ++i) {
            const auto [low, high] = widths[i];
            if (low == 0 && high == 0) continue;
            const auto axis = static_cast<int64_t>(i);
            const int64_t n = x.shape()[axis];
            std::vector<int32_t> rows;
            for (int64_t at = -low; at < n + high; ++at) rows.push_back(static_cast<int32_t>(mirrored(at, n, p.mode)));
            x = prim::gather_rows(x, Tensor::from(rows), axis);
        }
        return {x};
    },
    .samples = {.cases = [] {
        const Spec x{{3, 4}, DType::float64};
        return std::vector<OpSample>{{{x}, KerasPadAttrs{{{1, 0}, {2, 1}}, "constant", 0.5}}, {{x}, KerasPadAttrs{{{1, 2}, {3, 1}}, "reflect"}},
                                     {{x}, KerasPadAttrs{{{1, 2}, {5, 1}}, "symmetric"}}, {{x}, KerasPadAttrs{{{0, 2}, {3, 1}}, "edge"}}};
    }},
    .read_attrs = read_attrs<KerasPadAttrs>};

// ---- triangles and diagonals ----

struct KAttrs {
    int64_t k = 0;
    static void describe(Schema<KAttrs>& s) { s.field<&KAttrs::k>(); }
};
Specs matrix_infer(const InferArgs& a) {
    if (a.shape().rank() < 2) throw ShapeError(str("ops.", a.op.name, ": x must have at least two axes. Received: shape ", a.shape()));
    return infer::same(a);
}
// Column minus row, for the last two axes.
Tensor diagonal_number(int64_t rows, int64_t columns) { return prim::iota({rows, columns}, 1, DType::int32) - prim::iota({rows, columns}, 0, DType::int32); }
std::vector<OpSample> triangle_samples() {
    const Spec x{{2, 3, 4}, DType::float64};
    return {{{x}, KAttrs{0}}, {{x}, KAttrs{1}}, {{x}, KAttrs{-2}}};
}
constinit const Op tril_op = {
    .name = "tril", .keras = "keras.src.ops.numpy.Tril", .doc = "The lower triangle of the last two axes, the rest 0.", .infer = matrix_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor keep = diagonal_number(in[0].shape().dim(-2), in[0].shape().back()) <= attrs.as<KAttrs>().k;
        return {ops::where(keep, in[0], Tensor::full({}, 0, in[0].dtype()))};
    },
    .samples = {.cases = triangle_samples}, .read_attrs = read_attrs<KAttrs>};
constinit const Op triu_op = {
    .name = "triu", .keras = "keras.src.ops.numpy.Triu", .doc = "The upper triangle of the last two axes, the rest 0.", .infer = matrix_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor keep = diagonal_number(in[0].shape().dim(-2), in[0].shape().back()) >= attrs.as<KAttrs>().k;
        return {ops::where(keep, in[0], Tensor::full({}, 0, in[0].dtype()))};
    },
    .samples = {.cases = triangle_samples}, .read_attrs = read_attrs<KAttrs>};

constexpr const Op* family[] = {&split_op, &unstack_op, &flip_op, &tile_op, &repeat_op, &roll_op, &swapaxes_op, &moveaxis_op, &keras_pad_op, &tril_op, &triu_op};

bool whole(double v) { return v == std::floor(v) && std::abs(v) < 2147483648.0; }

}  // namespace

std::span<const Op* const> manipulation_ops() { return family; }

namespace ops {

Tensors split(const Tensor& x, int64_t sections, int64_t axis) { return apply(split_op, {x}, SplitAttrs{sections, axis}); }
Tensors split(const Tensor& x, const Ints& indices, int64_t axis) { return apply(split_op, {x}, SplitAttrs{Codec<Ints>::encode(indices), axis}); }
Tensors unstack(const Tensor& x, std::optional<int64_t> num, int64_t axis) { return apply(unstack_op, {x}, UnstackAttrs{num, axis}); }
Tensor flip(const Tensor& x, Axes axis) { return apply1(flip_op, {x}, FlipAttrs{std::move(axis)}); }
Tensor tile(const Tensor& x, const Ints& repeats) { return apply1(tile_op, {x}, TileAttrs{repeats}); }
Tensor repeat(const Tensor& x, int64_t repeats, std::optional<int64_t> axis) { return apply1(repeat_op, {x}, RepeatAttrs{repeats, axis}); }
Tensor roll(const Tensor& x, const PerAxis& shift, Axes axis) { return apply1(roll_op, {x}, RollAttrs{shift, std::move(axis)}); }
Tensor swapaxes(const Tensor& x, int64_t axis1, int64_t axis2) { return apply1(swapaxes_op, {x}, SwapaxesAttrs{axis1, axis2}); }
Tensor moveaxis(const Tensor& x, const Ints& source, const Ints& destination) { return apply1(moveaxis_op, {x}, MoveaxisAttrs{source, destination}); }
Tensor pad(const Tensor& x, const std::vector<std::pair<int64_t, int64_t>>& pad_width, const std::string& mode, double constant_values) {
    return apply1(keras_pad_op, {x}, KerasPadAttrs{pad_width, mode, constant_values == 0 ? std::nullopt : std::optional(constant_values)});
}
Tensor tril(const Tensor& x, int64_t k) { return apply1(tril_op, {x}, KAttrs{k}); }
Tensor triu(const Tensor& x, int64_t k) { return apply1(triu_op, {x}, KAttrs{k}); }

Tensor arange(double start, std::optional<double> stop, double step, OptionalDType dtype) {
    const double from = stop ? start : 0, to = stop ? *stop : start;
    if (step == 0 || !std::isfinite(from) || !std::isfinite(to) || !std::isfinite(step))
        throw ValueError(str("ops.arange: start, stop and step must be finite, and step not zero. Received: start=", from, ", stop=", to, ", step=", step));
    const auto n = static_cast<int64_t>(std::max(0.0, std::ceil((to - from) / step)));
    const DType type = dtype.value_or(whole(from) && whole(to) && whole(step) ? DType::int32 : DType::float32);
    // Computed in double and rounded once, as NumPy does, which JAX hands ranges to.
    std::vector<double> values(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) values[static_cast<size_t>(i)] = from + step * static_cast<double>(i);
    return cast(Tensor::from(values), type);
}
Tensor eye(int64_t n, std::optional<int64_t> m, int64_t k, OptionalDType dtype) {
    if (n < 0 || (m && *m < 0)) throw ValueError(str("ops.eye: sizes must not be negative. Received: n=", n, ", m=", m.value_or(n)));
    return cast(equal(diagonal_number(n, m.value_or(n)), Tensor::full({}, static_cast<double>(k), DType::int32)), dtype.value_or(Context::current().floatx()));
}
Tensor linspace(double start, double stop, int64_t num, bool endpoint, OptionalDType dtype) {
    if (num < 0) throw ValueError(str("ops.linspace: num must not be negative. Received: ", num));
    std::vector<double> values(static_cast<size_t>(num));
    const double parts = static_cast<double>(endpoint ? num - 1 : num);
    for (int64_t i = 0; i < num; ++i) {
        const double t = parts > 0 ? static_cast<double>(i) / parts : 0;
        values[static_cast<size_t>(i)] = start * (1 - t) + stop * t;
    }
    if (endpoint && num > 1) values.back() = stop;
    return cast(Tensor::from(values), dtype.value_or(Context::current().floatx()));
}

}  // namespace ops
}  // namespace cornu
