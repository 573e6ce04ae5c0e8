#include "cornu/layers/preprocessing/image/resizing.h"

#include <cmath>

#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/image.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace boxes = utils::bounding_boxes;

namespace {

constexpr ImageTraits keeps_dtype{.images = ImageTraits::Images::kept, .always = true, .random = false};

Shape resized_shape(Shape images, int64_t height, int64_t width, bool channels_first) {
    const int64_t at = images.rank() - (channels_first ? 2 : 3);
    images[at] = height;
    images[at + 1] = width;
    return images;
}

// A window of a batch of images, as far as there is one.
Tensor window(const Tensor& images, const ImageShape& s, int64_t top, int64_t left, int64_t height, int64_t width) {
    std::vector<int64_t> start(4, 0), stop = images.shape().dims();
    const auto h = static_cast<size_t>(s.height_axis()), w = static_cast<size_t>(s.width_axis());
    start[h] = std::min(top, stop[h]);
    start[w] = std::min(left, stop[w]);
    stop[h] = std::min(stop[h], top + height);
    stop[w] = std::min(stop[w], left + width);
    return prim::slice(images, start, stop);
}

// The largest part of an image that has the proportions of height × width, in the middle.
struct Part {
    int64_t top, left, height, width;
};
Part part_of(const ImageShape& s, int64_t height, int64_t width) {
    const auto scaled = [](int64_t a, int64_t b, int64_t over) { return static_cast<int64_t>(static_cast<double>(a * b) / static_cast<double>(over)); };
    const int64_t h = std::max<int64_t>(std::min(s.height, scaled(s.width, height, width)), 1);
    const int64_t w = std::max<int64_t>(std::min(s.width, scaled(s.height, width, height)), 1);
    return {(s.height - h) / 2, (s.width - w) / 2, h, w};
}

Tensor scaled_and_moved(const Tensor& xyxy, double scale_x, double scale_y, double x, double y) {
    const auto row = [](double a, double b) { return Tensor::from(std::vector<float>{static_cast<float>(a), static_cast<float>(b), static_cast<float>(a), static_cast<float>(b)}); };
    return xyxy * row(scale_x, scale_y) + row(x, y);
}

class ResizingLayer final : public ImageLayer<ResizingConfig> {
public:
    explicit ResizingLayer(ResizingConfig config) : ImageLayer("Resizing", std::move(config), keeps_dtype) {}

    Tensor transform_images(const Tensor& images, const Transformation&) override { return resized(images, config_.interpolation); }
    Tensor transform_segmentation_masks(const Tensor& masks, const Transformation&) override { return resized(masks, "nearest"); }
    Shape compute_output_shape(const Shape& images) const override { return resized_shape(images, config_.height, config_.width, channels_first()); }

