#include "cornu/layers/preprocessing/image/mixing.h"

#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

Tensor order_of_batch(const Transformation& t) { return random::shuffle(ops::arange(0, static_cast<double>(t.images.batch), 1, DType::int32), 0, t.seed); }

// Where a rectangle starts and ends along an axis, one for each image; its length is a part of the axis.
struct Ends {
    Tensor start, end;
    Ends(const Transformation& t, int64_t axis, const Tensor& part, DType dtype) {
        const Tensor length = part * axis;
        start = random::uniform({t.images.batch}, 0, 1, dtype, t.seed) * (axis - length);
        end = start + length;
    }
};

// True where images have their rectangle, (batch, height, width, 1) or channels first.
Tensor inside(const Transformation& t, const Ends& x, const Ends& y, DType dtype) {
    const auto along = [&](int64_t axis, int64_t size, const Ends& ends) {
        Shape shape{1, 1, 1, 1};
        shape[axis] = size;
        const Tensor place = prim::iota(shape, axis, dtype), start = ops::reshape(ends.start, t.images.per_image()), end = ops::reshape(ends.end, t.images.per_image());
        return ops::logical_and(place >= start, place < end);
    };
    return ops::logical_and(along(t.images.width_axis(), t.images.width, x), along(t.images.height_axis(), t.images.height, y));
}

Tensor blended(const Tensor& x, const Tensor& other, const Tensor& weight) { return weight * x + (1.0 - weight) * other; }

class MixUpLayer final : public ImageLayer<MixUpConfig> {
public:
    explicit MixUpLayer(MixUpConfig config) : ImageLayer("MixUp", std::move(config), {.images = ImageTraits::Images::computed_in_training, .draws_always = true}) {}

    void draw(Transformation& t) override {
        t["order"] = order_of_batch(t);
        t["weight"] = random::beta({t.images.batch}, config_.alpha, config_.alpha, {}, t.seed);
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor x = ops::cast(images, compute_dtype()), weight = ops::cast(ops::reshape(t["weight"], {-1, 1, 1, 1}), compute_dtype());
        return blended(x, ops::take(x, t["order"], 0), weight);
    }
    Tensor transform_labels(const Tensor& labels, const Transformation& t) override {
        return blended(labels, ops::take(labels, t["order"], 0), ops::reshape(t["weight"], {-1, 1}));
    }
    BoundingBoxes transform_bounding_boxes(BoundingBoxes b, const Transformation& t) override {
        b.boxes = ops::concatenate({b.boxes, ops::take(b.boxes, t["order"], 0)}, 1);
        b.labels = ops::concatenate({b.labels, ops::take(b.labels, t["order"], 0)}, t.batched ? 0 : 1);
        return b;
    }
    Tensor transform_segmentation_masks(const Tensor& masks, const Transformation& t) override {
        return blended(masks, ops::take(masks, t["order"]), ops::reshape(t["weight"], {-1, 1, 1, 1}));
    }
};

class CutMixLayer final : public ImageLayer<CutMixConfig> {
public:
    explicit CutMixLayer(CutMixConfig config) : ImageLayer("CutMix", std::move(config)) { standardize_factor(config_.factor, 0, 1); }

    void draw(Transformation& t) override {
        if (!t.training || !t.batched) return;
        const DType dtype = compute_dtype();
        const Tensor alpha = random::uniform({}, config_.factor.lower, config_.factor.upper, dtype, t.seed) + 1e-6;
        const Tensor part = ops::sqrt(1.0 - random::beta({t.images.batch}, alpha, alpha, dtype, t.seed));
        const Ends x(t, t.images.width, part, dtype), y(t, t.images.height, part, dtype);
        Shape full = t.images.per_image();   // every channel of its own, which a mask of one channel takes on, as in Keras
        full[t.images.channel_axis()] = t.images.channels;
        full[t.images.height_axis()] = t.images.height;
        full[t.images.width_axis()] = t.images.width;
        t["inside"] = ops::broadcast_to(inside(t, x, y, dtype), full);
        t["weight"] = 1.0 - (x.end - x.start) * (y.end - y.start) / (t.images.width * t.images.height);
        t["order"] = order_of_batch(t);
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor x = ops::cast(images, compute_dtype());
        return t.training && t.batched ? ops::where(t["inside"], ops::take(x, t["order"], 0), x) : x;
    }
    Tensor transform_segmentation_masks(const Tensor& masks, const Transformation& t) override { return transform_images(masks, t); }
    Tensor transform_labels(const Tensor& labels, const Transformation& t) override {
        return t.batched ? blended(labels, ops::take(labels, t["order"], 0), ops::reshape(t["weight"], {-1, 1})) : labels;
    }
    BoundingBoxes transform_bounding_boxes(BoundingBoxes, const Transformation&) override {
        throw UnsupportedError("CutMix does not transform bounding boxes. Received: an input with a 'bounding_boxes' key");
    }

protected:
    bool masks_always() const override { return true; }   // they become the compute dtype, as images do
};

