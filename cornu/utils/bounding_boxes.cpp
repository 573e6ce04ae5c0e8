#include "cornu/utils/bounding_boxes.h"

#include <algorithm>
#include <array>
#include <numbers>

#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/context.h"

namespace cornu::utils::bounding_boxes {

namespace {

// How the four numbers of a format are to be read: by their order, and what the last two mean.
struct Format {
    const char* name;
    enum class Kind { corners, size, center } kind;
    bool rows_first = false, relative = false;
};
constexpr std::array formats = {
    Format{"xyxy", Format::Kind::corners},
    Format{"yxyx", Format::Kind::corners, true},
    Format{"xywh", Format::Kind::size},
    Format{"center_xywh", Format::Kind::center},
    Format{"center_yxhw", Format::Kind::center, true},
    Format{"rel_xyxy", Format::Kind::corners, false, true},
    Format{"rel_yxyx", Format::Kind::corners, true, true},
    Format{"rel_xywh", Format::Kind::size, false, true},
    Format{"rel_center_xywh", Format::Kind::center, false, true},
};

const Format& format_of(std::string name) {
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto found = std::find_if(formats.begin(), formats.end(), [&](const Format& f) { return name == f.name; });
    if (found == formats.end())
        throw ValueError(str("a bounding box format must be one of xyxy, yxyx, xywh, center_xywh, center_yxhw, rel_xyxy, rel_yxyx, rel_xywh, rel_center_xywh. Received: ", name));
    return *found;
}

using Four = std::array<Tensor, 4>;
Four columns(const Tensor& boxes) {
    const Tensors parts = ops::split(boxes, 4, -1);
    return {parts[0], parts[1], parts[2], parts[3]};
}
Tensor joined(const Four& parts) { return ops::concatenate({parts.begin(), parts.end()}, -1); }

// Two opposite corners, x before y, in the unit of the format.
Four corners(const Tensor& boxes, const Format& format) {
    Four b = columns(boxes);
    if (format.rows_first) b = {b[1], b[0], b[3], b[2]};
    if (format.kind == Format::Kind::size) return {b[0], b[1], b[0] + b[2], b[1] + b[3]};
    if (format.kind == Format::Kind::corners) return b;
    const Tensor half_width = b[2] / 2, half_height = b[3] / 2;
    return {b[0] - half_width, b[1] - half_height, b[0] + half_width, b[1] + half_height};
}
Tensor from_corners(const Four& c, const Format& format) {
    Four b = c;
    if (format.kind != Format::Kind::corners) {
        b[2] = c[2] - c[0];
        b[3] = c[3] - c[1];
    }
    if (format.kind == Format::Kind::center) {
        b[0] = c[0] + b[2] / 2;
        b[1] = c[1] + b[3] / 2;
    }
    return joined(format.rows_first ? Four{b[1], b[0], b[3], b[2]} : b);
}

Tensor sized(const Tensor& size, DType dtype) { return size.defined() ? ops::cast(size, dtype) : size; }

}  // namespace

Tensor convert_format(const Tensor& boxes, const std::string& source, const std::string& target, const Tensor& height, const Tensor& width, DType dtype) {
    if (boxes.rank() == 0 || boxes.shape().back() != 4)
        throw ShapeError(str("`boxes` must be a tensor with the last dimension of 4. Received: boxes.shape=", boxes.shape()));
    const Format &from = format_of(source), &to = format_of(target);
    if ((from.relative || to.relative) && !(height.defined() && width.defined()))
        throw ValueError(str("convert_format() must receive `height` and `width` transforming between relative and absolute formats. Received: source=", source, ", target=", target));
    const Tensor x = ops::cast(boxes, dtype);
    if (&from == &to) return x;
    Four c = corners(x, from);
    if (from.relative != to.relative) {
        const Tensor w = sized(width, dtype), h = sized(height, dtype);
        for (size_t i = 0; i < 4; ++i) {
            const Tensor& size = i % 2 == 0 ? w : h;
            c[i] = from.relative ? c[i] * size : c[i] / size;
        }
    }
    return from_corners(c, to);
}

BoundingBoxes convert_format(BoundingBoxes boxes, const std::string& source, const std::string& target, const Tensor& height, const Tensor& width, DType dtype) {
    boxes.boxes = convert_format(boxes.boxes, source, target, height, width, dtype);
    return boxes;
}

BoundingBoxes clip_to_image_size(BoundingBoxes boxes, const Tensor& height, const Tensor& width, const std::string& bounding_box_format) {
    const bool relative = bounding_box_format == "rel_xyxy";
    if (!relative && bounding_box_format != "xyxy")
        throw ValueError(str("clip_to_image_size: bounding_box_format must be \"xyxy\" or \"rel_xyxy\". Received: ", bounding_box_format));
    if (!relative && !(height.defined() && width.defined()))
        throw ValueError("clip_to_image_size: `height` and `width` must be set if `bounding_box_format` is \"xyxy\". Received: none");
    const DType dtype = boxes.boxes.dtype();
    const Tensor right = relative ? Tensor(1.0) : sized(width, dtype), bottom = relative ? Tensor(1.0) : sized(height, dtype);
    Four c = columns(boxes.boxes);
    for (size_t i = 0; i < 4; ++i) c[i] = ops::minimum(ops::maximum(c[i], 0), i % 2 == 0 ? right : bottom);
    boxes.boxes = joined(c);
    if (boxes.labels.defined()) {
        const Tensor area = ops::squeeze((c[2] - c[0]) * (c[3] - c[1]), {-1});
        boxes.labels = ops::where(area > 0, boxes.labels, -1);
    }
    return boxes;
}

Tensor affine_transform(const Tensor& boxes, const Affine& a, int64_t height, int64_t width) {
    const double radians = std::numbers::pi / 180.0, w = static_cast<double>(width - 1), h = static_cast<double>(height - 1);
    const double cx = a.center_x * w, cy = a.center_y * h;
    const Tensor rotation = -a.angle * radians, sx = -a.shear_x * radians, sy = -a.shear_y * radians;
    const Tensor x = cx - a.translate_x * w, y = cy - a.translate_y * h;
    const Tensor cos_sy = ops::cos(sy), tan_sx = ops::tan(sx), skew = rotation - sy;
    const Tensor p = ops::cos(skew) / cos_sy, q = p * tan_sx + ops::sin(rotation);
    const Tensor r = -ops::sin(skew) / cos_sy, s = ops::cos(rotation) - r * tan_sx;
    // The inverse map, one number per image.
    const auto per_image = [](const Tensor& v) { return ops::reshape(v, {-1, 1, 1}); };
    const Tensor a0 = s * a.scale, a1 = -q * a.scale, b0 = -r * a.scale, b1 = p * a.scale;
    const Tensor a2 = cx - a0 * x - a1 * y, b2 = cy - b0 * x - b1 * y;
    const Four c = columns(ops::cast(boxes, a.angle.dtype()));
    const Tensor xs = ops::concatenate({c[0], c[2], c[2], c[0]}, -1), ys = ops::concatenate({c[1], c[1], c[3], c[3]}, -1);
    const Tensor to_x = per_image(a0) * xs + per_image(a1) * ys + per_image(a2), to_y = per_image(b0) * xs + per_image(b1) * ys + per_image(b2);
    return joined({ops::min(to_x, -1, true), ops::min(to_y, -1, true), ops::max(to_x, -1, true), ops::max(to_y, -1, true)});
}

Tensor crop(const Tensor& boxes, const Tensor& top, const Tensor& left, const Tensor& height, const Tensor& width) {
    Four c = columns(boxes);
    for (size_t i = 0; i < 4; ++i) c[i] = ops::minimum(ops::maximum(c[i] - (i % 2 == 0 ? left : top), 0), i % 2 == 0 ? width : height);
    return joined(c);
}

Tensor pad(const Tensor& boxes, const Tensor& top, const Tensor& left) {
    Four c = columns(boxes);
    for (size_t i = 0; i < 4; ++i) c[i] = c[i] + (i % 2 == 0 ? left : top);
    return joined(c);
}

Tensor compute_iou(const Tensor& boxes1, const Tensor& boxes2, const std::string& bounding_box_format, std::optional<double> mask_value, const Tensor& height, const Tensor& width) {
    for (const Tensor* boxes : {&boxes1, &boxes2})
        if (boxes->rank() != 2 && boxes->rank() != 3)
            throw ShapeError(str("compute_iou() expects boxes of rank 2, or 3 with a batch. Received: boxes1.shape=", boxes1.shape(), ", boxes2.shape=", boxes2.shape()));
    const Tensor first = convert_format(boxes1, bounding_box_format, "xyxy", height, width), second = convert_format(boxes2, bounding_box_format, "xyxy", height, width);
    // Those of boxes2 along the last axis.
    const auto across = [](const Tensor& x) { return ops::swapaxes(x, -1, -2); };
    const Four a = columns(first), b = columns(second);
    const auto common = [&](size_t low) { return ops::maximum(ops::minimum(a[low + 2], across(b[low + 2])) - ops::maximum(a[low], across(b[low])), 0); };
    const auto area = [](const Four& c) { return (c[2] - c[0]) * (c[3] - c[1]); };
    const Tensor both = common(0) * common(1), iou = both / (area(a) + across(area(b)) - both + Context::current().epsilon());
    if (!mask_value) return iou;
    const auto none = [](const Tensor& boxes) { return ops::max(boxes, -1, true) < 0; };
    return ops::where(ops::logical_or(none(first), across(none(second))), *mask_value, iou);
}

Tensor compute_ciou(const Tensor& boxes1, const Tensor& boxes2, const std::string& bounding_box_format) {
    if (format_of(bounding_box_format).relative)
        throw ValueError(str("compute_ciou() takes absolute formats. Received: bounding_box_format=", bounding_box_format));
    const double epsilon = Context::current().epsilon();
    const Four a = columns(convert_format(boxes1, bounding_box_format, "xyxy")), b = columns(convert_format(boxes2, bounding_box_format, "xyxy"));
    const Tensor w1 = a[2] - a[0], h1 = a[3] - a[1] + epsilon, w2 = b[2] - b[0], h2 = b[3] - b[1] + epsilon;
    const auto common = [&](size_t low) { return ops::maximum(ops::minimum(a[low + 2], b[low + 2]) - ops::maximum(a[low], b[low]), 0); };
    const auto around = [&](size_t low) { return ops::square(ops::maximum(a[low + 2], b[low + 2]) - ops::minimum(a[low], b[low])); };
    const auto apart = [&](size_t low) { return ops::square((a[low] + a[low + 2]) / 2 - (b[low] + b[low + 2]) / 2); };
    const Tensor both = common(0) * common(1), iou = both / (w1 * h1 + w2 * h2 - both + 2 * epsilon);
    const Tensor v = ops::square(ops::arctan(w2 / h2) - ops::arctan(w1 / h1)) * (4 / (std::numbers::pi * std::numbers::pi));
    const Tensor alpha = v / (v - iou + (1 + epsilon)), distance = (apart(0) + apart(1)) / (around(0) + around(1) + epsilon);
    return ops::squeeze(iou - (distance + v * alpha), {-1});
}

namespace {

Tensor anchors_as(const Tensor& anchors, const std::string& format, const DeltaOptions& o, const char* what) {
    if (o.encoding_format != "center_xywh" && o.encoding_format != "center_yxhw")
        throw ValueError(str(what, ": `encoding_format` should be one of 'center_xywh' or 'center_yxhw'. Received: ", o.encoding_format));
    if (!o.variance.empty() && o.variance.size() != 4) throw ValueError(str(what, ": `variance` must be of length 4. Received: ", o.variance.size(), " numbers"));
    return convert_format(anchors, format, o.encoding_format, o.height, o.width);
}
Tensor variance_of(const DeltaOptions& o) { return ops::cast(Tensor::from(o.variance), DType::float32); }
struct Halves {
    Tensor center, size;
    explicit Halves(const Tensor& x) {
        const Tensors parts = ops::split(x, 2, -1);
        center = parts[0];
        size = parts[1];
    }
};

}  // namespace

Tensor encode_box_to_deltas(const Tensor& anchors, const Tensor& boxes, const std::string& anchor_format, const std::string& box_format, const DeltaOptions& options) {
    const Halves anchor(anchors_as(anchors, anchor_format, options, "encode_box_to_deltas")), box(convert_format(boxes, box_format, options.encoding_format, options.height, options.width));
    const double epsilon = Context::current().epsilon();
    const Tensor size = ops::maximum(anchor.size, epsilon);
    const Tensor delta = ops::concatenate({(box.center - anchor.center) / size, ops::log(ops::maximum(box.size, epsilon) / size)}, -1);
    return options.variance.empty() ? delta : delta / variance_of(options);
}

Tensor decode_deltas_to_boxes(const Tensor& anchors, const Tensor& boxes_delta, const std::string& anchor_format, const std::string& box_format, const DeltaOptions& options) {
    const Halves anchor(anchors_as(anchors, anchor_format, options, "decode_deltas_to_boxes"));
    const Halves delta(options.variance.empty() ? boxes_delta : boxes_delta * variance_of(options));
    const Tensor box = ops::concatenate({delta.center * anchor.size + anchor.center, ops::exp(delta.size) * anchor.size}, -1);
    return convert_format(box, options.encoding_format, box_format, options.height, options.width);
}

}  // namespace cornu::utils::bounding_boxes
