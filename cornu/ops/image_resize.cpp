// Resampling by weight matrices, one matrix product an axis; cropping and padding.
#include <cmath>
#include <numbers>

#include "cornu/ops/catalogue.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/image.h"
#include "cornu/ops/image_layout.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

using Ints = std::vector<int64_t>;

namespace {

enum class Filter { triangle, cubic, lanczos3, lanczos5 };

// The filters at distances x >= 0.
Tensor lanczos(double radius, const Tensor& x) {
    constexpr double pi = std::numbers::pi;
    const Tensor y = radius * ops::sin(pi * x) * ops::sin(pi / radius * x);
    const Tensor apart = ops::where(ops::equal(x, 0), ops::ones_like(x), pi * pi * x * x);
    return ops::where(x > radius, ops::zeros_like(x), ops::where(x > 1e-3, y / apart, ops::ones_like(x)));
}
Tensor keys_cubic(const Tensor& x) {
    const Tensor near = ((1.5 * x - 2.5) * x) * x + 1, far = ((-0.5 * x + 2.5) * x - 4) * x + 2;
    return ops::where(x >= 2, ops::zeros_like(x), ops::where(x >= 1, far, near));
}
Tensor filtered(Filter filter, const Tensor& x) {
    switch (filter) {
        case Filter::cubic: return keys_cubic(x);
        case Filter::lanczos3: return lanczos(3, x);
        case Filter::lanczos5: return lanczos(5, x);
        case Filter::triangle: break;
    }
    return ops::maximum(0, 1 - x);
}

// The (out, in) matrix that resamples an axis; scale and translation are scalars of its dtype.
Tensor weights(int64_t in, int64_t out, const Tensor& scale, const Tensor& translation, Filter filter, bool antialias) {
    const DType dtype = scale.dtype();
    const Tensor inverse = 1 / scale;
    const Tensor centre = (prim::iota({out, 1}, 0, dtype) + 0.5) * inverse - translation * inverse - 0.5;
    Tensor distance = ops::abs(centre - prim::iota({1, in}, 1, dtype));
    if (antialias) distance = distance / ops::maximum(inverse, 1);
    const Tensor raw = filtered(filter, distance), total = ops::sum(raw, 1, true), none = Tensor::full({}, 0, dtype);
    const Tensor divisor = ops::where(ops::equal(total, 0), ops::ones_like(total), total);
    constexpr double least = 1000 * 1.1920928955078125e-07;   // of float32, whatever the dtype, as in JAX
    const Tensor normal = ops::where(ops::abs(total) > least, raw / divisor, none);
    return ops::where(ops::logical_and(centre >= -0.5, centre <= static_cast<double>(in) - 0.5), normal, none);
}

// w (out, in) applied along an axis, without moving any axis.
Tensor contract(const Tensor& x, int64_t axis, const Tensor& w) {
    int64_t outer = 1, inner = 1;
    for (int64_t i = 0; i < axis; ++i) outer *= x.shape()[i];
    for (int64_t i = axis + 1; i < x.rank(); ++i) inner *= x.shape()[i];
    Shape shape = x.shape();
    const int64_t in = shape[axis];
    shape[axis] = w.shape()[0];
    if (inner == 1) return ops::reshape(ops::matmul(ops::reshape(x, {outer, in}), ops::transpose(w)), shape);
    return ops::reshape(ops::matmul(w, ops::reshape(x, {outer, in, inner})), shape);
}

// Rounded and kept in range on the way back to integers.
Tensor back_to(const Tensor& x, DType dtype) {
    if (x.dtype() == dtype) return x;
    if (!is_integer(dtype)) return ops::cast(x, dtype);
    const int width = bits(dtype);
    const bool is_signed = is_signed_int(dtype);
    const double low = is_signed ? -std::ldexp(1.0, width - 1) : 0, high = std::ldexp(1.0, is_signed ? width - 1 : width) - 1;
    return ops::cast(ops::clip(ops::round(x), low, high), dtype);
}

// ---- resize ----

struct ResizeAttrs {
    Ints size;
    std::string interpolation = "bilinear";
    bool antialias = false, crop_to_aspect_ratio = false, pad_to_aspect_ratio = false;
    std::string fill_mode = "constant";
    double fill_value = 0;
    DataFormat data_format = {};
    static void describe(Schema<ResizeAttrs>& s) {
        s.field<&ResizeAttrs::size>();
        s.field<&ResizeAttrs::interpolation>();
        s.field<&ResizeAttrs::antialias>();
        s.field<&ResizeAttrs::crop_to_aspect_ratio>();
        s.field<&ResizeAttrs::pad_to_aspect_ratio>();
        s.field<&ResizeAttrs::fill_mode>();
        s.field<&ResizeAttrs::fill_value>();
        s.field<&ResizeAttrs::data_format>();
    }
};

std::optional<Filter> filter_of(const std::string& name) {
    for (const char* linear : {"linear", "bilinear", "trilinear"})
        if (name == linear) return Filter::triangle;
    for (const char* cubic : {"cubic", "bicubic", "tricubic"})
        if (name == cubic) return Filter::cubic;
    if (name == "lanczos3") return Filter::lanczos3;
    if (name == "lanczos5") return Filter::lanczos5;
    return std::nullopt;
}

Specs resize_infer(const InferArgs& a) {
    const auto& r = a.as<ResizeAttrs>();
    if (r.size.size() != 2 || r.size[0] <= 0 || r.size[1] <= 0)
        throw ValueError(str("ops.image.resize: size must be two positive numbers, height and width. Received: size=", Json(Codec<Ints>::encode(r.size)).dump()));
    bool known = false;
    for (const char* name : {"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"}) known = known || r.interpolation == name;
    if (!known) throw ValueError(str("ops.image.resize: interpolation must be \"bilinear\", \"nearest\", \"lanczos3\", \"lanczos5\" or \"bicubic\". Received: interpolation=", r.interpolation));
    if (r.fill_mode != "constant") throw ValueError(str("ops.image.resize: fill_mode must be \"constant\". Received: fill_mode=", r.fill_mode));
    if (r.crop_to_aspect_ratio && r.pad_to_aspect_ratio)
        throw ValueError("ops.image.resize: only one of crop_to_aspect_ratio and pad_to_aspect_ratio may be true. Received: both");
    const ImageAxes at = image_axes(a.op, a.shape(), r.data_format);
    check_image_dtype(a.op, a.dtype());
    Shape out = a.shape();
    for (const int64_t axis : {at.height, at.width})
        if (out[axis] == 0) throw ShapeError(str("ops.image.resize: images must not be empty. Received: images.shape=", a.shape()));
    out[at.height] = r.size[0];
    out[at.width] = r.size[1];
    return {{out, a.dtype()}};
}

// The size that gives `size` elements the proportion to : other_to, as Keras rounds it.
int64_t in_proportion(int64_t size, int64_t to, int64_t other_to) {
    return static_cast<int64_t>(static_cast<double>(size * to) / static_cast<double>(other_to));
}

Tensor cropped_to_ratio(const Tensor& x, const ImageAxes& at, const Ints& size) {
    const int64_t height = x.shape()[at.height], width = x.shape()[at.width];
    const int64_t h = std::max<int64_t>(std::min(height, in_proportion(width, size[0], size[1])), 1);
    const int64_t w = std::max<int64_t>(std::min(width, in_proportion(height, size[1], size[0])), 1);
    Ints start(static_cast<size_t>(x.rank()), 0), stop = x.shape().dims();
    start[static_cast<size_t>(at.height)] = (height - h) / 2;
    start[static_cast<size_t>(at.width)] = (width - w) / 2;
    stop[static_cast<size_t>(at.height)] = (height - h) / 2 + h;
    stop[static_cast<size_t>(at.width)] = (width - w) / 2 + w;
    return prim::slice(x, start, stop);
}
// Both ends get half of what is missing, rounded down; of the two axes one at most is short.
Tensor padded_to_ratio(const Tensor& x, const ImageAxes& at, const Ints& size, double fill_value) {
    const int64_t height = x.shape()[at.height], width = x.shape()[at.width];
    const int64_t h = (std::max(height, in_proportion(width, size[0], size[1])) - height) / 2;
    const int64_t w = (std::max(width, in_proportion(height, size[1], size[0])) - width) / 2;
    if (h == 0 && w == 0) return x;
    const Tensor wide = ops::cast(x, to_float_dtype(x.dtype()));   // the fill value may be a fraction
    Ints ends(static_cast<size_t>(x.rank()), 0);
    ends[static_cast<size_t>(h > 0 ? at.height : at.width)] = h > 0 ? h : w;
    return prim::pad(wide, Tensor::full({}, fill_value, wide.dtype()), ends, ends);
}

// Which element is nearest, in float32 and by a reciprocal, as XLA computes it.
Tensor nearest(const Tensor& x, int64_t axis, int64_t out) {
    const int64_t in = x.shape()[axis];
    std::vector<int32_t> index(static_cast<size_t>(out));
    const float reciprocal = 1.0f / static_cast<float>(out);
    for (int64_t i = 0; i < out; ++i) {
        const float at = (static_cast<float>(i) + 0.5f) * static_cast<float>(in) * reciprocal;
        index[static_cast<size_t>(i)] = static_cast<int32_t>(std::clamp<int64_t>(static_cast<int64_t>(std::floor(at)), 0, in - 1));
    }
    return ops::take(x, Tensor::from(index), axis);
}

Tensor resized(const Tensor& x, int64_t axis, int64_t out, Filter filter, bool antialias) {
    const int64_t in = x.shape()[axis];
    if (in == out) return x;
    Tensor w;
    {
        // Known before the graph runs: a constant there, and no concern of a tape.
        const UseMode at_once(nullptr);
        const Unheard apart;
        const Tensor scale = Tensor::full({}, static_cast<double>(out) / static_cast<double>(in), DType::float64);
        w = ops::cast(weights(in, out, scale, Tensor::full({}, 0, DType::float64), filter, antialias), x.dtype());
    }
    return contract(x, axis, w);
}

constinit const Op resize_op = {
    .name = "resize", .keras = "keras.src.ops.image.Resize", .doc = "Images of another size.", .infer = resize_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& r = attrs.as<ResizeAttrs>();
        const ImageAxes at = image_axes(resize_op, in[0].shape(), r.data_format);
        Tensor x = in[0];
        if (r.crop_to_aspect_ratio) x = cropped_to_ratio(x, at, r.size);
        if (r.pad_to_aspect_ratio) x = padded_to_ratio(x, at, r.size, r.fill_value);
        const int64_t axes[] = {at.height, at.width};
        const std::optional<Filter> filter = filter_of(r.interpolation);
        if (filter) x = ops::cast(x, to_float_dtype(x.dtype()));
        for (size_t i = 0; i < 2; ++i) {
            if (filter) x = resized(x, axes[i], r.size[i], *filter, r.antialias);
            else if (x.shape()[axes[i]] != r.size[i]) x = nearest(x, axes[i], r.size[i]);
        }
        return {back_to(x, in[0].dtype())};
    },
    .samples = {.cases = [] {
        const Spec one{{4, 5, 2}, DType::float64}, batch{{2, 4, 5, 2}, DType::float64}, first{{2, 2, 4, 5}, DType::float64};
        return std::vector<OpSample>{{{batch}, ResizeAttrs{.size = {6, 3}}}, {{one}, ResizeAttrs{.size = {7, 5}, .interpolation = "nearest"}},
                                     {{first}, ResizeAttrs{.size = {3, 7}, .interpolation = "bicubic", .antialias = true, .data_format = "channels_first"}},
                                     {{batch}, ResizeAttrs{.size = {8, 9}, .interpolation = "lanczos3"}},
                                     {{batch}, ResizeAttrs{.size = {3, 3}, .interpolation = "lanczos5", .antialias = true, .crop_to_aspect_ratio = true}},
                                     {{batch}, ResizeAttrs{.size = {6, 3}, .pad_to_aspect_ratio = true, .fill_value = 0.5}}};
    }},
    .read_attrs = read_attrs<ResizeAttrs>};

