#include "cornu/layers/preprocessing/image/composed.h"

#include <algorithm>

#include "cornu/autodiff/mapping.h"
#include "cornu/layers/preprocessing/image/color.h"
#include "cornu/layers/preprocessing/image/filters.h"
#include "cornu/layers/preprocessing/image/geometric.h"
#include "cornu/layers/preprocessing/image/histograms.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/reduction.h"

namespace cornu::layers {

namespace {

using Names = std::vector<const char*>;

// The layers that both choose from. Seeds are drawn as layers are made, so their order is Keras's; what
// is chosen by a number follows an order of its own.
class Choice {
public:
    template <class Config, class Owner>
    Choice(Owner& owner, const Config& c, const Names& made, const Names& order) {
        std::map<std::string, Layer> layers;
        for (const std::string name : made) layers[name] = owner.track(name, make(name, c));
        for (const char* name : order) chosen_.push_back(dynamic_cast<CustomImageLayer*>(&layers.at(name).impl()));
    }
    size_t size() const { return chosen_.size(); }
    CustomImageLayer& operator[](size_t i) const { return *chosen_[i]; }
    Transformation drawn(size_t i, const Transformation& t) const {
        Transformation part{.images = t.images, .batched = t.batched, .seed = t.seed, .layer = i};
        (*this)[i].draw(part);
        return part;
    }

private:
    template <class C>
    static Layer make(const std::string& name, const C& c) {
        const Factor& f = c.factor;
        const auto finished = [&](auto config) {
            config.data_format = c.data_format;
            config.bounding_box_format = c.bounding_box_format;
            config.dtype = c.dtype;
            config.trainable = c.trainable;
            if constexpr (requires { config.seed; }) config.seed = c.seed;
            if constexpr (requires { config.value_range; }) config.value_range = c.value_range;
            if constexpr (requires { config.interpolation; }) config.interpolation = c.interpolation;
            return config;
        };
        if (name == "random_shear") return RandomShear(finished(RandomShearConfig{.x_factor = f, .y_factor = f}));
        if (name == "random_translation") return RandomTranslation(finished(RandomTranslationConfig{.height_factor = f, .width_factor = f}));
        if (name == "random_rotation") return RandomRotation(finished(RandomRotationConfig{.factor = f}));
        if (name == "random_brightness") return RandomBrightness(finished(RandomBrightnessConfig{.factor = f}));
        if (name == "random_color_degeneration") return RandomColorDegeneration(finished(RandomColorDegenerationConfig{.factor = f}));
        if (name == "random_contrast") return RandomContrast(finished(RandomContrastConfig{.factor = f}));
        if (name == "random_sharpness") return RandomSharpness(finished(RandomSharpnessConfig{.factor = f}));
        if (name == "solarization") return Solarization(finished(SolarizationConfig{.addition_factor = f, .threshold_factor = f}));
        if (name == "auto_contrast") return AutoContrast(finished(AutoContrastConfig{}));
        if (name == "equalization") return Equalization(finished(EqualizationConfig{}));
        CORNU_CHECK(name == "random_posterization", "an unknown layer: ", name);
        const double bits = std::max<double>(1, static_cast<double>(static_cast<int64_t>(8 * f.upper)));
        return RandomPosterization(finished(RandomPosterizationConfig{.factor = bits}));
    }
    std::vector<CustomImageLayer*> chosen_;
};

template <class Config>
Config& standardized(Config& config) {
    standardize_factor(config.factor, 0, 1);
    standardize_value_range(config.value_range, false);
    return config;
}

class RandAugmentLayer final : public ImageLayer<RandAugmentConfig> {
public:
    explicit RandAugmentLayer(RandAugmentConfig config)
        : ImageLayer("RandAugment", std::move(config)),
          layers_(*this, standardized(config_),
                  {"random_shear", "random_translation", "random_rotation", "random_brightness", "random_color_degeneration", "random_contrast",
                   "random_sharpness", "solarization", "random_posterization", "auto_contrast", "equalization"},
                  {"random_shear", "random_translation", "random_rotation", "random_brightness", "random_color_degeneration", "random_contrast",
                   "random_sharpness", "random_posterization", "solarization", "auto_contrast", "equalization"}) {}

    void draw(Transformation& t) override {
        t["layers"] = random::randint({config_.num_ops}, 0, static_cast<int64_t>(layers_.size()), DType::int32, t.seed);
        for (size_t i = 0; i < layers_.size(); ++i) t.parts.push_back(layers_.drawn(i, t));
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        return repeated(ops::cast(images, compute_dtype()), t, [](CustomImageLayer& layer, const Tensor& x, const Transformation& part) { return layer.transform_images(x, part); });
    }
    Tensor transform_segmentation_masks(const Tensor& masks, const Transformation& t) override {
        return repeated(masks, t, [](CustomImageLayer& layer, const Tensor& x, const Transformation& part) { return layer.transform_segmentation_masks(x, part); });
    }
    // As in Keras, boxes go through the chosen layers in the order of the list, through each once.
    BoundingBoxes transform_bounding_boxes(BoundingBoxes b, const Transformation& t) override {
        for (const Transformation& part : t.parts) {
            const Tensor chosen = ops::any(ops::equal(t["layers"], static_cast<int64_t>(part.layer)));
            const BoundingBoxes moved = layers_[part.layer].transform_bounding_boxes(b, part);
            b.boxes = ops::where(chosen, moved.boxes, b.boxes);
            b.labels = ops::where(chosen, moved.labels, b.labels);
        }
        return b;
    }

private:
    template <class F>
    Tensor repeated(Tensor x, const Transformation& t, const F& f) const {
        std::vector<ops::Body> branches;
        for (const Transformation& part : t.parts) branches.push_back([&](const Tensors& in) -> Tensors { return {f(layers_[part.layer], in[0], part)}; });
        for (int64_t i = 0; i < config_.num_ops; ++i) x = ops::switch_(ops::take(t["layers"], Tensor(i)), branches, {x})[0];
        return x;
    }
    Choice layers_;
};

class AugMixLayer final : public ImageLayer<AugMixConfig> {
public:
    explicit AugMixLayer(AugMixConfig config)
        : ImageLayer("AugMix", std::move(config)), layers_(*this, standardized(config_), names(false, config_.all_ops), names(true, config_.all_ops)) {}

