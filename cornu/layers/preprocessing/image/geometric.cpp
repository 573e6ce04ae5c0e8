#include "cornu/layers/preprocessing/image/geometric.h"

#include <numbers>

#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/image.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace boxes = utils::bounding_boxes;

namespace {

class RandomFlipLayer final : public ImageLayer<RandomFlipConfig> {
public:
    explicit RandomFlipLayer(RandomFlipConfig config) : ImageLayer("RandomFlip", std::move(config)) {}

    void draw(Transformation& t) override {
        if (t.training) t["flips"] = random::uniform(t.images.per_image(), 0, 1, {}, t.seed) <= 0.5;
    }

    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        Tensor x = ops::cast(images, compute_dtype());
        if (!t.training) return x;
        if (horizontal()) x = ops::where(t["flips"], ops::flip(x, t.images.width_axis()), x);
        if (vertical()) x = ops::where(t["flips"], ops::flip(x, t.images.height_axis()), x);
        return x;
    }
    Tensor transform_segmentation_masks(const Tensor& masks, const Transformation& t) override { return transform_images(masks, t); }

    BoundingBoxes transform_bounding_boxes(BoundingBoxes b, const Transformation& t) override {
        const Tensor flips = ops::squeeze(t["flips"], {-1}), height(t.images.height), width(t.images.width);
        b = boxes::convert_format(std::move(b), bounding_box_format(), "rel_xyxy", height, width);
        const auto turned = [&](const Tensors& c) { b.boxes = ops::where(flips, ops::concatenate(c, -1), b.boxes); };
        if (const Tensors c = ops::split(b.boxes, 4, -1); horizontal()) turned({1 - c[2], c[1], 1 - c[0], c[3]});
        if (const Tensors c = ops::split(b.boxes, 4, -1); vertical()) turned({c[0], 1 - c[3], c[2], 1 - c[1]});
        b = boxes::clip_to_image_size(std::move(b), height, width);
        return boxes::convert_format(std::move(b), "rel_xyxy", bounding_box_format(), height, width);
    }

protected:
    bool masks_always() const override { return true; }   // they become the compute dtype, as images do

private:
    bool horizontal() const { return config_.mode != "vertical"; }
    bool vertical() const { return config_.mode != "horizontal"; }
};

// Layers that see images through an affine map, a row of eight numbers for each.
template <class Config>
class AffineLayer : public ImageLayer<Config> {
public:
    using ImageLayer<Config>::ImageLayer;
    virtual Tensor matrix(const Transformation& t) const = 0;

    Tensor transform_images(const Tensor& images, const Transformation& t) final {
        return seen(ops::cast(images, this->compute_dtype()), t, this->config_.interpolation);
    }
    Tensor transform_segmentation_masks(const Tensor& masks, const Transformation& t) final { return seen(masks, t, "nearest"); }

protected:
    static Tensor rows(const Transformation& t, const Tensors& entries) {
        Tensors columns;
        for (const Tensor& entry : entries) columns.push_back(entry.rank() == 0 ? ops::full({t.images.batch}, entry, DType::float32) : ops::reshape(entry, {t.images.batch}));
        return ops::stack(columns, 1);
    }

private:
    Tensor seen(const Tensor& images, const Transformation& t, const std::string& interpolation) const {
        return ops::image::affine_transform(images, matrix(t), {.interpolation = interpolation, .fill_mode = this->config_.fill_mode,
                                                                .fill_value = this->config_.fill_value, .data_format = this->config_.data_format});
    }
};

class RandomRotationLayer final : public AffineLayer<RandomRotationConfig> {
public:
    explicit RandomRotationLayer(RandomRotationConfig config) : AffineLayer("RandomRotation", std::move(config)) { standardize_factor(config_.factor.get(), -1, 1); }

    void draw(Transformation& t) override { t["angle"] = random::uniform({t.images.batch}, config_.factor.get().lower * 360, config_.factor.get().upper * 360, {}, t.seed); }

    Tensor matrix(const Transformation& t) const override {
        const Tensor angle = t["angle"] * (std::numbers::pi / 180), c = ops::cos(angle), s = ops::sin(angle);
        const double x = 0.5 * static_cast<double>(t.images.width - 1), y = 0.5 * static_cast<double>(t.images.height - 1);
        return rows(t, {c, -s, x - x * c + y * s, s, c, y - x * s - y * c, 0, 0});
    }

    BoundingBoxes transform_bounding_boxes(BoundingBoxes b, const Transformation& t) override {
        const int64_t height = t.images.height, width = t.images.width;
        const Tensor none = ops::zeros({t.images.batch});
        b.boxes = boxes::affine_transform(b.boxes, {t["angle"], none, none, ops::ones({t.images.batch}), none, none}, height, width);
        b = boxes::clip_to_image_size(std::move(b), height, width);
        return boxes::convert_format(std::move(b), "xyxy", bounding_box_format(), height, width);
    }
};