// ---- scale_and_translate ----

struct ScaleAndTranslateAttrs {
    Ints spatial_dims;
    std::string method = "linear";
    bool antialias = true;
    Shape output_shape;   // an argument of the call in Keras
    static void describe(Schema<ScaleAndTranslateAttrs>& s) {
        s.field<&ScaleAndTranslateAttrs::spatial_dims>();
        s.field<&ScaleAndTranslateAttrs::method>();
        s.field<&ScaleAndTranslateAttrs::antialias>();
        s.field<&ScaleAndTranslateAttrs::output_shape>();
    }
};
constinit const Op scale_and_translate_op = {
    .name = "scale_and_translate", .keras = "keras.src.ops.image.ScaleAndTranslate", .doc = "Images scaled and moved along some axes.", .inputs = 3, .arguments = "images output_shape= scale translation",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& s = a.as<ScaleAndTranslateAttrs>();
        if (!filter_of(s.method))
            throw ValueError(str("ops.image.scale_and_translate: method must be \"linear\", \"bilinear\", \"trilinear\", \"cubic\", \"bicubic\", \"tricubic\", \"lanczos3\" or \"lanczos5\". Received: method=", s.method));
        check_image_dtype(a.op, a.dtype());
        const auto dims = static_cast<int64_t>(s.spatial_dims.size());
        bool fits = s.output_shape.rank() == a.shape().rank();
        for (size_t i : {size_t(1), size_t(2)})
            fits = fits && a.shape(i).rank() == 1 && (a.shape(i)[0] == dims || a.shape(i)[0] < 0);
        if (!fits)
            throw ShapeError(str("ops.image.scale_and_translate: output_shape must have one size per axis of images, scale and translation one number per entry of spatial_dims. Received: images.shape=",
                                 a.shape(), ", output_shape=", s.output_shape, ", scale.shape=", a.shape(1), ", translation.shape=", a.shape(2), ", ", dims, " spatial_dims"));
        std::vector<char> moves(static_cast<size_t>(a.shape().rank()));
        for (const int64_t d : s.spatial_dims) moves[static_cast<size_t>(normalize_axis(d, a.shape().rank(), "spatial_dims"))] = 1;
        for (int64_t i = 0; i < a.shape().rank(); ++i)
            if (s.output_shape[i] < 0 || (!moves[static_cast<size_t>(i)] && a.shape()[i] >= 0 && s.output_shape[i] != a.shape()[i]))
                throw ShapeError(str("ops.image.scale_and_translate: output_shape may differ from images.shape along spatial_dims only. Received: images.shape=", a.shape(), ", output_shape=", s.output_shape));
        return {{s.output_shape, to_float_dtype(a.dtype())}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& s = attrs.as<ScaleAndTranslateAttrs>();
        Tensor x = ops::cast(in[0], to_float_dtype(in[0].dtype()));
        const DType common = result_type(to_float_dtype(in[1].dtype()), to_float_dtype(in[2].dtype()));
        const auto number = [&](const Tensor& list, size_t i) {
            const auto at = static_cast<int64_t>(i);
            return ops::reshape(prim::slice(ops::cast(list, common), {at}, {at + 1}), {});
        };
        for (size_t i = 0; i < s.spatial_dims.size(); ++i) {
            const int64_t axis = normalize_axis(s.spatial_dims[i], x.rank());
            x = contract(x, axis, ops::cast(weights(x.shape()[axis], s.output_shape[axis], number(in[1], i), number(in[2], i), *filter_of(s.method), s.antialias), x.dtype()));
        }
        return {x};
    },
    // Scales from 0.55 on and shifts: filters have kinks where a distance is whole.
    .samples = {.low = 0.55, .high = 0.95, .cases = [] {
        const Spec x{{4, 5, 2}, DType::float64}, two{{2}, DType::float64};
        return std::vector<OpSample>{{{x, two, two}, ScaleAndTranslateAttrs{{0, 1}, "linear", true, {3, 4, 2}}},
                                     {{x, two, two}, ScaleAndTranslateAttrs{{1, 0}, "lanczos3", false, {5, 5, 2}}},
                                     {{x, {{1}, DType::float64}, {{1}, DType::float64}}, ScaleAndTranslateAttrs{{-2}, "cubic", true, {4, 3, 2}}}};
    }},
    .read_attrs = read_attrs<ScaleAndTranslateAttrs>};