    void draw(Transformation& t) override {
        const Tensor weights = random::gamma({config_.num_chains}, config_.alpha, {}, t.seed);
        t["weights"] = ops::cast(weights / ops::sum(weights, -1, true), compute_dtype());
        t["weight"] = ops::cast(random::beta({}, config_.alpha, config_.alpha, {}, t.seed), compute_dtype());
        for (int64_t chain = 0; chain < config_.num_chains; ++chain) {
            Transformation& parts = t.parts.emplace_back();
            for (int64_t i = 0; i < config_.chain_depth; ++i) parts.parts.push_back(t.traced ? any_step(t) : one_step(t));
        }
    }
    Tensor transform_images(const Tensor& images, const Transformation& t) override {
        const Tensor x = ops::cast(images, compute_dtype());
        const Tensor mixed = mix(x, t, [](CustomImageLayer& layer, const Tensor& y, const Transformation& part) { return layer.transform_images(y, part); });
        return ops::cast(ops::clip(mixed, config_.value_range[0], config_.value_range[1]), compute_dtype());
    }
    Tensor transform_segmentation_masks(const Tensor& masks, const Transformation& t) override {
        return mix(masks, t, [](CustomImageLayer& layer, const Tensor& y, const Transformation& part) { return layer.transform_segmentation_masks(y, part); });
    }

private:
    // One layer or, as the last choice, none: the number of it is known now, or to the program as it runs.
    Transformation one_step(const Transformation& t) const {
        const auto choice = static_cast<size_t>(random::python_random().randint(0, static_cast<int64_t>(layers_.size())));
        Transformation step;
        if (choice < layers_.size()) step.parts.push_back(layers_.drawn(choice, t));
        return step;
    }
    Transformation any_step(const Transformation& t) const {
        Transformation step;
        step["choice"] = random::randint({}, 0, static_cast<int64_t>(layers_.size()) + 1, DType::int32, t.seed);
        for (size_t i = 0; i < layers_.size(); ++i) step.parts.push_back(layers_.drawn(i, t));
        return step;
    }
    template <class F>
    Tensor stepped(const Tensor& x, const Transformation& step, const F& f) const {
        if (!step.drawn.contains("choice")) return step.parts.empty() ? x : f(layers_[step.parts[0].layer], x, step.parts[0]);
        std::vector<ops::Body> branches;
        for (const Transformation& part : step.parts) branches.push_back([&](const Tensors& in) -> Tensors { return {f(layers_[part.layer], in[0], part)}; });
        branches.push_back([](const Tensors& in) -> Tensors { return in; });
        return ops::switch_(step["choice"], branches, {x})[0];
    }
    // In the order in which Keras makes them, or in which it counts them.
    static Names names(bool counted, bool all) {
        Names out{"random_shear", "random_translation", "random_rotation", "solarization", "random_posterization", "auto_contrast", "equalization"};
        if (counted) std::swap(out[3], out[4]);
        if (all) out.insert(out.end(), {"random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness"});
        return out;
    }
    template <class F>
    Tensor mix(const Tensor& x, const Transformation& t, const F& f) const {
        Tensor sum;
        for (size_t chain = 0; chain < t.parts.size(); ++chain) {
            Tensor y = x;
            for (const Transformation& step : t.parts[chain].parts) y = stepped(y, step, f);
            const Tensor weighted = y * ops::take(t["weights"], Tensor(static_cast<int64_t>(chain)));
            sum = sum.defined() ? sum + weighted : weighted;
        }
        return t["weight"] * x + (1 - t["weight"]) * sum;
    }
    Choice layers_;
};

}  // namespace

void RandAugmentConfig::describe(Schema<RandAugmentConfig>& s) {
    using C = RandAugmentConfig;
    describe_image_layer(s);
    s.field<&C::value_range>("Between which numbers images are.");
    s.field<&C::num_ops>("How many layers each batch goes through.").positive();
    s.field<&C::factor>("How strong they are.");
    s.field<&C::interpolation>("How pixels between pixels are made.").one_of({"nearest", "bilinear"});
    s.field<&C::seed>("Seed; drawn when not given.");
}
void AugMixConfig::describe(Schema<AugMixConfig>& s) {
    using C = AugMixConfig;
    describe_image_layer(s);
    s.field<&C::value_range>("Between which numbers images are.");
    s.field<&C::num_chains>("How many chains are mixed.").positive();
    s.field<&C::chain_depth>("How many layers a chain has at most.").positive();
    s.field<&C::factor>("How strong they are.");
    s.field<&C::alpha>("Of the distributions that weights come from.").positive();
    s.field<&C::all_ops>("Whether layers that change colours take part.");
    s.field<&C::interpolation>("How pixels between pixels are made.").one_of({"nearest", "bilinear"});
    s.field<&C::seed>("Seed; drawn when not given.");
}

RandAugment::RandAugment(RandAugmentConfig config) : Layer(std::make_shared<RandAugmentLayer>(std::move(config))) {}
AugMix::AugMix(AugMixConfig config) : Layer(std::make_shared<AugMixLayer>(std::move(config))) {}

}  // namespace cornu::layers
