// One-hot and slices of indexing.h.
#include <limits>

#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

using Ints = std::vector<int64_t>;

// Spelled as Python's slice(start, stop, step) in a `.keras` file's node arguments.
template <> struct Codec<ops::Index> {
    static Json encode(const ops::Index& v) {
        if (const auto* i = std::get_if<int64_t>(&v)) return *i;
        if (std::holds_alternative<ops::NewAxis>(v)) return {};
        if (std::holds_alternative<ops::Ellipsis>(v)) {
            Json out = Json::object();
            out.set("class_name", "__ellipsis__");
            out.set("config", Json::object());
            return out;
        }
        const auto& s = std::get<ops::SliceIndex>(v);
        Json config = Json::object(), out = Json::object();
        config.set("start", Codec<std::optional<int64_t>>::encode(s.start));
        config.set("stop", Codec<std::optional<int64_t>>::encode(s.stop));
        config.set("step", Codec<std::optional<int64_t>>::encode(s.step));
        out.set("class_name", "__slice__");
        out.set("config", std::move(config));
        return out;
    }
    static void decode(const Json& j, ops::Index& v) {
        if (j.is_null()) v = ops::NewAxis{};
        else if (j.is_int()) v = j.as_int();
        else if (j["class_name"].as_string() == "__slice__") {
            ops::SliceIndex s;
            Codec<std::optional<int64_t>>::decode(j["config"]["start"], s.start);
            Codec<std::optional<int64_t>>::decode(j["config"]["stop"], s.stop);
            Codec<std::optional<int64_t>>::decode(j["config"]["step"], s.step);
            v = s;
        } else v = ops::Ellipsis{};
    }
};

namespace {

struct OneHotAttrs {
    int64_t num_classes = 1;
    int64_t axis = -1;
    std::optional<DType> dtype = {};
    bool sparse = false;
    static void describe(Schema<OneHotAttrs>& s) {
        s.field<&OneHotAttrs::num_classes>().non_negative();
        s.field<&OneHotAttrs::axis>();
        s.field<&OneHotAttrs::dtype>();
        s.field<&OneHotAttrs::sparse>();
    }
    DType resolved() const { return dtype.value_or(Context::current().floatx()); }
};
Shape one_hot_shape(const InferArgs& a, const OneHotAttrs& o) {
    if (o.sparse) throw UnsupportedError(str("ops.", a.op.name, ": sparse tensors are not supported."));
    if (o.num_classes < 0) throw ValueError(str("ops.", a.op.name, ": num_classes must not be negative. Received: ", o.num_classes));
    Shape out = a.shape();
    out.insert(normalize_axis(o.axis, out.rank() + 1), o.num_classes);
    return out;
}
std::vector<OpSample> one_hot_cases() {
    const Spec x{{2, 3}, DType::int32};
    return {{{x}, OneHotAttrs{4}}, {{x}, OneHotAttrs{3, 0, DType::int32}}};
}
constinit const Op one_hot_op = {
    .name = "one_hot", .keras = "keras.src.ops.nn.OneHot", .doc = "1 at the index that x holds along a new axis, else 0.",
    .infer = [](const InferArgs& a) -> Specs { return {{one_hot_shape(a, a.as<OneHotAttrs>()), a.as<OneHotAttrs>().resolved()}}; },
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& o = attrs.as<OneHotAttrs>();
        const Tensor& x = in[0];
        const int64_t axis = normalize_axis(o.axis, x.rank() + 1);
        Shape shape(Ints(static_cast<size_t>(x.rank()) + 1, 1));
        shape[axis] = o.num_classes;
        const Tensor classes = prim::iota(shape, axis, is_integer(x.dtype()) && bits(x.dtype()) == 64 ? DType::int64 : DType::int32);
        return {ops::cast(ops::equal(ops::expand_dims(x, axis), classes), o.resolved())};
    },
    .traits = {.fused = true},
    .samples = {.low = -1, .high = 4, .cases = one_hot_cases},
    .read_attrs = read_attrs<OneHotAttrs>};

int64_t multi_hot_axis(int64_t rank) { return rank > 1 ? 1 : 0; }
constinit const Op multi_hot_op = {
    .name = "multi_hot", .keras = "keras.src.ops.nn.MultiHot", .doc = "1 at every index that a row of x holds, else 0.",
    .infer = [](const InferArgs& a) -> Specs {
        return {{reduced_shape(one_hot_shape(a, a.as<OneHotAttrs>()), {multi_hot_axis(a.shape().rank())}, false), a.as<OneHotAttrs>().resolved()}};
    },
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        return {ops::max(apply1(one_hot_op, {ops::cast(in[0], DType::int32)}, attrs), multi_hot_axis(in[0].rank()))};
    },
    .samples = {.low = -1, .high = 4, .cases = [] { return std::vector<OpSample>{{{{{2, 3}, DType::int32}}, OneHotAttrs{4}}}; }},
    .read_attrs = read_attrs<OneHotAttrs>};