    // Boxes of zeros, or of -1, are none and become zeros.
    BoundingBoxes transform_bounding_boxes(BoundingBoxes b, const Transformation& t) override {
        const Tensor none = ops::logical_or(ops::all(ops::equal(b.boxes, -1), -1, true), ops::all(ops::equal(b.boxes, 0), -1, true));
        b = boxes::convert_format(std::move(b), bounding_box_format(), "xyxy", t.images.height, t.images.width);
        b.boxes = moved(b.boxes, static_cast<float>(t.images.height), static_cast<float>(t.images.width));
        b = boxes::clip_to_image_size(std::move(b), config_.height.get(), config_.width.get());
        b.boxes = ops::where(none, 0.0, b.boxes);
        return boxes::convert_format(std::move(b), "xyxy", bounding_box_format(), config_.height.get(), config_.width.get());
    }

private:
    Tensor resized(const Tensor& images, const std::string& interpolation) const {
        return ops::image::resize(images, {config_.height, config_.width},
                                  {.interpolation = interpolation, .antialias = config_.antialias, .crop_to_aspect_ratio = config_.crop_to_aspect_ratio,
                                   .pad_to_aspect_ratio = config_.pad_to_aspect_ratio, .fill_mode = config_.fill_mode, .fill_value = config_.fill_value,
                                   .data_format = config_.data_format});
    }
    // In float, as Keras computes it: rounding decides on which pixel a box ends.
    Tensor moved(const Tensor& xyxy, float from_height, float from_width) const {
        const auto height = static_cast<float>(config_.height.get()), width = static_cast<float>(config_.width.get());
        const float y = height / from_height, x = width / from_width;
        if (config_.pad_to_aspect_ratio) {
            const float scale = std::min(x, y);
            return scaled_and_moved(xyxy, scale, scale, std::floor((width - from_width * scale) / 2), std::floor((height - from_height * scale) / 2));
        }
        if (!config_.crop_to_aspect_ratio) return scaled_and_moved(xyxy, x, y, 0, 0);
        const float from = from_width / from_height, to = width / height;
        const float full_width = from > to ? height * from : width, full_height = from > to ? height : width / from;
        return scaled_and_moved(xyxy, full_width / from_width, full_height / from_height, -std::floor((full_width - width) / 2), -std::floor((full_height - height) / 2));
    }
};

class CenterCropLayer final : public ImageLayer<CenterCropConfig> {
public:
    explicit CenterCropLayer(CenterCropConfig config) : ImageLayer("CenterCrop", std::move(config), {.always = true, .random = false}) {}

    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor x = ops::cast(images, compute_dtype());
        const Part part = cut(t.images);
        const Tensor middle = window(x, t.images, part.top, part.left, part.height, part.width);
        return fits(t.images) ? middle : ops::image::resize(middle, {config_.height, config_.width}, {.data_format = config_.data_format});
    }
    Tensor transform_segmentation_masks(const Tensor& masks, const Transformation& t) override { return transform_images(masks, t); }
    Shape compute_output_shape(const Shape& images) const override { return resized_shape(images, config_.height, config_.width, channels_first()); }

    BoundingBoxes transform_bounding_boxes(BoundingBoxes b, const Transformation& t) override {
        const int64_t height = config_.height, width = config_.width;
        b = boxes::convert_format(std::move(b), bounding_box_format(), "xyxy", t.images.height, t.images.width);
        const Part part = cut(t.images);
        b.boxes = boxes::crop(b.boxes, part.top, part.left, part.height, part.width);
        if (!fits(t.images)) {
            b = boxes::convert_format(std::move(b), "xyxy", "rel_xyxy", part.height, part.width);
            b = boxes::convert_format(std::move(b), "rel_xyxy", "xyxy", height, width);
        }
        b = boxes::clip_to_image_size(std::move(b), height, width);
        return boxes::convert_format(std::move(b), "xyxy", bounding_box_format(), height, width);
    }

private:
    bool fits(const ImageShape& s) const { return s.height >= config_.height && s.width >= config_.width; }
    Part cut(const ImageShape& s) const {
        const int64_t height = config_.height, width = config_.width;
        return fits(s) ? Part{(s.height - height) / 2, (s.width - width) / 2, height, width} : part_of(s, height, width);
    }
};

class RandomCropLayer final : public ImageLayer<RandomCropConfig> {
public:
    // Keras draws two seeds where none is given: one to write down, one to use.
    explicit RandomCropLayer(RandomCropConfig config) : ImageLayer("RandomCrop", std::move(config), {.images = ImageTraits::Images::computed_in_training, .random = false}) {
        const std::optional<int64_t> given = config_.seed;
        if (!given) config_.seed = random::make_default_seed();
        seed_with(given);
    }

