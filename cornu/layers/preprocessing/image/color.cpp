#include "cornu/layers/preprocessing/image/color.h"

#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/image.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/context.h"

namespace cornu::layers {

namespace {

using Made = ImageTraits::Images;
const std::vector<double> unit = {0, 1}, bytes = {0, 255};

Tensor within(const Tensor& x, const std::vector<double>& range) { return ops::clip(x, range[0], range[1]); }

// Images with f of channel `i` in its place.
template <class F>
Tensor with_channel(const Tensor& images, const Transformation& t, size_t i, F&& f) {
    Tensors channels = ops::split(images, 3, t.images.channel_axis());
    channels[i] = f(channels[i]);
    return ops::concatenate(channels, t.images.channel_axis());
}

class RandomBrightnessLayer final : public ImageLayer<RandomBrightnessConfig> {
public:
    explicit RandomBrightnessLayer(RandomBrightnessConfig config) : ImageLayer("RandomBrightness", std::move(config), {.images = Made::kept}) {
        standardize_factor(config_.factor.get(), -1, 1);
        standardize_value_range(config_.value_range);
    }
    void draw(Transformation& t) override {
        const Tensor delta = random::uniform(t.images.per_image(), config_.factor.get().lower, config_.factor.get().upper, {}, t.seed);
        t["delta"] = delta * (config_.value_range[1] - config_.value_range[0]);
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override { return within(images + ops::cast(t["delta"], images.dtype()), config_.value_range); }
};

class RandomContrastLayer final : public ImageLayer<RandomContrastConfig> {
public:
    explicit RandomContrastLayer(RandomContrastConfig config) : ImageLayer("RandomContrast", std::move(config), {.images = Made::kept}) {
        standardize_factor(config_.factor.get(), 0, 1);
        standardize_value_range(config_.value_range, false);
    }
    void draw(Transformation& t) override {
        t["factor"] = random::uniform(t.images.per_image(), 1 - config_.factor.get().lower, 1 + config_.factor.get().upper, compute_dtype(), t.seed);
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor mean = ops::mean(ops::mean(images, t.images.height_axis(), true), t.images.width_axis(), true);
        return within((images - mean) * t["factor"] + mean, config_.value_range);
    }
};

class RandomSaturationLayer final : public ImageLayer<RandomSaturationConfig> {
public:
    // Keras keeps the base class's bounds, and uses what is in [0, 1].
    explicit RandomSaturationLayer(RandomSaturationConfig config) : ImageLayer("RandomSaturation", std::move(config), {.images = Made::kept, .draws_always = true}) {
        standardize_factor(config_.factor.get(), -1, 1);
        standardize_value_range(config_.value_range);
    }
    void draw(Transformation& t) override {
        const Tensor factor = random::uniform(t.images.per_image(), config_.factor.get().lower, config_.factor.get().upper, {}, t.seed);
        t["factor"] = factor / (1 - factor + Context::current().epsilon());
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor factor = ops::cast(t["factor"], compute_dtype()), hsv = ops::image::rgb_to_hsv(images, config_.data_format);
        const Tensor out = with_channel(hsv, t, 1, [&](const Tensor& s) { return within(s * factor, config_.value_range); });
        return ops::image::hsv_to_rgb(out, config_.data_format);
    }
};

class RandomHueLayer final : public ImageLayer<RandomHueConfig> {
public:
    explicit RandomHueLayer(RandomHueConfig config) : ImageLayer("RandomHue", std::move(config), {.images = Made::computed_in_training, .draws_always = true}) {
        standardize_factor(config_.factor.get(), 0, 1);
        standardize_value_range(config_.value_range, false);
    }
    void draw(Transformation& t) override {
        const Tensor sign = ops::where(random::uniform(t.images.per_image(), 0, 1, {}, t.seed) > 0.5, -1.0, 1.0);
        t["factor"] = sign * random::uniform(t.images.per_image(), config_.factor.get().lower, config_.factor.get().upper, {}, t.seed) * 0.5;
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const DType dtype = compute_dtype();
        const Tensor hsv = ops::image::rgb_to_hsv(to_range(ops::cast(images, dtype), config_.value_range, unit, DType::float32), config_.data_format);
        const Tensor turned = with_channel(hsv, t, 0, [&](const Tensor& channel) {
            const Tensor h = channel + ops::cast(t["factor"], channel.dtype()), down = ops::where(h > 1, h - 1, h);
            return ops::where(down < 0, down + 1, down);
        });
        const Tensor rgb = within(ops::image::hsv_to_rgb(turned, config_.data_format), unit);
        return ops::cast(to_range(rgb, unit, config_.value_range, DType::float32), dtype);
    }
};

class RandomGrayscaleLayer final : public ImageLayer<RandomGrayscaleConfig> {
public:
    explicit RandomGrayscaleLayer(RandomGrayscaleConfig config) : ImageLayer("RandomGrayscale", std::move(config), {.images = Made::kept, .draws_always = true}) {}
    void draw(Transformation& t) override { t["chosen"] = random::uniform(t.images.per_image(), 0, 1, {}, t.seed) < config_.factor; }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        return ops::where(t["chosen"], ops::image::rgb_to_grayscale(images, config_.data_format), images);
    }
    DType output_dtype(DType images) const override { return images; }
};

class RandomColorDegenerationLayer final : public ImageLayer<RandomColorDegenerationConfig> {
public:
    explicit RandomColorDegenerationLayer(RandomColorDegenerationConfig config)
        : ImageLayer("RandomColorDegeneration", std::move(config), {.images = Made::computed_in_training, .draws_always = true}) {
        standardize_factor(config_.factor.get(), -1, 1);
        standardize_value_range(config_.value_range);
    }
    void draw(Transformation& t) override { t["factor"] = random::uniform(t.images.per_image(), config_.factor.get().lower, config_.factor.get().upper, {}, t.seed); }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor x = ops::cast(images, compute_dtype()), grey = ops::image::rgb_to_grayscale(x, config_.data_format);
        return within(x + ops::cast(t["factor"], compute_dtype()) * (grey - x), config_.value_range);
    }
};

class RandomColorJitterLayer final : public ImageLayer<RandomColorJitterConfig> {
public:
    explicit RandomColorJitterLayer(RandomColorJitterConfig config) : ImageLayer("RandomColorJitter", std::move(config), {.images = Made::computed_in_training}) {
        standardize_value_range(config_.value_range, false);
        add<RandomBrightness>("random_brightness", config_.brightness_factor);
        add<RandomContrast>("random_contrast", config_.contrast_factor);
        add<RandomSaturation>("random_saturation", config_.saturation_factor);
        add<RandomHue>("random_hue", config_.hue_factor);
    }
    // Each layer draws for what the one before has made, from this one's generator.
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        Tensor x = ops::cast(images, compute_dtype());
        for (CustomImageLayer* layer : layers_) {
            Transformation part{.images = t.images, .seed = t.seed};
            layer->draw(part);
            x = layer->transform_images(x, part);
        }
        return ops::cast(x, compute_dtype());
    }

private:
    template <class L>
    void add(const char* attribute, const std::optional<Factor>& factor) {
        if (!factor) return;
        typename L::Config config{.factor = *factor, .value_range = config_.value_range};
        config.seed = config_.seed;
        config.data_format = config_.data_format;
        const Layer layer = track(attribute, L(std::move(config)));
        layers_.push_back(dynamic_cast<CustomImageLayer*>(&layer.impl()));
    }
    std::vector<CustomImageLayer*> layers_;
};