// The entries of a vector of positions, as scalars.
Tensors scalars(const Tensor& start) {
    Tensors out;
    for (int64_t i = 0; i < start.size(); ++i) out.push_back(ops::reshape(prim::slice(start, {i}, {i + 1}), {}));
    return out;
}
void check_start(const Op& op, const Shape& x, const Shape& start) {
    if (start.rank() != 1 || (start[0] >= 0 && start[0] != x.rank()))
        throw ShapeError(str("ops.", op.name, ": start_indices must have one entry per axis of inputs. Received: inputs.shape=", x, ", start_indices.shape=", start));
}

struct SliceShapeAttrs {
    Shape shape;
    static void describe(Schema<SliceShapeAttrs>& s) { s.field<&SliceShapeAttrs::shape>(); }
};
constinit const Op slice_op = {
    .name = "slice", .keras = "keras.src.ops.core.Slice", .doc = "A window of inputs at a position.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const Shape& shape = a.as<SliceShapeAttrs>().shape;
        check_start(a.op, a.shape(0), a.shape(1));
        bool fits = shape.rank() == a.shape(0).rank();
        for (int64_t i = 0; fits && i < shape.rank(); ++i) fits = shape[i] >= 0 && (a.shape(0)[i] < 0 || shape[i] <= a.shape(0)[i]);
        if (!fits) throw ShapeError(str("ops.slice: shape must lie within inputs. Received: inputs.shape=", a.shape(0), ", shape=", shape));
        return {{shape, a.dtype(0)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        return {prim::dynamic_slice(in[0], scalars(in[1]), attrs.as<SliceShapeAttrs>().shape)};
    },
    .samples = {.low = 0, .high = 2, .cases = [] { return std::vector<OpSample>{{{{{4, 5}, DType::float64}, {{2}, DType::int32}}, SliceShapeAttrs{{2, 3}}}}; }},
    .read_attrs = read_attrs<SliceShapeAttrs>};

constinit const Op slice_update_op = {
    .name = "slice_update", .keras = "keras.src.ops.core.SliceUpdate", .doc = "The inputs with a window at a position replaced.", .inputs = 3,
    .infer = [](const InferArgs& a) -> Specs {
        check_start(a.op, a.shape(0), a.shape(1));
        return {{a.shape(0), a.dtype(0)}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        return {prim::dynamic_update_slice(in[0], ops::cast(in[2], in[0].dtype()), scalars(in[1]))};
    },
    .samples = {.low = 0, .high = 2, .cases = [] { return std::vector<OpSample>{{{{{4, 5}, DType::float64}, {{2}, DType::int32}, {{2, 3}, DType::float64}}}}; }}};

// ---- x[key] ----

struct GetItemAttrs {
    std::vector<ops::Index> key;
    static void describe(Schema<GetItemAttrs>& s) { s.field<&GetItemAttrs::key>(); }
};

// What a key asks of each axis of x, and the shape of the result.
struct Selection {
    Ints start, stop, stride, reversed;  // per axis of x
    Shape out;
};

// Python's slice.indices.
void resolve_slice(const ops::SliceIndex& s, int64_t size, Selection& out, int64_t axis) {
    if (s.step == 0) throw ValueError("ops.get_item: the step of a slice must not be zero.");
    const int64_t step = std::clamp(s.step.value_or(1), -size - 1, size + 1);   // beyond that it takes one element, all the same
    const auto bound = [&](int64_t v, int64_t low, int64_t high) { return std::clamp(v < 0 ? v + size : v, low, high); };
    int64_t first, count;
    if (step > 0) {
        first = s.start ? bound(*s.start, 0, size) : 0;
        const int64_t last = s.stop ? bound(*s.stop, 0, size) : size;
        count = last > first ? (last - first + step - 1) / step : 0;
    } else {
        first = s.start ? bound(*s.start, -1, size - 1) : size - 1;
        const int64_t last = s.stop ? bound(*s.stop, -1, size - 1) : -1;
        count = first > last ? (first - last - step - 1) / -step : 0;
    }
    const int64_t low = count == 0 ? 0 : step > 0 ? first : first + (count - 1) * step;
    const int64_t stride = std::abs(step);
    out.start.push_back(low);
    out.stop.push_back(count == 0 ? 0 : low + (count - 1) * stride + 1);
    out.stride.push_back(stride);
    if (step < 0) out.reversed.push_back(axis);
    out.out.push_back(count);
}

Selection resolve_key(const Shape& x, const std::vector<ops::Index>& given) {
    std::vector<ops::Index> key = given;
    const auto is_ellipsis = [](const ops::Index& i) { return std::holds_alternative<ops::Ellipsis>(i); };
    int64_t consumed = 0;
    for (const ops::Index& i : key) consumed += !is_ellipsis(i) && !std::holds_alternative<ops::NewAxis>(i);
    const auto ellipses = std::count_if(key.begin(), key.end(), is_ellipsis);
    if (ellipses > 1) throw ValueError("ops.get_item: a key may hold one ellipsis only.");
    if (consumed > x.rank()) throw ShapeError(str("ops.get_item: too many indices, ", consumed, ". Received: shape ", x));
    if (ellipses == 0) key.push_back(ops::Ellipsis{});
    Selection s;
    int64_t axis = 0;
    const auto whole = [&] {
        if (x[axis] >= 0) return resolve_slice({}, x[axis], s, axis);
        s.start.push_back(0);
        s.stop.push_back(None);
        s.stride.push_back(1);
        s.out.push_back(None);
    };
    for (const ops::Index& i : key) {
        if (is_ellipsis(i)) {
            for (int64_t n = x.rank() - consumed; n > 0; --n, ++axis) whole();
        } else if (std::holds_alternative<ops::NewAxis>(i)) {
            s.out.push_back(1);
        } else if (const auto* at = std::get_if<int64_t>(&i)) {
            const int64_t size = x[axis], index = *at < 0 && size >= 0 ? *at + size : *at;
            if ((size >= 0 && (index < 0 || index >= size)) || index == std::numeric_limits<int64_t>::max())
                throw ValueError(str("ops.get_item: index ", *at, " is out of bounds for axis ", axis, " of size ", size, "."));
            s.start.push_back(index);
            s.stop.push_back(index + 1);
            s.stride.push_back(1);
            ++axis;
        } else {
            if (x[axis] < 0) whole();
            else resolve_slice(std::get<ops::SliceIndex>(i), x[axis], s, axis);
            ++axis;
        }
    }
    return s;
}

constinit const Op get_item_op = {
    .name = "get_item", .keras = "keras.src.ops.numpy.GetItem", .doc = "x[key] of integers, slices, None and an ellipsis.", .arguments = "x key=",
    .infer = [](const InferArgs& a) -> Specs { return {{resolve_key(a.shape(), a.as<GetItemAttrs>().key).out, a.dtype()}}; },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Selection s = resolve_key(in[0].shape(), attrs.as<GetItemAttrs>().key);
        Tensor y = in[0];
        if (s.stop != y.shape().dims() || s.start != Ints(s.start.size(), 0) || s.stride != Ints(s.stride.size(), 1))
            y = prim::slice(y, s.start, s.stop, s.stride);
        if (!s.reversed.empty()) y = prim::reverse(y, s.reversed);
        return {ops::reshape(y, s.out)};
    },
    .samples = {.cases = [] {
        const Spec x{{4, 5, 3}, DType::float64};
        using namespace ops;
        return std::vector<OpSample>{{{x}, GetItemAttrs{{SliceIndex{}, SliceIndex{1, 4, {}}}}}, {{x}, GetItemAttrs{{int64_t(-1), Ellipsis{}, NewAxis{}}}},
                                     {{x}, GetItemAttrs{{Ellipsis{}, SliceIndex{{}, {}, -2}, int64_t(0)}}}, {{x}, GetItemAttrs{{SliceIndex{3, 1, {}}}}}};
    }},
    .read_attrs = read_attrs<GetItemAttrs>};

constexpr const Op* family[] = {&one_hot_op, &multi_hot_op, &slice_op, &slice_update_op, &get_item_op};

}  // namespace

std::span<const Op* const> selection_ops() { return family; }

namespace ops {
Tensor one_hot(const Tensor& x, int64_t num_classes, int64_t axis, OptionalDType dtype) { return apply1(one_hot_op, {x}, OneHotAttrs{num_classes, axis, dtype}); }
Tensor multi_hot(const Tensor& x, int64_t num_classes, int64_t axis, OptionalDType dtype) { return apply1(multi_hot_op, {x}, OneHotAttrs{num_classes, axis, dtype}); }
Tensor slice(const Tensor& inputs, const Tensor& start_indices, const Shape& shape) { return apply1(slice_op, {inputs, start_indices}, SliceShapeAttrs{shape}); }
Tensor slice_update(const Tensor& inputs, const Tensor& start_indices, const Tensor& updates) { return apply1(slice_update_op, {inputs, start_indices, updates}); }
Tensor get_item(const Tensor& x, std::vector<Index> key) { return apply1(get_item_op, {x}, GetItemAttrs{std::move(key)}); }
}  // namespace ops
}  // namespace cornu