// ---- crop and pad ----

using Maybe = std::optional<int64_t>;

std::string shown(const Maybe& v) { return v ? std::to_string(*v) : "None"; }

// Completes one axis: of what is cut (sign -1) or added (+1) at both ends and the size in the end,
// exactly one is missing. An unknown size leaves it -1.
struct Ends {
    int64_t low = 0, high = 0, size = None;
};
Ends complete(const Op& op, int sign, int64_t size, const Maybe& low, const Maybe& high, const Maybe& target, const char* names) {
    const auto refuse = [&](const char* rule) {
        throw ValueError(str("ops.image.", op.name, ": ", rule, " ", names, ". Received: ", shown(low), ", ", shown(high), ", ", shown(target), " for a size of ", size < 0 ? "None" : std::to_string(size)));
    };
    if (int(low.has_value()) + int(high.has_value()) + int(target.has_value()) != 2) refuse("exactly two must be given of");
    if (low.value_or(0) < 0 || high.value_or(0) < 0 || target.value_or(0) < 0) refuse("none may be negative of");
    Ends out{low.value_or(0), high.value_or(0), target.value_or(None)};
    if (size < 0) return out;
    if (!target) out.size = size + sign * (out.low + out.high);
    if (!low) out.low = sign * (out.size - size) - out.high;
    if (!high) out.high = sign * (out.size - size) - out.low;
    if (out.low < 0 || out.high < 0 || out.size < 0) refuse("none may come out negative of");
    return out;
}