class RandomInvertLayer final : public ImageLayer<RandomInvertConfig> {
public:
    explicit RandomInvertLayer(RandomInvertConfig config) : ImageLayer("RandomInvert", std::move(config), {.images = Made::computed_in_training}) {
        standardize_factor(config_.factor, 0, 1);
        standardize_value_range(config_.value_range, false);
    }
    void draw(Transformation& t) override { t["chosen"] = chosen(t, config_.factor.lower, config_.factor.upper); }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor x = ops::cast(images, compute_dtype());
        return ops::where(t["chosen"], config_.value_range[1] - x, x);
    }
};

class RandomPosterizationLayer final : public ImageLayer<RandomPosterizationConfig> {
public:
    explicit RandomPosterizationLayer(RandomPosterizationConfig config) : ImageLayer("RandomPosterization", std::move(config), {.images = Made::kept, .draws_always = true}) {
        standardize_factor(config_.factor.get(), 1, 8);
        standardize_value_range(config_.value_range);
    }
    void draw(Transformation& t) override {
        const auto low = static_cast<int64_t>(config_.factor.get().lower), high = static_cast<int64_t>(config_.factor.get().upper);
        const Tensor bits = low == high ? ops::full(t.images.per_image(), low, DType::uint8) : random::randint(t.images.per_image(), low, high, DType::uint8, t.seed);
        t["shift"] = Tensor::full({}, 8, DType::uint8) - bits;
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor whole = ops::cast(to_range(images, config_.value_range, bytes, compute_dtype()), DType::uint8);
        const Tensor kept = ops::left_shift(ops::right_shift(whole, t["shift"]), t["shift"]);
        return to_range(ops::cast(kept, compute_dtype()), bytes, config_.value_range, compute_dtype());
    }
};

