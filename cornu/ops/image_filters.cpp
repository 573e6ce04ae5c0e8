// Colours, filters, similarity of images, patches.
#include <cmath>

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/convolution.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/image.h"
#include "cornu/ops/image_layout.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

using Ints = std::vector<int64_t>;

namespace {

std::string format_name(bool first) { return first ? "channels_first" : "channels_last"; }

// f of a batch of images, or of one as a batch of one.
template <class F>
Tensor batched(const Tensor& images, F&& f) {
    return images.rank() == 4 ? f(images) : ops::squeeze(f(ops::expand_dims(images, 0)), {0});
}

// ---- colours ----

Specs colour_infer(const InferArgs& a, bool grayscale) {
    const ImageAxes at = image_axes(a.op, a.shape(), a.as<DataFormatAttrs>().data_format);
    check_image_dtype(a.op, a.dtype(), !grayscale);
    const int64_t channels = a.shape()[at.channels];
    if (channels >= 0 && channels != 3 && !(grayscale && channels == 1))
        throw ShapeError(str("ops.image.", a.op.name, ": images must have 3 channels", grayscale ? ", or 1" : "", ". Received: images.shape=", a.shape()));
    Shape out = a.shape();
    if (grayscale) out[at.channels] = 1;
    return {{out, a.dtype()}};
}
std::vector<OpSample> colour_samples() {
    const Spec one{{4, 5, 3}, DType::float64}, first{{2, 3, 2, 4}, DType::float64};
    return {{{one}, DataFormatAttrs{}}, {{first}, DataFormatAttrs{"channels_first"}}};
}

constinit const Op rgb_to_grayscale_op = {
    .name = "rgb_to_grayscale", .keras = "keras.src.ops.image.RGBToGrayscale", .doc = "Brightness of colours, as one channel.",
    .infer = [](const InferArgs& a) { return colour_infer(a, true); },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor& x = in[0];
        const ImageAxes at = image_axes(rgb_to_grayscale_op, x.shape(), attrs.as<DataFormatAttrs>().data_format);
        if (x.shape()[at.channels] == 1) return in;
        Shape shape(Ints(static_cast<size_t>(x.rank()), 1));
        shape[at.channels] = 3;
        const Tensor wide = ops::cast(x, to_float_dtype(x.dtype()));
        const Tensor parts = ops::cast(Tensor::from(std::vector<double>{0.2989, 0.5870, 0.1140}, shape), wide.dtype());
        return {ops::cast(ops::sum(wide * parts, at.channels, true), x.dtype())};
    },
    .samples = {.cases = colour_samples}, .read_attrs = read_attrs<DataFormatAttrs>};

struct Planes {
    Tensor a, b, c;
};
Planes planes_of(const Tensor& x, int64_t channels) {
    const Tensors parts = ops::unstack(x, {}, channels);
    return {parts[0], parts[1], parts[2]};
}

constinit const Op rgb_to_hsv_op = {
    .name = "rgb_to_hsv", .keras = "keras.src.ops.image.RGBToHSV", .doc = "Red, green, blue to hue, saturation, value.",
    .infer = [](const InferArgs& a) { return colour_infer(a, false); },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const ImageAxes at = image_axes(rgb_to_hsv_op, in[0].shape(), attrs.as<DataFormatAttrs>().data_format);
        const Tensor zero = Tensor::full({}, 0, in[0].dtype()), one = Tensor::full({}, 1, in[0].dtype());
        const auto [r, g, b] = planes_of(ops::where(ops::abs(in[0]) < composing::epsilon_of(in[0].dtype()), zero, in[0]), at.channels);
        const Tensor value = ops::maximum(ops::maximum(r, g), b), range = value - ops::minimum(ops::minimum(r, g), b);
        const Tensor saturation = ops::where(value > 0, range / ops::where(value > 0, value, one), zero);
        const Tensor norm = 1 / (6 * ops::where(range > 0, range, one));
        Tensor hue = ops::where(ops::equal(value, g), norm * (b - r) + 2.0 / 6, norm * (r - g) + 4.0 / 6);
        hue = ops::where(ops::equal(value, r), norm * (g - b), hue);
        hue = ops::where(range > 0, hue, zero) + ops::cast(hue < 0, hue.dtype());
        return {ops::stack({hue, saturation, value}, at.channels)};
    },
    .samples = {.low = 0, .high = 1, .cases = colour_samples, .distinct = true}, .read_attrs = read_attrs<DataFormatAttrs>};