struct PadImagesAttrs {
    Maybe top_padding, left_padding, bottom_padding, right_padding, target_height, target_width;
    DataFormat data_format = {};
    static void describe(Schema<PadImagesAttrs>& s) {
        s.field<&PadImagesAttrs::top_padding>();
        s.field<&PadImagesAttrs::left_padding>();
        s.field<&PadImagesAttrs::bottom_padding>();
        s.field<&PadImagesAttrs::right_padding>();
        s.field<&PadImagesAttrs::target_height>();
        s.field<&PadImagesAttrs::target_width>();
        s.field<&PadImagesAttrs::data_format>();
    }
    std::pair<Ends, Ends> ends(const Op& op, const Shape& shape, const ImageAxes& at) const {
        return {complete(op, 1, shape[at.height], top_padding, bottom_padding, target_height, "top_padding, bottom_padding, target_height"),
                complete(op, 1, shape[at.width], left_padding, right_padding, target_width, "left_padding, right_padding, target_width")};
    }
};
struct CropImagesAttrs {
    Maybe top_cropping, left_cropping, bottom_cropping, right_cropping, target_height, target_width;
    DataFormat data_format = {};
    static void describe(Schema<CropImagesAttrs>& s) {
        s.field<&CropImagesAttrs::top_cropping>();
        s.field<&CropImagesAttrs::left_cropping>();
        s.field<&CropImagesAttrs::bottom_cropping>();
        s.field<&CropImagesAttrs::right_cropping>();
        s.field<&CropImagesAttrs::target_height>();
        s.field<&CropImagesAttrs::target_width>();
        s.field<&CropImagesAttrs::data_format>();
    }
    std::pair<Ends, Ends> ends(const Op& op, const Shape& shape, const ImageAxes& at) const {
        return {complete(op, -1, shape[at.height], top_cropping, bottom_cropping, target_height, "top_cropping, bottom_cropping, target_height"),
                complete(op, -1, shape[at.width], left_cropping, right_cropping, target_width, "left_cropping, right_cropping, target_width")};
    }
};

