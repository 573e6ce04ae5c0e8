// Images seen at other coordinates.
#include <cmath>

#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/image.h"
#include "cornu/ops/image_layout.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/linalg.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

using Ints = std::vector<int64_t>;

void check_fill_mode(const Op& op, const std::string& mode) {
    for (const char* name : {"constant", "nearest", "wrap", "mirror", "reflect"})
        if (mode == name) return;
    throw ValueError(str("ops.image.", op.name, ": fill_mode must be \"constant\", \"nearest\", \"wrap\", \"mirror\" or \"reflect\". Received: fill_mode=", mode));
}
int64_t interpolation_order(const Op& op, const std::string& interpolation) {
    if (interpolation == "nearest") return 0;
    if (interpolation == "bilinear") return 1;
    throw ValueError(str("ops.image.", op.name, ": interpolation must be \"nearest\" or \"bilinear\". Received: interpolation=", interpolation));
}

namespace {

// Halves away from zero, as images are rounded here.
Tensor round_away(const Tensor& x) {
    const Tensor whole = ops::trunc(x);
    return ops::where(ops::abs(x - whole) >= 0.5, whole + ops::sign(x), whole);
}

Tensor mirrored(const Tensor& index, int64_t size) {
    const int64_t period = std::max<int64_t>(size - 1, 1);
    return size == 1 ? ops::zeros_like(index) : ops::abs(ops::mod(index + period, 2 * period) - period);
}
// The place inside that stands for one outside.
Tensor fixed(const Tensor& index, int64_t size, const std::string& mode) {
    if (mode == "wrap") return ops::mod(index, size);
    if (mode == "mirror") return mirrored(index, size);
    if (mode == "reflect") return ops::floor_divide(mirrored(2 * index + 1, 2 * size + 1) - 1, 2);
    return ops::clip(index, 0, size - 1);
}

struct Axis {
    Tensor coordinate;
    int64_t size, stride;   // stride in rows of the table
};
// Rows of `table` at coordinates, one per axis, that broadcast against each other; `base` is added
// to the row's number. Rows with elements of their own get weights with a last axis of 1.
Tensor sample(const Tensor& table, const Tensor& base, const std::vector<Axis>& axes, int64_t order, const std::string& mode, double fill_value) {
    struct Node {
        Tensor index, inside, weight;   // undefined: everywhere; 1
    };
    const auto in_place = [&](const Tensor& x) { return table.rank() > 1 && x.rank() > 0 ? ops::expand_dims(x, -1) : x; };
    const auto node = [&](const Axis& axis, const Tensor& index, const Tensor& weight) {
        Node out{fixed(index, axis.size, mode) * axis.stride, {}, weight.defined() ? in_place(weight) : weight};
        if (mode == "constant") out.inside = in_place(ops::logical_and(index >= 0, index < axis.size));
        return out;
    };
    std::vector<std::vector<Node>> nodes;
    for (const Axis& axis : axes) {
        const Tensor& c = axis.coordinate;
        if (order == 0) {
            nodes.push_back({node(axis, ops::cast(is_float(c.dtype()) ? round_away(c) : c, DType::int32), {})});
            continue;
        }
        const Tensor x = ops::cast(c, to_float_dtype(c.dtype())), lower = ops::floor(x), part = x - lower, index = ops::cast(lower, DType::int32);
        nodes.push_back({node(axis, index, 1 - part), node(axis, index + 1, part)});
    }
    const Tensor outside = Tensor::full({}, fill_value, table.dtype());
    Tensor sum;
    for (size_t corner = 0; corner < (size_t(1) << (order == 0 ? 0 : axes.size())); ++corner) {
        Tensor row = base, inside, weight;
        for (size_t i = 0; i < axes.size(); ++i) {
            const Node& n = nodes[i][order == 0 ? 0 : corner >> (axes.size() - 1 - i) & 1];   // the last axis first
            row = row.defined() ? row + n.index : n.index;
            if (n.inside.defined()) inside = inside.defined() ? ops::logical_and(inside, n.inside) : n.inside;
            if (n.weight.defined()) weight = weight.defined() ? weight * n.weight : n.weight;
        }
        Tensor value = ops::take(table, row, 0);
        if (inside.defined()) value = ops::where(inside, value, outside);
        if (weight.defined()) value = weight * value;
        sum = sum.defined() ? sum + value : value;
    }
    if (!is_float(table.dtype()) && is_float(sum.dtype())) sum = round_away(sum);
    return ops::cast(sum, table.dtype());
}

}  // namespace