constinit const Op hsv_to_rgb_op = {
    .name = "hsv_to_rgb", .keras = "keras.src.ops.image.HSVToRGB", .doc = "Hue, saturation, value to red, green, blue.",
    .infer = [](const InferArgs& a) { return colour_infer(a, false); },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const ImageAxes at = image_axes(hsv_to_rgb_op, in[0].shape(), attrs.as<DataFormatAttrs>().data_format);
        const auto [hue, saturation, value] = planes_of(in[0], at.channels);
        const Tensor sixth = ops::mod(hue, 1) * 6, grey = 1 - saturation;
        const auto part = [&, value = value, saturation = saturation](const Tensor& ramp) { return value * (grey + saturation * ops::clip(ramp, 0, 1)); };
        return {ops::stack({part(ops::abs(sixth - 3) - 1), part(2 - ops::abs(sixth - 2)), part(2 - ops::abs(sixth - 4))}, at.channels)};
    },
    .samples = {.low = 0.02, .high = 0.98, .cases = colour_samples, .distinct = true}, .read_attrs = read_attrs<DataFormatAttrs>};

// ---- filters ----

// A filter of rows x columns, the same for each channel, over a batch of images; zeros outside.
Tensor filter(const Tensor& images, const Tensor& kernel, bool first) {
    const Shape& k = kernel.shape();
    const int64_t channels = images.shape()[first ? 1 : 3];
    return ops::depthwise_conv(images, ops::broadcast_to(ops::reshape(kernel, {k[0], k[1], 1, 1}), {k[0], k[1], channels, 1}), 1, "same", format_name(first));
}
// exp(-x^2 / 2 sigma^2) around the middle of `size` places, with sum 1.
std::vector<double> gaussian(int64_t size, double sigma) {
    std::vector<double> out(static_cast<size_t>(size));
    double sum = 0;
    for (int64_t i = 0; i < size; ++i) {
        const double x = (static_cast<double>(i) - static_cast<double>(size - 1) / 2) / sigma;
        sum += out[static_cast<size_t>(i)] = std::exp(-0.5 * x * x);
    }
    for (double& v : out) v /= sum;
    return out;
}
Tensor gaussian_kernel(int64_t rows, double row_sigma, int64_t columns, double column_sigma, DType dtype) {
    const std::vector<double> y = gaussian(rows, row_sigma), x = gaussian(columns, column_sigma);
    std::vector<double> out;
    for (const double a : y)
        for (const double b : x) out.push_back(a * b);
    return ops::cast(Tensor::from(out, {rows, columns}), dtype);
}

struct GaussianBlurAttrs {
    Ints kernel_size{3, 3};              // columns, rows
    std::vector<double> sigma{1.0, 1.0};
    DataFormat data_format = {};
    static void describe(Schema<GaussianBlurAttrs>& s) {
        s.field<&GaussianBlurAttrs::kernel_size>();
        s.field<&GaussianBlurAttrs::sigma>();
        s.field<&GaussianBlurAttrs::data_format>();
    }
};
constinit const Op gaussian_blur_op = {
    .name = "gaussian_blur", .keras = "keras.src.ops.image.GaussianBlur", .doc = "Images blurred by a Gaussian filter; zeros outside.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& g = a.as<GaussianBlurAttrs>();
        image_axes(a.op, a.shape(), g.data_format);
        check_image_dtype(a.op, a.dtype(), true);
        if (g.kernel_size.size() != 2 || g.kernel_size[0] < 1 || g.kernel_size[1] < 1 || g.sigma.size() != 2 || !(g.sigma[0] > 0) || !(g.sigma[1] > 0))
            throw ValueError(str("ops.image.gaussian_blur: kernel_size and sigma must be two positive numbers each. Received: ", a.attrs.to_string()));
        return {a.in[0]};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& g = attrs.as<GaussianBlurAttrs>();
        const Tensor kernel = gaussian_kernel(g.kernel_size[1], g.sigma[1], g.kernel_size[0], g.sigma[0], in[0].dtype());
        const bool first = channels_first(gaussian_blur_op, g.data_format);
        return {batched(in[0], [&](const Tensor& x) { return filter(x, kernel, first); })};
    },
    .samples = {.cases = [] {
        const Spec one{{4, 5, 3}, DType::float64}, first{{2, 3, 4, 4}, DType::float64};
        return std::vector<OpSample>{{{one}, GaussianBlurAttrs{}}, {{first}, GaussianBlurAttrs{{3, 5}, {0.7, 2.0}, "channels_first"}}};
    }},
    .read_attrs = read_attrs<GaussianBlurAttrs>};