class RandomErasingLayer final : public ImageLayer<RandomErasingConfig> {
public:
    explicit RandomErasingLayer(RandomErasingConfig config) : ImageLayer("RandomErasing", std::move(config)) {
        standardize_factor(config_.factor, 0, 1);
        standardize_factor(config_.scale, 0, 1, "scale");
        standardize_value_range(config_.value_range, false);
    }

    void draw(Transformation& t) override {
        const DType dtype = compute_dtype();
        const Tensors sides = ops::split(ops::sqrt(random::uniform({t.images.batch, 2}, config_.scale.lower, config_.scale.upper, dtype, t.seed)), 2, 1);
        const Ends x(t, t.images.width, ops::squeeze(sides[0], {1}), dtype), y(t, t.images.height, ops::squeeze(sides[1], {1}), dtype);
        t["inside"] = inside(t, x, y, dtype);
        t["chosen"] = chosen(t, config_.factor.lower, config_.factor.upper);
        t["fill"] = ops::clip(fill(t, dtype), config_.value_range[0], config_.value_range[1]);
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor x = ops::cast(images, compute_dtype());
        return ops::where(ops::logical_and(t["chosen"], t["inside"]), t["fill"], x);
    }

private:
    Tensor fill(const Transformation& t, DType dtype) const {
        const auto& values = config_.fill_value.values;
        if (values.size() == 1) return Tensor::full({}, values[0], dtype);
        Shape shape{t.images.batch, t.images.height, t.images.width, t.images.channels};
        if (t.images.channels_first) shape = {t.images.batch, t.images.channels, t.images.height, t.images.width};
        if (values.empty()) return random::normal(shape, 0, 1, dtype, t.seed) * config_.value_range[1];
        Shape colors{1, 1, 1, 1};
        colors[t.images.channel_axis()] = 3;
        return ops::cast(Tensor::from(values, colors), dtype);
    }
};

}  // namespace

void MixUpConfig::describe(Schema<MixUpConfig>& s) {
    describe_image_layer(s);
    s.field<&MixUpConfig::alpha>("Of the beta distribution that weights come from; small: hardly any blending.").non_negative();
    s.field<&MixUpConfig::seed>("Seed; drawn when not given.");
}
void CutMixConfig::describe(Schema<CutMixConfig>& s) {
    describe_image_layer(s);
    s.field<&CutMixConfig::factor>("Of the beta distribution that areas come from.");
    s.field<&CutMixConfig::seed>("Seed; drawn when not given.");
}
void RandomErasingConfig::describe(Schema<RandomErasingConfig>& s) {
    using C = RandomErasingConfig;
    describe_image_layer(s);
    s.field<&C::factor>("The probability that an image loses a rectangle.");
    s.field<&C::scale>("How large it is.");
    s.field<&C::fill_value>("What comes in its place: null: noise.");
    s.field<&C::value_range>("Between which numbers images are.");
    s.field<&C::seed>("Seed; drawn when not given.");
}

MixUp::MixUp(MixUpConfig config) : Layer(std::make_shared<MixUpLayer>(std::move(config))) {}
CutMix::CutMix(CutMixConfig config) : Layer(std::make_shared<CutMixLayer>(std::move(config))) {}
RandomErasing::RandomErasing(RandomErasingConfig config) : Layer(std::make_shared<RandomErasingLayer>(std::move(config))) {}

}  // namespace cornu::layers

namespace cornu {

Json Codec<layers::FillColor>::encode(const layers::FillColor& v) {
    return v.values.empty() ? Json() : v.values.size() == 1 ? Json(v.values[0]) : Codec<std::vector<double>>::encode(v.values);
}
void Codec<layers::FillColor>::decode(const Json& j, layers::FillColor& v) {
    v = {};
    if (j.is_null()) return;
    if (j.is_array() && j.size() != 3) throw ValueError(str("must be a number or a list of three numbers. Received: ", j));
    Codec<std::vector<double>>::decode(j, v.values);
}

}  // namespace cornu