template <class A>
Specs ends_infer(const InferArgs& a) {
    const ImageAxes at = image_axes(a.op, a.shape(), a.as<A>().data_format);
    const auto [rows, columns] = a.as<A>().ends(a.op, a.shape(), at);
    Shape out = a.shape();
    out[at.height] = rows.size;
    out[at.width] = columns.size;
    return {{out, a.dtype()}};
}
template <class A, int sign>
Tensors ends_decompose(const Op& op, const Tensors& in, const A& a) {
    const Tensor& x = in[0];
    const ImageAxes at = image_axes(op, x.shape(), a.data_format);
    const auto [rows, columns] = a.ends(op, x.shape(), at);
    Ints low(static_cast<size_t>(x.rank()), 0), high = low;
    low[static_cast<size_t>(at.height)] = sign * rows.low;
    high[static_cast<size_t>(at.height)] = sign * rows.high;
    low[static_cast<size_t>(at.width)] = sign * columns.low;
    high[static_cast<size_t>(at.width)] = sign * columns.high;
    return {prim::pad(x, Tensor::full({}, 0, x.dtype()), low, high)};
}

constinit const Op pad_images_op = {
    .name = "pad_images", .keras = "keras.src.ops.image.PadImages", .doc = "Images with zeros around them.", .infer = ends_infer<PadImagesAttrs>,
    .decompose = [](const Tensors& in, const Attrs& attrs) { return ends_decompose<PadImagesAttrs, 1>(pad_images_op, in, attrs.as<PadImagesAttrs>()); },
    .samples = {.cases = [] {
        const Spec x{{2, 4, 5, 2}, DType::float64};
        return std::vector<OpSample>{{{x}, PadImagesAttrs{.top_padding = 1, .left_padding = 2, .bottom_padding = 0, .target_width = 9}},
                                     {{x}, PadImagesAttrs{.bottom_padding = 1, .right_padding = 1, .target_height = 6, .target_width = 3, .data_format = "channels_first"}}};
    }},
    .read_attrs = read_attrs<PadImagesAttrs>};