class RandomTranslationLayer final : public AffineLayer<RandomTranslationConfig> {
public:
    explicit RandomTranslationLayer(RandomTranslationConfig config)
        : AffineLayer("RandomTranslation", std::move(config)), rows_(strict_factor(config_.height_factor, -1, 1, "height_factor")),
          columns_(strict_factor(config_.width_factor, -1, 1, "width_factor")) {}

    void draw(Transformation& t) override {
        t["y"] = random::uniform({t.images.batch, 1}, rows_.lower, rows_.upper, {}, t.seed) * t.images.height;
        t["x"] = random::uniform({t.images.batch, 1}, columns_.lower, columns_.upper, {}, t.seed) * t.images.width;
    }

    Tensor matrix(const Transformation& t) const override { return rows(t, {1, 0, -t["x"], 0, 1, -t["y"], 0, 0}); }

    BoundingBoxes transform_bounding_boxes(BoundingBoxes b, const Transformation& t) override {
        const Tensor height(t.images.height), width(t.images.width), x = t["x"], y = t["y"];
        b = boxes::convert_format(std::move(b), bounding_box_format(), "xyxy", height, width);
        b.boxes = b.boxes + ops::expand_dims(ops::concatenate({x, y, x, y}, 1), 1);
        b = boxes::clip_to_image_size(std::move(b), height, width);
        return boxes::convert_format(std::move(b), "xyxy", bounding_box_format(), height, width);
    }

private:
    Factor rows_, columns_;
};

class RandomZoomLayer final : public AffineLayer<RandomZoomConfig> {
public:
    explicit RandomZoomLayer(RandomZoomConfig config) : AffineLayer("RandomZoom", std::move(config)), rows_(checked(config_.height_factor, "height_factor")) {
        if (config_.width_factor) columns_ = checked(*config_.width_factor, "width_factor");
    }

    void draw(Transformation& t) override {
        const auto zoom = [&](const Factor& f) { return random::uniform({t.images.batch, 1}, 1 + f.lower, 1 + f.upper, {}, t.seed); };
        t["height_zoom"] = zoom(rows_);
        t["width_zoom"] = config_.width_factor ? zoom(columns_) : t["height_zoom"];
    }

    Tensor matrix(const Transformation& t) const override { return rows(t, {t["width_zoom"], 0, left(t), 0, t["height_zoom"], top(t), 0, 0}); }

    BoundingBoxes transform_bounding_boxes(BoundingBoxes b, const Transformation& t) override {
        const Tensor height(t.images.height), width(t.images.width);
        b = boxes::convert_format(std::move(b), bounding_box_format(), "xyxy", height, width);
        const auto per_image = [](const Tensor& x) { return ops::expand_dims(x, -1); };
        const Tensor zoomed_height = per_image(t["height_zoom"] * height), zoomed_width = per_image(t["width_zoom"] * width);
        b.boxes = boxes::crop(b.boxes, per_image(top(t)), per_image(left(t)), zoomed_height, zoomed_width);
        b = boxes::convert_format(std::move(b), "xyxy", "rel_xyxy", zoomed_height, zoomed_width);
        b = boxes::clip_to_image_size(std::move(b), zoomed_height, zoomed_width, "rel_xyxy");
        return boxes::convert_format(std::move(b), "rel_xyxy", bounding_box_format(), height, width);
    }

private:
    static Factor checked(const Factor& factor, const char* name) {
        if (factor.lower == -1 || factor.upper == -1)
            throw ValueError(str("The `", name, "` argument should be a number (or a list of two numbers) in the range (-1.0, 1.0]. Received: ", name, "=-1"));
        return strict_factor(factor, -1, 1, name);
    }
    static Tensor top(const Transformation& t) { return static_cast<double>(t.images.height - 1) / 2 * (1 - t["height_zoom"]); }
    static Tensor left(const Transformation& t) { return static_cast<double>(t.images.width - 1) / 2 * (1 - t["width_zoom"]); }
    Factor rows_, columns_;
};

class RandomShearLayer final : public AffineLayer<RandomShearConfig> {
public:
    explicit RandomShearLayer(RandomShearConfig config) : AffineLayer("RandomShear", std::move(config)) {
        // What stands in a config is a range already, from -f for a number f.
        for (auto [factor, name] : {std::pair{&config_.x_factor, "x_factor"}, std::pair{&config_.y_factor, "y_factor"}})
            *factor = strict_factor(*factor, factor->range && factor->lower == -factor->upper ? -1 : 0, 1, name);
    }

