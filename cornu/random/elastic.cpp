#include "cornu/random/elastic.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/image.h"
#include "cornu/ops/image_blur.h"
#include "cornu/ops/image_layout.h"
#include "cornu/random/random.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

struct ElasticAttrs {
    double alpha = 20.0, sigma = 5.0;
    std::string interpolation = "bilinear", fill_mode = "reflect";
    double fill_value = 0;
    std::optional<int64_t> seed = {};
    DataFormat data_format = {};
    static void describe(Schema<ElasticAttrs>& s) {
        s.field<&ElasticAttrs::alpha>();
        s.field<&ElasticAttrs::sigma>();
        s.field<&ElasticAttrs::interpolation>();
        s.field<&ElasticAttrs::fill_mode>();
        s.field<&ElasticAttrs::fill_value>();
        s.field<&ElasticAttrs::seed>();
        s.field<&ElasticAttrs::data_format>();
    }
};
extern const Op elastic_transform_op;

// x at places moved by `noise`, (batch, height, width), times alpha.
Tensor displaced(const Tensor& x, const Tensor& noise, const Tensor& alpha, const ElasticAttrs& e) {
    const DType dtype = x.dtype() == DType::float64 ? DType::float64 : DType::float32;
    const Tensor shift = ops::cast(noise, dtype) * alpha;
    const Tensor row = prim::iota({1, x.shape()[1], 1}, 1, dtype), column = prim::iota({1, 1, x.shape()[2]}, 2, dtype);
    return pixels_at(x, row + shift, column + shift, interpolation_order(elastic_transform_op, e.interpolation), e.fill_mode, e.fill_value);
}

Tensor noise_for(const Tensor& x, const Tensor& key, const Tensor& sigma) {
    return ops::expand_dims(random::normal(key, {x.shape()[0], x.shape()[1], x.shape()[2]}, x.dtype()) * sigma, -1);
}

int64_t window_size(double sigma) { return static_cast<int64_t>(6 * sigma) | 1; }

Tensor bent(const Tensor& images, const Tensor& key, const ElasticAttrs& e) {
    return with_channels_last(images, channels_first(elastic_transform_op, e.data_format), [&](const Tensor& x) {
        const int64_t size = window_size(e.sigma);
        const Tensor smooth = ops::image::gaussian_blur(noise_for(x, key, e.sigma), {size, size}, {e.sigma, e.sigma}, "channels_last");
        return displaced(x, ops::squeeze(smooth, {3}), e.alpha, e);
    });
}

// The window is as large as it can be, and cut off where Keras's, made for this sigma, ends.
Tensor bent(const Tensor& images, const Tensor& key, const Tensor& alpha, const Tensor& sigma, const ElasticAttrs& e) {
    return with_channels_last(images, channels_first(elastic_transform_op, e.data_format), [&](const Tensor& x) {
        const Tensor reach = ops::floor(ops::floor(sigma * 6) / 2);
        const Tensor window = ops::image::gaussian_window(window_size(e.sigma), sigma, reach);
        const Tensor smooth = ops::image::blur(noise_for(x, key, sigma), window, window, "channels_last");
        return displaced(x, ops::squeeze(smooth, {3}), alpha, e);
    });
}

constinit const Op elastic_transform_op = {
    .name = "elastic_transform", .keras = "keras.src.ops.image.ElasticTransform", .doc = "Images bent by a random, smooth displacement.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& e = a.as<ElasticAttrs>();
        interpolation_order(a.op, e.interpolation);
        check_fill_mode(a.op, e.fill_mode);
        image_axes(a.op, a.shape(), e.data_format);
        check_image_dtype(a.op, a.dtype(), true);
        if (!(e.sigma > 0 && e.sigma < 1e6)) throw ValueError(str("ops.image.elastic_transform: sigma must be positive. Received: sigma=", e.sigma));
        for (const int64_t size : a.shape())
            if (size == 0) throw ShapeError(str("ops.image.elastic_transform: images must not be empty. Received: images.shape=", a.shape()));
        return {{a.shape(), a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& e = attrs.as<ElasticAttrs>();
        return {bent(in[0], (e.seed ? random::Seed(*e.seed) : random::Seed()).draw(), e)};
    },
    // float32 alone: in another dtype other numbers are drawn.
    .samples = {.cases = [] {
        const Spec x{{4, 5, 2}, DType::float32}, batch{{2, 2, 4, 3}, DType::float32};
        return std::vector<OpSample>{{{x}, ElasticAttrs{.alpha = 2, .sigma = 0.7, .seed = 1}}, {{batch}, ElasticAttrs{.alpha = 3, .sigma = 0.5, .interpolation = "nearest", .fill_mode = "constant", .seed = 2, .data_format = "channels_first"}}};
    }},
    .read_attrs = read_attrs<ElasticAttrs>};

constexpr const Op* family[] = {&elastic_transform_op};

ElasticAttrs attrs_of(const ops::image::ElasticOptions& o) {
    return {o.alpha, o.sigma, o.interpolation, o.fill_mode, o.fill_value, o.seed, data_format_of(o.data_format)};
}

}  // namespace

std::span<const Op* const> elastic_ops() { return family; }

namespace ops::image {
Tensor elastic_transform(const Tensor& images, const ElasticOptions& options) { return apply1(elastic_transform_op, {images}, attrs_of(options)); }
Tensor elastic_transform(const Tensor& images, const Tensor& key, const ElasticOptions& options) {
    const ElasticAttrs attrs = attrs_of(options);
    infer_specs(elastic_transform_op, specs_of({images}), Attrs(attrs));
    return bent(images, key, attrs);
}
Tensor elastic_transform(const Tensor& images, const Tensor& key, const Tensor& alpha, const Tensor& sigma, const ElasticOptions& options) {
    const ElasticAttrs attrs = attrs_of(options);
    infer_specs(elastic_transform_op, specs_of({images}), Attrs(attrs));
    return bent(images, key, alpha, sigma, attrs);
}
}  // namespace ops::image
}  // namespace cornu