class SolarizationLayer final : public ImageLayer<SolarizationConfig> {
public:
    explicit SolarizationLayer(SolarizationConfig config) : ImageLayer("Solarization", std::move(config)) {
        config_.addition_factor = strict_factor(config_.addition_factor, 0, 1, "addition_factor", Single::from_zero);
        config_.threshold_factor = strict_factor(config_.threshold_factor, 0, 1, "threshold_factor", Single::from_zero);
        standardize_value_range(config_.value_range);
    }
    // As in Keras, lower ends count as they are.
    void draw(Transformation& t) override {
        const auto drawn = [&](const Factor& f) { return random::uniform(t.images.per_image(), f.lower, f.upper * 255, compute_dtype(), t.seed); };
        t["addition"] = drawn(config_.addition_factor);
        t["threshold"] = drawn(config_.threshold_factor);
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor x = to_range(ops::cast(images, compute_dtype()), config_.value_range, bytes, compute_dtype());
        const Tensor sum = within(x + t["addition"], bytes);
        return to_range(ops::where(sum < t["threshold"], sum, 255 - sum), bytes, config_.value_range, compute_dtype());
    }
};

template <class C>
void describe_color(Schema<C>& s, const char* factor) {
    describe_image_layer(s);
    s.template field<&C::factor>(factor);
    s.template field<&C::value_range>("Between which numbers images are.");
    s.template field<&C::seed>("Seed; drawn when not given.");
}

}  // namespace

void RandomBrightnessConfig::describe(Schema<RandomBrightnessConfig>& s) { describe_color(s, "What is added, in parts of value_range."); }
void RandomContrastConfig::describe(Schema<RandomContrastConfig>& s) { describe_color(s, "How far contrast falls and rises."); }
void RandomSaturationConfig::describe(Schema<RandomSaturationConfig>& s) { describe_color(s, "0: grey, 0.5: as it is, 1: pure colours."); }
void RandomHueConfig::describe(Schema<RandomHueConfig>& s) { describe_color(s, "How far hues turn, in half circles."); }
void RandomColorDegenerationConfig::describe(Schema<RandomColorDegenerationConfig>& s) { describe_color(s, "How far colours go towards grey."); }
void RandomInvertConfig::describe(Schema<RandomInvertConfig>& s) { describe_color(s, "The probability that an image is inverted."); }
void RandomPosterizationConfig::describe(Schema<RandomPosterizationConfig>& s) { describe_color(s, "How many bits of a channel stay."); }
void RandomGrayscaleConfig::describe(Schema<RandomGrayscaleConfig>& s) {
    describe_image_layer(s);
    s.field<&RandomGrayscaleConfig::factor>("The probability that an image becomes grey.").between(0, 1);
    s.field<&RandomGrayscaleConfig::seed>("Seed; drawn when not given.").omit_null();
}
void RandomColorJitterConfig::describe(Schema<RandomColorJitterConfig>& s) {
    using C = RandomColorJitterConfig;
    describe_image_layer(s);
    s.field<&C::value_range>("Between which numbers images are.");
    s.field<&C::brightness_factor>("The factor of RandomBrightness; null: none.");
    s.field<&C::contrast_factor>("The factor of RandomContrast; null: none.");
    s.field<&C::saturation_factor>("The factor of RandomSaturation; null: none.");
    s.field<&C::hue_factor>("The factor of RandomHue; null: none.");
    s.field<&C::seed>("Seed; drawn when not given.");
}
void SolarizationConfig::describe(Schema<SolarizationConfig>& s) {
    using C = SolarizationConfig;
    describe_image_layer(s);
    s.field<&C::addition_factor>("What is added first, in parts of 255.");
    s.field<&C::threshold_factor>("From where on values are inverted, in parts of 255.");
    s.field<&C::value_range>("Between which numbers images are.");
    s.field<&C::seed>("Seed; drawn when not given.");
}

RandomBrightness::RandomBrightness(RandomBrightnessConfig config) : Layer(std::make_shared<RandomBrightnessLayer>(std::move(config))) {}
RandomContrast::RandomContrast(RandomContrastConfig config) : Layer(std::make_shared<RandomContrastLayer>(std::move(config))) {}
RandomSaturation::RandomSaturation(RandomSaturationConfig config) : Layer(std::make_shared<RandomSaturationLayer>(std::move(config))) {}
RandomHue::RandomHue(RandomHueConfig config) : Layer(std::make_shared<RandomHueLayer>(std::move(config))) {}
RandomGrayscale::RandomGrayscale(RandomGrayscaleConfig config) : Layer(std::make_shared<RandomGrayscaleLayer>(std::move(config))) {}
RandomColorDegeneration::RandomColorDegeneration(RandomColorDegenerationConfig config) : Layer(std::make_shared<RandomColorDegenerationLayer>(std::move(config))) {}
RandomColorJitter::RandomColorJitter(RandomColorJitterConfig config) : Layer(std::make_shared<RandomColorJitterLayer>(std::move(config))) {}
RandomInvert::RandomInvert(RandomInvertConfig config) : Layer(std::make_shared<RandomInvertLayer>(std::move(config))) {}
RandomPosterization::RandomPosterization(RandomPosterizationConfig config) : Layer(std::make_shared<RandomPosterizationLayer>(std::move(config))) {}
Solarization::Solarization(SolarizationConfig config) : Layer(std::make_shared<SolarizationLayer>(std::move(config))) {}

}  // namespace cornu::layers