    void draw(Transformation& t) override {
        const auto drawn = [&](double lower, double upper) { return random::uniform({t.images.batch, 1}, lower, upper, compute_dtype(), t.seed); };
        const Tensor sign = ops::where(drawn(0, 1) > 0.5, Tensor::full({}, -1, compute_dtype()), Tensor::full({}, 1, compute_dtype()));
        t["y"] = drawn(config_.y_factor.lower, config_.y_factor.upper) * sign;
        t["x"] = drawn(config_.x_factor.lower, config_.x_factor.upper) * sign;
    }

    Tensor matrix(const Transformation& t) const override { return rows(t, {1, t["x"], 0, t["y"], 1, 0, 0, 0}); }

    BoundingBoxes transform_bounding_boxes(BoundingBoxes b, const Transformation& t) override {
        const Tensor height(t.images.height), width(t.images.width);
        b = boxes::convert_format(std::move(b), bounding_box_format(), "rel_xyxy", height, width, compute_dtype());
        const Tensors c = ops::split(b.boxes, 4, -1);
        const Tensor x = ops::expand_dims(t["x"], -1), y = ops::expand_dims(t["y"], -1), left_up = x < 0, right_up = y > 0;
        const Tensor x1 = c[0] - x * ops::where(left_up, c[1], c[3]), x2 = c[2] - x * ops::where(left_up, c[3], c[1]);
        const Tensor y1 = c[1] - y * ops::where(right_up, x2, x1), y2 = c[3] - y * ops::where(right_up, x1, x2);
        b.boxes = ops::concatenate({x1, y1, x2, y2}, -1);
        b = boxes::clip_to_image_size(std::move(b), height, width, "rel_xyxy");
        return boxes::convert_format(std::move(b), "rel_xyxy", bounding_box_format(), height, width, compute_dtype());
    }
};

template <class C>
void describe_filling(Schema<C>& s) {
    s.template field<&C::fill_mode>("What stands outside the image.").one_of({"reflect", "wrap", "constant", "nearest"});
    s.template field<&C::interpolation>("How pixels between pixels are made.").one_of({"nearest", "bilinear"});
    s.template field<&C::seed>("Seed; drawn when not given.");
    s.template field<&C::fill_value>("The constant that stands outside.");
}

}  // namespace

void RandomFlipConfig::describe(Schema<RandomFlipConfig>& s) {
    describe_image_layer(s);
    s.field<&RandomFlipConfig::mode>("The directions.").one_of({"horizontal", "vertical", "horizontal_and_vertical"});
    s.field<&RandomFlipConfig::seed>("Seed; drawn when not given.");
}
void RandomRotationConfig::describe(Schema<RandomRotationConfig>& s) {
    describe_image_layer(s);
    s.field<&RandomRotationConfig::factor>("The angle, in full turns.");
    describe_filling(s);
}
void RandomTranslationConfig::describe(Schema<RandomTranslationConfig>& s) {
    describe_image_layer(s);
    s.field<&RandomTranslationConfig::height_factor>("How far down, in heights.");
    s.field<&RandomTranslationConfig::width_factor>("How far to the right, in widths.");
    describe_filling(s);
}
void RandomZoomConfig::describe(Schema<RandomZoomConfig>& s) {
    describe_image_layer(s);
    s.field<&RandomZoomConfig::height_factor>("How much more of the height is seen.");
    s.field<&RandomZoomConfig::width_factor>("How much more of the width is seen; as of the height when not given.");
    describe_filling(s);
}
void RandomShearConfig::describe(Schema<RandomShearConfig>& s) {
    describe_image_layer(s);
    s.field<&RandomShearConfig::x_factor>("How far columns move per row.");
    s.field<&RandomShearConfig::y_factor>("How far rows move per column.");
    describe_filling(s);
}

RandomFlip::RandomFlip(RandomFlipConfig config) : Layer(std::make_shared<RandomFlipLayer>(std::move(config))) {}
RandomRotation::RandomRotation(RandomRotationConfig config) : Layer(std::make_shared<RandomRotationLayer>(std::move(config))) {}
RandomTranslation::RandomTranslation(RandomTranslationConfig config) : Layer(std::make_shared<RandomTranslationLayer>(std::move(config))) {}
RandomZoom::RandomZoom(RandomZoomConfig config) : Layer(std::make_shared<RandomZoomLayer>(std::move(config))) {}
RandomShear::RandomShear(RandomShearConfig config) : Layer(std::make_shared<RandomShearLayer>(std::move(config))) {}

}  // namespace cornu::layers