constinit const Op crop_images_op = {
    .name = "crop_images", .keras = "keras.src.ops.image.CropImages", .doc = "Images cut at their edges.", .infer = ends_infer<CropImagesAttrs>,
    .decompose = [](const Tensors& in, const Attrs& attrs) { return ends_decompose<CropImagesAttrs, -1>(crop_images_op, in, attrs.as<CropImagesAttrs>()); },
    .samples = {.cases = [] {
        const Spec x{{2, 4, 5, 2}, DType::float64};
        return std::vector<OpSample>{{{x}, CropImagesAttrs{.top_cropping = 1, .left_cropping = 2, .bottom_cropping = 0, .target_width = 2}},
                                     {{x}, CropImagesAttrs{.bottom_cropping = 1, .right_cropping = 1, .target_height = 3, .target_width = 1, .data_format = "channels_first"}}};
    }},
    .read_attrs = read_attrs<CropImagesAttrs>};

constexpr const Op* family[] = {&resize_op, &scale_and_translate_op, &pad_images_op, &crop_images_op};

}  // namespace

std::span<const Op* const> image_resize_ops() { return family; }

namespace ops::image {

Tensor resize(const Tensor& images, const Ints& size, const ResizeOptions& o) {
    return apply1(resize_op, {images}, ResizeAttrs{size, o.interpolation, o.antialias, o.crop_to_aspect_ratio, o.pad_to_aspect_ratio, o.fill_mode, o.fill_value, data_format_of(o.data_format)});
}
Tensor scale_and_translate(const Tensor& images, const Shape& output_shape, const Tensor& scale, const Tensor& translation, const Ints& spatial_dims, const std::string& method, bool antialias) {
    return apply1(scale_and_translate_op, {images, scale, translation}, ScaleAndTranslateAttrs{spatial_dims, method, antialias, output_shape});
}
Tensor pad_images(const Tensor& images, const PadOptions& o) {
    return apply1(pad_images_op, {images}, PadImagesAttrs{o.top_padding, o.left_padding, o.bottom_padding, o.right_padding, o.target_height, o.target_width, data_format_of(o.data_format)});
}
Tensor crop_images(const Tensor& images, const CropOptions& o) {
    return apply1(crop_images_op, {images}, CropImagesAttrs{o.top_cropping, o.left_cropping, o.bottom_cropping, o.right_cropping, o.target_height, o.target_width, data_format_of(o.data_format)});
}

}  // namespace ops::image
}  // namespace cornu