constinit const Op sobel_edges_op = {
    .name = "sobel_edges", .keras = "keras.src.ops.image.SobelEdges", .doc = "Slopes along the height and the width, by Sobel's filters.",
    .infer = [](const InferArgs& a) -> Specs {
        if (a.shape().rank() != 4) throw ShapeError(str("ops.image.sobel_edges: images must be of rank 4 (a batch of images). Received: images.shape=", a.shape()));
        image_axes(a.op, a.shape(), a.as<DataFormatAttrs>().data_format);
        check_image_dtype(a.op, a.dtype(), true);
        Shape out = a.shape();
        out.push_back(2);
        return {{out, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const bool first = channels_first(sobel_edges_op, attrs.as<DataFormatAttrs>().data_format);
        const Tensor down = ops::cast(Tensor::from(std::vector<double>{-1, -2, -1, 0, 0, 0, 1, 2, 1}, {3, 3}), in[0].dtype());
        return {ops::stack({filter(in[0], down, first), filter(in[0], ops::transpose(down), first)}, -1)};
    },
    .samples = {.cases = [] {
        const Spec x{{2, 4, 5, 3}, DType::float64};
        return std::vector<OpSample>{{{x}, DataFormatAttrs{}}, {{x}, DataFormatAttrs{"channels_first"}}};
    }},
    .read_attrs = read_attrs<DataFormatAttrs>};

// ---- similarity ----

struct SsimAttrs {
    double max_val = 1.0;
    int64_t filter_size = 11;
    double filter_sigma = 1.5, k1 = 0.01, k2 = 0.03;
    DataFormat data_format = {};
    static void describe(Schema<SsimAttrs>& s) {
        s.field<&SsimAttrs::max_val>();
        s.field<&SsimAttrs::filter_size>();
        s.field<&SsimAttrs::filter_sigma>();
        s.field<&SsimAttrs::k1>();
        s.field<&SsimAttrs::k2>();
        s.field<&SsimAttrs::data_format>();
    }
};
constinit const Op ssim_op = {
    .name = "ssim", .keras = "keras.src.ops.image.SSIM", .doc = "Structural similarity of two images, 1 when they are the same.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& s = a.as<SsimAttrs>();
        const ImageAxes at = image_axes(a.op, a.shape(0), s.data_format);
        check_image_dtype(a.op, a.dtype(0));
        check_image_dtype(a.op, a.dtype(1));
        bool fits = a.shape(0).rank() == a.shape(1).rank() && s.filter_size >= 1 && s.filter_sigma > 0;
        for (int64_t i = 0; fits && i < a.shape(0).rank(); ++i) fits = a.shape(0)[i] == a.shape(1)[i] || a.shape(0)[i] < 0 || a.shape(1)[i] < 0;
        for (const int64_t axis : {at.height, at.width}) fits = fits && (a.shape(0)[axis] < 0 || a.shape(0)[axis] >= s.filter_size);
        if (!fits)
            throw ShapeError(str("ops.image.ssim: two images of one shape, no smaller than the filter, are needed, and a positive filter_size and filter_sigma. Received: image1.shape=", a.shape(0), ", image2.shape=", a.shape(1), ", ", a.attrs.to_string()));
        return {{a.shape().rank() == 3 ? Shape() : Shape{a.shape()[0]}, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& s = attrs.as<SsimAttrs>();
        const bool first = channels_first(ssim_op, s.data_format), batch = in[0].rank() == 4;
        const DType compute = to_float_dtype(in[0].dtype());
        // Each channel is an image of its own, (batch * channels, height, width, 1).
        const auto plane = [&](const Tensor& image) {
            Tensor x = ops::cast(batch ? image : ops::expand_dims(image, 0), compute);
            if (!first) x = ops::transpose(x, {0, 3, 1, 2});
            return ops::reshape(x, {x.shape()[0] * x.shape()[1], x.shape()[2], x.shape()[3], 1});
        };
        const Tensor kernel = ops::reshape(gaussian_kernel(s.filter_size, s.filter_sigma, s.filter_size, s.filter_sigma, compute), {s.filter_size, s.filter_size, 1, 1});
        const auto mean = [&](const Tensor& x) { return ops::conv(x, kernel, 1, "valid", "channels_last"); };
        const Tensor x = plane(in[0]), y = plane(in[1]), mx = mean(x), my = mean(y);
        const double c1 = std::pow(s.k1 * s.max_val, 2), c2 = std::pow(s.k2 * s.max_val, 2);
        const Tensor xx = mean(x * x) - mx * mx, yy = mean(y * y) - my * my, xy = mean(x * y) - mx * my;
        const Tensor map = ((2 * (mx * my) + c1) * (2 * xy + c2)) / ((mx * mx + my * my + c1) * (xx + yy + c2));
        const int64_t images = batch ? in[0].shape()[0] : 1, channels = in[0].shape()[image_axes(ssim_op, in[0].shape(), s.data_format).channels];
        const Tensor out = ops::mean(ops::reshape(ops::mean(map, {1, 2, 3}), {images, channels}), -1);
        return {ops::cast(batch ? out : ops::reshape(out, {}), in[0].dtype())};
    },
    .samples = {.low = 0, .high = 1, .cases = [] {
        const Spec one{{4, 5, 2}, DType::float64}, first{{2, 2, 4, 4}, DType::float64};
        return std::vector<OpSample>{{{one, one}, SsimAttrs{.filter_size = 3, .k1 = 0.2, .k2 = 0.6}}, {{first, first}, SsimAttrs{.max_val = 2, .filter_size = 3, .k1 = 0.1, .k2 = 0.3, .data_format = "channels_first"}}};
    }},
    .read_attrs = read_attrs<SsimAttrs>};

struct PsnrAttrs {
    double max_val = 1;
    static void describe(Schema<PsnrAttrs>& s) { s.field<&PsnrAttrs::max_val>(); }
};
constinit const Op psnr_op = {
    .name = "psnr", .keras = "keras.src.ops.nn.PSNR", .doc = "Peak signal-to-noise ratio in decibels, a scalar.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        if (!(a.shape(0) == a.shape(1))) throw ShapeError(str("ops.psnr: both signals must have one shape. Received: x1.shape=", a.shape(0), ", x2.shape=", a.shape(1)));
        return {{{}, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const double peak = 20 * std::log10(attrs.as<PsnrAttrs>().max_val);
        return {peak - 10 * ops::log10(ops::mean(ops::square(in[0] - in[1])))};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.cases = [] {
        const Spec x{{3, 4}, DType::float64};
        return std::vector<OpSample>{{{x, x}, PsnrAttrs{}}, {{x, x}, PsnrAttrs{255}}};
    }},
    .read_attrs = read_attrs<PsnrAttrs>};

// ---- patches ----

struct PatchAttrs {
    PerAxis size, strides;
    PerAxis dilation_rate = 1;
    std::string padding = "valid";
    DataFormat data_format = {};
    static void describe(Schema<PatchAttrs>& s) {
        s.field<&PatchAttrs::size>();
        s.field<&PatchAttrs::strides>();
        s.field<&PatchAttrs::dilation_rate>();
        s.field<&PatchAttrs::padding>();
        s.field<&PatchAttrs::data_format>();
    }
};
// The windows, resolved for images (or volumes) of a shape.
struct Windows {
    int64_t first, channels;   // axes: the first spatial one, and the channels
    Ints size, strides, dilation, low, high;
    Shape out;                 // how many windows there are along each axis

    Windows(const Op& op, const Shape& shape, const PatchAttrs& p, int64_t axes) {
        const bool channels_lead = channels_first(op, p.data_format);
        if (shape.rank() != axes + 1 && shape.rank() != axes + 2)
            throw ShapeError(str("ops.image.", op.name, ": ", axes == 3 ? "volumes must be of rank 4 or 5" : "images must be of rank 3 or 4", " (a batch). Received: shape ", shape));
        const int64_t lead = shape.rank() - axes - 1;
        first = lead + (channels_lead ? 1 : 0);
        channels = channels_lead ? lead : shape.rank() - 1;
        size = p.size.expand(axes, "size");
        strides = p.strides.given() ? p.strides.expand(axes, "strides") : size;
        dilation = p.dilation_rate.expand(axes, "dilation_rate");
        if (p.padding != "valid" && p.padding != "same")
            throw ValueError(str("ops.image.", op.name, ": padding must be \"valid\" or \"same\". Received: padding=", p.padding));
        const Ints sizes(shape.begin() + first, shape.begin() + first + axes);
        conv_padding(p.padding, sizes, size, strides, dilation, low, high);
        for (size_t i = 0; i < sizes.size(); ++i) {
            const int64_t reach = (size[i] - 1) * dilation[i] + 1, room = sizes[i] + low[i] + high[i] - reach;
            if (sizes[i] >= 0 && room < 0)
                throw ShapeError(str("ops.image.", op.name, ": a window of ", reach, " does not fit. Received: shape ", shape, ", padding=", p.padding));
            out.push_back(sizes[i] < 0 ? None : room / strides[i] + 1);
        }
    }
};
Specs patches_infer(const InferArgs& a, int64_t axes) {
    const Windows w(a.op, a.shape(), a.as<PatchAttrs>(), axes);
    int64_t depth = a.shape()[w.channels];
    for (const int64_t s : w.size) depth = depth < 0 ? None : depth * s;
    Shape out = a.shape();
    out[w.channels] = depth;
    for (int64_t i = 0; i < axes; ++i) out[w.first + i] = w.out[i];
    return {{out, a.dtype()}};
}
// Axis by axis the elements of all windows are gathered, (windows, size); then the sizes move
// behind the windows, before the channels.
Tensor patches(const Op& op, const Tensor& images, const PatchAttrs& p, int64_t axes) {
    const Windows w(op, images.shape(), p, axes);
    const Shape result = infer_specs(op, specs_of({images}), Attrs(p))[0].shape;
    Ints low(static_cast<size_t>(images.rank()), 0), high = low;
    std::copy(w.low.begin(), w.low.end(), low.begin() + w.first);
    std::copy(w.high.begin(), w.high.end(), high.begin() + w.first);
    Tensor x = prim::pad(images, Tensor::full({}, 0, images.dtype()), low, high);
    for (size_t i = 0; i < static_cast<size_t>(axes); ++i) {
        const int64_t count = w.out[static_cast<int64_t>(i)];
        std::vector<int32_t> index;
        for (int64_t at = 0; at < count; ++at)
            for (int64_t k = 0; k < w.size[i]; ++k) index.push_back(static_cast<int32_t>(at * w.strides[i] + k * w.dilation[i]));
        x = ops::take(x, Tensor::from(index, {count, w.size[i]}), w.first + 2 * static_cast<int64_t>(i));
    }
    Ints order;
    const bool channels_lead = w.channels < w.first;
    const int64_t lead = channels_lead ? w.channels : w.first;
    const auto windows = [&] { for (int64_t i = 0; i < axes; ++i) order.push_back(w.first + 2 * i); };
    for (int64_t i = 0; i < lead; ++i) order.push_back(i);
    if (!channels_lead) windows();
    for (int64_t i = 0; i < axes; ++i) order.push_back(w.first + 2 * i + 1);
    order.push_back(channels_lead ? w.channels : x.rank() - 1);
    if (channels_lead) windows();
    return ops::reshape(ops::transpose(x, order), result);
}
int64_t patch_axes(const PatchAttrs& p) { return p.size.values.size() == 3 ? 3 : 2; }

constinit const Op extract_patches_op = {
    .name = "extract_patches", .keras = "keras.src.ops.image.ExtractPatches", .doc = "Windows of images or volumes, each as one vector.",
    .infer = [](const InferArgs& a) { return patches_infer(a, patch_axes(a.as<PatchAttrs>())); },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& p = attrs.as<PatchAttrs>();
        return {patches(extract_patches_op, in[0], p, patch_axes(p))};
    },
    .traits = {.unnamed = true},
    .samples = {.cases = [] {
        const Spec one{{5, 6, 2}, DType::float64}, first{{2, 2, 5, 6}, DType::float64};
        return std::vector<OpSample>{{{one}, PatchAttrs{.size = 2}}, {{first}, PatchAttrs{{3, 2}, {2, 1}, 1, "same", "channels_first"}}, {{one}, PatchAttrs{{2, 2}, 1, 2}}};
    }},
    .read_attrs = read_attrs<PatchAttrs>};
// Keras saves it under the same class.
constinit const Op extract_patches_3d_op = {
    .name = "extract_patches_3d", .keras = "keras.src.ops.image.ExtractPatches", .doc = "Windows of volumes, each as one vector.",
    .infer = [](const InferArgs& a) { return patches_infer(a, 3); },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {patches(extract_patches_3d_op, in[0], attrs.as<PatchAttrs>(), 3)}; },
    .traits = {.unnamed = true},
    .samples = {.cases = [] {
        const Spec one{{4, 3, 5, 2}, DType::float64}, first{{2, 2, 4, 3, 2}, DType::float64};
        return std::vector<OpSample>{{{one}, PatchAttrs{.size = 2}}, {{first}, PatchAttrs{{3, 2, 1}, {2, 1, 1}, 1, "same", "channels_first"}}};
    }},
    .read_attrs = read_attrs<PatchAttrs>};

constexpr const Op* family[] = {&rgb_to_grayscale_op, &rgb_to_hsv_op, &hsv_to_rgb_op, &gaussian_blur_op, &sobel_edges_op, &ssim_op, &psnr_op, &extract_patches_op, &extract_patches_3d_op};

}  // namespace

std::span<const Op* const> image_filter_ops() { return family; }

namespace ops::image {

Tensor rgb_to_grayscale(const Tensor& images, const std::string& data_format) { return apply1(rgb_to_grayscale_op, {images}, DataFormatAttrs{data_format_of(data_format)}); }
Tensor rgb_to_hsv(const Tensor& images, const std::string& data_format) { return apply1(rgb_to_hsv_op, {images}, DataFormatAttrs{data_format_of(data_format)}); }
Tensor hsv_to_rgb(const Tensor& images, const std::string& data_format) { return apply1(hsv_to_rgb_op, {images}, DataFormatAttrs{data_format_of(data_format)}); }
Tensor gaussian_blur(const Tensor& images, const Ints& kernel_size, const std::vector<double>& sigma, const std::string& data_format) {
    return apply1(gaussian_blur_op, {images}, GaussianBlurAttrs{kernel_size, sigma, data_format_of(data_format)});
}
Tensor sobel_edges(const Tensor& images, const std::string& data_format) { return apply1(sobel_edges_op, {images}, DataFormatAttrs{data_format_of(data_format)}); }
Tensor ssim(const Tensor& image1, const Tensor& image2, const SsimOptions& o) {
    return apply1(ssim_op, {image1, image2}, SsimAttrs{o.max_val, o.filter_size, o.filter_sigma, o.k1, o.k2, data_format_of(o.data_format)});
}
Tensor extract_patches(const Tensor& images, PerAxis size, PerAxis strides, PerAxis dilation_rate, const std::string& padding, const std::string& data_format) {
    return apply1(extract_patches_op, {images}, PatchAttrs{std::move(size), std::move(strides), std::move(dilation_rate), padding, data_format_of(data_format)});
}
Tensor extract_patches_3d(const Tensor& volumes, PerAxis size, PerAxis strides, PerAxis dilation_rate, const std::string& padding, const std::string& data_format) {
    return apply1(extract_patches_3d_op, {volumes}, PatchAttrs{std::move(size), std::move(strides), std::move(dilation_rate), padding, data_format_of(data_format)});
}

}  // namespace ops::image

namespace ops {
Tensor psnr(const Tensor& x1, const Tensor& x2, double max_val) { return apply1(psnr_op, {x1, x2}, PsnrAttrs{max_val}); }
}  // namespace ops
}  // namespace cornu