Tensor pixels_at(const Tensor& images, const Tensor& y, const Tensor& x, int64_t order, const std::string& fill_mode, double fill_value) {
    const int64_t n = images.shape()[0], h = images.shape()[1], w = images.shape()[2], c = images.shape()[3];
    const Tensor base = prim::iota({n, 1, 1}, 0, DType::int32) * (h * w);
    return sample(ops::reshape(images, {n * h * w, c}), base, {{y, h, w}, {x, w, 1}}, order, fill_mode, fill_value);
}

namespace {

// ---- map_coordinates ----

struct MapCoordinatesAttrs {
    int64_t order = 0;
    std::string fill_mode = "constant";
    double fill_value = 0;
    static void describe(Schema<MapCoordinatesAttrs>& s) {
        s.field<&MapCoordinatesAttrs::order>();
        s.field<&MapCoordinatesAttrs::fill_mode>();
        s.field<&MapCoordinatesAttrs::fill_value>();
    }
};
constinit const Op map_coordinates_op = {
    .name = "map_coordinates", .keras = "keras.src.ops.image.MapCoordinates", .doc = "A tensor's values at coordinates, interpolated.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& m = a.as<MapCoordinatesAttrs>();
        check_fill_mode(a.op, m.fill_mode);
        if (m.order != 0 && m.order != 1) throw ValueError(str("ops.image.map_coordinates: order must be 0 or 1. Received: order=", m.order));
        if (a.shape(1).rank() < 2 || a.shape(1)[0] != a.shape(0).rank() || a.shape(0).rank() > 16)
            throw ShapeError(str("ops.image.map_coordinates: coordinates must be of rank 2 or more, and their first axis as long as the rank of inputs. Received: inputs.shape=", a.shape(0), ", coordinates.shape=", a.shape(1)));
        for (const int64_t size : a.shape(0))
            if (size == 0) throw ShapeError(str("ops.image.map_coordinates: inputs must not be empty. Received: inputs.shape=", a.shape(0)));
        check_image_dtype(a.op, a.dtype(0));
        check_image_dtype(a.op, a.dtype(1));
        return {{a.shape(1).without_front(), a.dtype(0)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& m = attrs.as<MapCoordinatesAttrs>();
        const Shape& shape = in[0].shape();
        const Ints strides = strides_of(shape);
        std::vector<Axis> axes;
        for (int64_t i = 0; i < shape.rank(); ++i) {
            Ints start(static_cast<size_t>(in[1].rank()), 0), stop = in[1].shape().dims();
            start[0] = i;
            stop[0] = i + 1;
            axes.push_back({ops::squeeze(prim::slice(in[1], start, stop), {0}), shape[i], strides[static_cast<size_t>(i)]});
        }
        return {sample(ops::reshape(in[0], {-1}), {}, axes, m.order, m.fill_mode, m.fill_value)};
    },
    .samples = {.low = -2, .high = 5, .cases = [] {
        const Spec x{{4, 3}, DType::float64}, at{{2, 3, 2}, DType::float64}, line{{5}, DType::float64}, along{{1, 4}, DType::float64};
        return std::vector<OpSample>{{{x, at}, MapCoordinatesAttrs{1}}, {{x, at}, MapCoordinatesAttrs{0, "constant", 2}}, {{x, at}, MapCoordinatesAttrs{1, "nearest"}},
                                     {{x, at}, MapCoordinatesAttrs{1, "wrap"}}, {{x, at}, MapCoordinatesAttrs{1, "mirror"}}, {{x, at}, MapCoordinatesAttrs{1, "reflect"}},
                                     {{line, along}, MapCoordinatesAttrs{1, "constant", 0.5}}};
    }, .away_from_integers = true},
    .read_attrs = read_attrs<MapCoordinatesAttrs>};

// ---- transforms of images ----

struct AffineAttrs {
    std::string interpolation = "bilinear", fill_mode = "constant";
    double fill_value = 0;
    DataFormat data_format = {};
    static void describe(Schema<AffineAttrs>& s) {
        s.field<&AffineAttrs::interpolation>();
        s.field<&AffineAttrs::fill_mode>();
        s.field<&AffineAttrs::fill_value>();
        s.field<&AffineAttrs::data_format>();
    }
};
struct PerspectiveAttrs {
    std::string interpolation = "bilinear";
    double fill_value = 0;
    DataFormat data_format = {};
    static void describe(Schema<PerspectiveAttrs>& s) {
        s.field<&PerspectiveAttrs::interpolation>();
        s.field<&PerspectiveAttrs::fill_value>();
        s.field<&PerspectiveAttrs::data_format>();
    }
};

void check_batch(const Op& op, const Shape& images, const Shape& transforms, int64_t single_rank, const char* what) {
    const int64_t batch = images.rank() == 4 ? images[0] : 1, count = transforms.rank() == single_rank ? 1 : transforms[0];
    if (batch >= 0 && count >= 0 && count != 1 && count != batch)
        throw ShapeError(str("ops.image.", op.name, ": there must be one ", what, ", or one for each image. Received: images.shape=", images, ", ", what, " of shape ", transforms));
    for (const int64_t size : images)
        if (size == 0) throw ShapeError(str("ops.image.", op.name, ": images must not be empty. Received: images.shape=", images));
}
// 0, 1, … along axis `at` of a rank-4 tensor.
Tensor ramp(int64_t size, int64_t at, DType dtype, int64_t step = 1) {
    Shape shape{1, 1, 1, 1};
    shape[at] = size;
    return prim::iota(shape, at, dtype) * step;
}

constinit const Op affine_transform_op = {
    .name = "affine_transform", .keras = "keras.src.ops.image.AffineTransform", .doc = "Images seen through affine maps of their coordinates.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& t = a.as<AffineAttrs>();
        interpolation_order(a.op, t.interpolation);
        check_fill_mode(a.op, t.fill_mode);
        image_axes(a.op, a.shape(0), t.data_format);
        check_image_dtype(a.op, a.dtype(0));
        check_image_dtype(a.op, a.dtype(1));
        if ((a.shape(1).rank() != 1 && a.shape(1).rank() != 2) || a.shape(1).back() != 8)
            throw ShapeError(str("ops.image.affine_transform: transform must be (8,), or (batch, 8). Received: transform.shape=", a.shape(1)));
        check_batch(a.op, a.shape(0), a.shape(1), 1, "transform");
        return {{a.shape(0), a.dtype(0)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& t = attrs.as<AffineAttrs>();
        const DType dtype = to_float_dtype(in[1].dtype());
        const Tensor transform = ops::cast(in[1].rank() == 1 ? ops::expand_dims(in[1], 0) : in[1], dtype);
        const auto entry = [&](int64_t i) { return ops::reshape(prim::slice(transform, {0, i}, {transform.shape()[0], i + 1}), {transform.shape()[0], 1, 1, 1}); };
        return {with_channels_last(in[0], channels_first(affine_transform_op, t.data_format), [&](const Tensor& x) {
            const int64_t n = x.shape()[0], h = x.shape()[1], w = x.shape()[2], c = x.shape()[3];
            // As in JAX the last two entries multiply the channel's number, so that every channel
            // has coordinates of its own.
            const Tensor column = ramp(w, 2, dtype), row = ramp(h, 1, dtype), channel = ramp(c, 3, dtype);
            const Tensor at_x = row * entry(1) + column * entry(0) + channel * entry(7) + entry(2);
            const Tensor at_y = row * entry(4) + column * entry(3) + channel * entry(6) + entry(5);
            const Tensor base = ramp(n, 0, DType::int32, h * w * c) + ramp(c, 3, DType::int32);
            return sample(ops::reshape(x, {-1}), base, {{at_y, h, w * c}, {at_x, w, c}}, interpolation_order(affine_transform_op, t.interpolation), t.fill_mode, t.fill_value);
        })};
    },
    .samples = {.low = -0.9, .high = 0.9, .cases = [] {
        const Spec one{{3, 4, 2}, DType::float64}, first{{2, 2, 3, 3}, DType::float64}, t{{8}, DType::float64}, ts{{2, 8}, DType::float64};
        return std::vector<OpSample>{{{one, t}, AffineAttrs{}}, {{first, ts}, AffineAttrs{"bilinear", "reflect", 0, "channels_first"}}, {{one, t}, AffineAttrs{"nearest", "constant", 0.5}}};
    }},
    .read_attrs = read_attrs<AffineAttrs>};

}  // namespace

Tensor homography(const Tensor& start, const Tensor& end) {
    const auto column = [](const Tensor& points, int64_t i) { return ops::squeeze(prim::slice(points, {0, 0, i}, {points.shape()[0], 4, i + 1}), {2}); };
    const Tensor sx = column(start, 0), sy = column(start, 1), ex = column(end, 0), ey = column(end, 1);
    const Tensor none = ops::zeros_like(ex), ones = ops::ones_like(ex);
    const Tensor x_rows = ops::stack({ex, ey, ones, none, none, none, -sx * ex, -sx * ey}, -1);
    const Tensor y_rows = ops::stack({none, none, none, ex, ey, ones, -sy * ex, -sy * ey}, -1);
    const Tensor target = ops::expand_dims(ops::concatenate({sx, sy}, 1), -1);
    return ops::squeeze(ops::solve(ops::concatenate({x_rows, y_rows}, 1), target), {-1});
}

namespace {

constinit const Op perspective_transform_op = {
    .name = "perspective_transform", .keras = "keras.src.ops.image.PerspectiveTransform", .doc = "Images seen in the perspective that takes four points to four others.", .inputs = 3,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& t = a.as<PerspectiveAttrs>();
        interpolation_order(a.op, t.interpolation);
        image_axes(a.op, a.shape(0), t.data_format);
        for (size_t i = 0; i < 3; ++i) check_image_dtype(a.op, a.dtype(i));
        const Shape& p = a.shape(1);
        if ((p.rank() != 2 && p.rank() != 3) || p.dim(-2) != 4 || p.dim(-1) != 2 || !(p == a.shape(2)))
            throw ShapeError(str("ops.image.perspective_transform: start_points and end_points must both be (4, 2), or (batch, 4, 2). Received: start_points.shape=", p, ", end_points.shape=", a.shape(2)));
        check_batch(a.op, a.shape(0), p, 2, "set of points");
        return {{a.shape(0), a.dtype(0)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& t = attrs.as<PerspectiveAttrs>();
        // Keras computes in float32 whatever the points are made of.
        const DType dtype = in[1].dtype() == DType::float64 ? DType::float64 : DType::float32;
        const auto points = [&](const Tensor& p) { return ops::cast(p.rank() == 2 ? ops::expand_dims(p, 0) : p, dtype); };
        const Tensor map = homography(points(in[1]), points(in[2]));
        const auto entry = [&](int64_t i) { return ops::reshape(prim::slice(map, {0, i}, {map.shape()[0], i + 1}), {map.shape()[0], 1, 1}); };
        return {with_channels_last(in[0], channels_first(perspective_transform_op, t.data_format), [&](const Tensor& x) {
            const int64_t h = x.shape()[1], w = x.shape()[2];
            const Tensor column = prim::iota({1, 1, w}, 2, dtype), row = prim::iota({1, h, 1}, 1, dtype);
            const Tensor depth = entry(6) * column + entry(7) * row + 1;
            const Tensor at_x = (entry(0) * column + entry(1) * row + entry(2)) / depth;
            const Tensor at_y = (entry(3) * column + entry(4) * row + entry(5)) / depth;
            return pixels_at(x, at_y, at_x, interpolation_order(perspective_transform_op, t.interpolation), "constant", t.fill_value);
        })};
    },
    .samples = {.cases = [] {
        const Spec one{{3, 4, 2}, DType::float64}, first{{2, 2, 3, 3}, DType::float64}, p{{4, 2}, DType::float64}, ps{{2, 4, 2}, DType::float64};
        return std::vector<OpSample>{{{one, p, p}, PerspectiveAttrs{}}, {{first, ps, ps}, PerspectiveAttrs{"bilinear", 0.5, "channels_first"}}, {{one, p, p}, PerspectiveAttrs{"nearest"}}};
    }, .distinct = true},
    .read_attrs = read_attrs<PerspectiveAttrs>};

constexpr const Op* family[] = {&map_coordinates_op, &affine_transform_op, &perspective_transform_op};

}  // namespace

std::span<const Op* const> image_transform_ops() { return family; }

namespace ops::image {

Tensor map_coordinates(const Tensor& inputs, const Tensor& coordinates, int64_t order, const std::string& fill_mode, double fill_value) {
    return apply1(map_coordinates_op, {inputs, coordinates}, MapCoordinatesAttrs{order, fill_mode, fill_value});
}
Tensor affine_transform(const Tensor& images, const Tensor& transform, const TransformOptions& o) {
    return apply1(affine_transform_op, {images, transform}, AffineAttrs{o.interpolation, o.fill_mode, o.fill_value, data_format_of(o.data_format)});
}
Tensor perspective_transform(const Tensor& images, const Tensor& start_points, const Tensor& end_points, const std::string& interpolation, double fill_value, const std::string& data_format) {
    return apply1(perspective_transform_op, {images, start_points, end_points}, PerspectiveAttrs{interpolation, fill_value, data_format_of(data_format)});
}

}  // namespace ops::image
}  // namespace cornu