    void draw(Transformation& t) override {
        const int64_t height = config_.height, width = config_.width;
        if (has_room(t)) {
            const auto place = [&](int64_t room) { return ops::cast(random::uniform({}, 0, static_cast<double>(room + 1), {}, t.seed), DType::int32); };
            t["top"] = place(t.images.height - height);
            t["left"] = place(t.images.width - width);
            return;
        }
        const Part part = part_of(t.images, height, width);
        t["top"] = ops::cast(part.top, DType::int32);
        t["left"] = ops::cast(part.left, DType::int32);
    }

    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor x = ops::cast(images, compute_dtype());
        const int64_t height = config_.height, width = config_.width;
        if (has_room(t)) {
            Tensors start(4, Tensor(0));
            start[static_cast<size_t>(t.images.height_axis())] = t["top"];
            start[static_cast<size_t>(t.images.width_axis())] = t["left"];
            return prim::dynamic_slice(x, start, resized_shape(x.shape(), height, width, channels_first()));
        }
        const Part part = part_of(t.images, height, width);
        const Tensor out = window(x, t.images, part.top, part.left, height, width);
        if (out.shape() == resized_shape(x.shape(), height, width, channels_first())) return out;
        return ops::cast(ops::image::resize(out, {height, width}, {.data_format = config_.data_format}), compute_dtype());
    }
    Tensor transform_segmentation_masks(const Tensor& masks, const Transformation& t) override { return transform_images(masks, t); }
    Shape compute_output_shape(const Shape& images) const override { return resized_shape(images, config_.height, config_.width, channels_first()); }

    // As in Keras: rows are taken off x and columns off y, and relative boxes are parts of the result.
    BoundingBoxes transform_bounding_boxes(BoundingBoxes b, const Transformation& t) override {
        const Tensor height(config_.height.get()), width(config_.width.get());
        b = boxes::convert_format(std::move(b), bounding_box_format(), "xyxy", height, width);
        const Tensor top = ops::cast(t["top"], b.boxes.dtype()), left = ops::cast(t["left"], b.boxes.dtype());
        b.boxes = ops::maximum(b.boxes - ops::stack({top, left, top, left}), 0);
        return boxes::convert_format(std::move(b), "xyxy", bounding_box_format(), height, width);
    }

protected:
    bool masks_always() const override { return true; }

private:
    bool has_room(const Transformation& t) const { return t.training && t.images.height > config_.height && t.images.width > config_.width; }
};

}  // namespace

void ResizingConfig::describe(Schema<ResizingConfig>& s) {
    using C = ResizingConfig;
    describe_image_layer(s);
    s.field<&C::height>("Height of the result.").positive();
    s.field<&C::width>("Width of the result.").positive();
    s.field<&C::interpolation>("How pixels between pixels are made.").one_of({"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"});
    s.field<&C::crop_to_aspect_ratio>("Whether to cut instead of distorting.");
    s.field<&C::pad_to_aspect_ratio>("Whether to widen instead of distorting.");
    s.field<&C::fill_mode>("What widening puts there.").one_of({"constant"});
    s.field<&C::fill_value>("The constant.");
    s.field<&C::antialias>("Whether shrinking smooths.");
}
void CenterCropConfig::describe(Schema<CenterCropConfig>& s) {
    describe_image_layer(s);
    s.field<&CenterCropConfig::height>("Height of the result.").positive();
    s.field<&CenterCropConfig::width>("Width of the result.").positive();
}
void RandomCropConfig::describe(Schema<RandomCropConfig>& s) {
    describe_image_layer(s);
    s.field<&RandomCropConfig::height>("Height of the result.").positive();
    s.field<&RandomCropConfig::width>("Width of the result.").positive();
    s.field<&RandomCropConfig::seed>("Seed; drawn when not given.");
}

Resizing::Resizing(ResizingConfig config) : Layer(std::make_shared<ResizingLayer>(std::move(config))) {}
CenterCrop::CenterCrop(CenterCropConfig config) : Layer(std::make_shared<CenterCropLayer>(std::move(config))) {}
RandomCrop::RandomCrop(RandomCropConfig config) : Layer(std::make_shared<RandomCropLayer>(std::move(config))) {}

}  // namespace cornu::layers
