#include "cornu/layers/preprocessing/image/warping.h"

#include <algorithm>

#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/image.h"
#include "cornu/ops/image_layout.h"
#include "cornu/ops/linalg.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/random/elastic.h"

namespace cornu::layers {

namespace boxes = utils::bounding_boxes;

namespace {

class RandomPerspectiveLayer final : public ImageLayer<RandomPerspectiveConfig> {
public:
    explicit RandomPerspectiveLayer(RandomPerspectiveConfig config) : ImageLayer("RandomPerspective", std::move(config)) { standardize_factor(config_.factor, 0, 1); }

    void draw(Transformation& t) override {
        t["chosen"] = chosen(t, config_.factor.lower, config_.factor.upper);
        const Tensor moves = random::uniform({t.images.batch, 4, 2}, -0.5 * config_.scale, 0.5 * config_.scale, compute_dtype(), t.seed);
        const auto right = static_cast<float>(t.images.width - 1), bottom = static_cast<float>(t.images.height - 1);
        const Tensor corners = Tensor::from(std::vector<float>{0, 0, right, 0, 0, bottom, right, bottom}, {1, 4, 2});
        t["start"] = ops::cast(ops::broadcast_to(corners, {t.images.batch, 4, 2}), compute_dtype());
        t["end"] = t["start"] + t["start"] * moves;
    }

    Tensor transform_images(const Tensor& images, const Transformation& t) override { return seen(ops::cast(images, compute_dtype()), t, config_.interpolation); }
    Tensor transform_segmentation_masks(const Tensor& masks, const Transformation& t) override { return seen(masks, t, "nearest"); }

    BoundingBoxes transform_bounding_boxes(BoundingBoxes b, const Transformation& t) override {
        const int64_t n = t.images.batch;
        b = boxes::convert_format(std::move(b), bounding_box_format(), "xyxy", t.images.height, t.images.width);
        const Tensor map = homography(t["start"], t["end"]);
        const Tensor back = ops::inv(ops::reshape(ops::concatenate({map, ops::ones({n, 1}, map.dtype())}, 1), {n, 3, 3}));
        const Tensors c = ops::split(b.boxes, 4, -1);
        Tensors xs, ys;
        for (const auto& [x, y] : {std::pair{c[0], c[1]}, std::pair{c[2], c[3]}, std::pair{c[0], c[3]}, std::pair{c[2], c[1]}}) {
            const Tensor point = ops::matmul(ops::concatenate({x, y, ops::ones_like(x)}, -1), ops::transpose(back, {0, 2, 1}));
            const Tensors parts = ops::split(point, 3, -1);
            xs.push_back(parts[0] / parts[2]);
            ys.push_back(parts[1] / parts[2]);
        }
        const Tensor x = ops::concatenate(xs, -1), y = ops::concatenate(ys, -1);
        const Tensor moved = ops::concatenate({ops::min(x, -1, true), ops::min(y, -1, true), ops::max(x, -1, true), ops::max(y, -1, true)}, -1);
        b.boxes = ops::where(ops::squeeze(t["chosen"], {-1}), moved, b.boxes);
        return boxes::clip_to_image_size(std::move(b), t.images.height, t.images.width);
    }

private:
    Tensor seen(const Tensor& images, const Transformation& t, const std::string& interpolation) const {
        const Tensor out = ops::image::perspective_transform(images, t["start"], t["end"], interpolation, config_.fill_value, config_.data_format);
        return ops::where(t["chosen"], out, images);
    }
};

class RandomElasticTransformLayer final : public ImageLayer<RandomElasticTransformConfig> {
public:
    explicit RandomElasticTransformLayer(RandomElasticTransformConfig config) : ImageLayer("RandomElasticTransform", std::move(config)) {
        standardize_factor(config_.factor, 0, 1);
        standardize_factor(config_.scale, 0, 1, "scale");
        standardize_value_range(config_.value_range, false);
    }

    void draw(Transformation& t) override {
        if (!acts()) return;
        t["chosen"] = chosen(t, config_.factor.lower, config_.factor.upper);
        t["strength"] = random::uniform({}, config_.scale.lower, config_.scale.upper, compute_dtype(), t.seed);
    }

    Tensor transform_images(const Tensor& images, const Transformation& t) override { return bent(ops::cast(images, compute_dtype()), t, config_.interpolation); }
    Tensor transform_segmentation_masks(const Tensor& masks, const Transformation& t) override { return bent(masks, t, "nearest"); }
    BoundingBoxes transform_bounding_boxes(BoundingBoxes, const Transformation&) override {
        throw UnsupportedError("RandomElasticTransform does not transform bounding boxes. Received: an input with a 'bounding_boxes' key");
    }

private:
    bool acts() const { return config_.scale.upper != 0 && config_.factor.upper != 0; }

    Tensor bent(const Tensor& images, const Transformation& t, const std::string& interpolation) const {
        if (!acts()) return images;
        const auto longer = static_cast<double>(std::max(t.images.height, t.images.width)), shorter = static_cast<double>(std::min(t.images.height, t.images.width));
        const Tensor alpha = t["strength"] * 0.1 * longer, sigma = t["strength"] * 0.05 * shorter;
        const Tensor out = ops::image::elastic_transform(images, t.seed.next(), alpha, sigma,
                                                         {.sigma = 0.05 * config_.scale.upper * shorter, .interpolation = interpolation, .fill_mode = config_.fill_mode,
                                                          .fill_value = config_.fill_value, .data_format = config_.data_format});
        return ops::cast(ops::clip(ops::where(t["chosen"], out, images), config_.value_range[0], config_.value_range[1]), compute_dtype());
    }
};

}  // namespace

void RandomPerspectiveConfig::describe(Schema<RandomPerspectiveConfig>& s) {
    using C = RandomPerspectiveConfig;
    describe_image_layer(s);
    s.field<&C::factor>("The probability that an image changes.");
    s.field<&C::scale>("How far corners move.").between(0, 1);
    s.field<&C::interpolation>("How pixels between pixels are made.").one_of({"nearest", "bilinear"});
    s.field<&C::fill_value>("What stands outside.");
    s.field<&C::seed>("Seed; drawn when not given.");
}
void RandomElasticTransformConfig::describe(Schema<RandomElasticTransformConfig>& s) {
    using C = RandomElasticTransformConfig;
    describe_image_layer(s);
    s.field<&C::factor>("The probability that an image changes.");
    s.field<&C::scale>("How far pixels move.");
    s.field<&C::interpolation>("How pixels between pixels are made.").one_of({"nearest", "bilinear"});
    s.field<&C::fill_mode>("What stands outside.").one_of({"constant", "nearest", "wrap", "mirror", "reflect"});
    s.field<&C::fill_value>("The constant that stands outside.");
    s.field<&C::value_range>("What results are kept within.");
    s.field<&C::seed>("Seed; drawn when not given.");
}

RandomPerspective::RandomPerspective(RandomPerspectiveConfig config) : Layer(std::make_shared<RandomPerspectiveLayer>(std::move(config))) {}
RandomElasticTransform::RandomElasticTransform(RandomElasticTransformConfig config) : Layer(std::make_shared<RandomElasticTransformLayer>(std::move(config))) {}

}  // namespace cornu::layers
