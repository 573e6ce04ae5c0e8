// What a table of recorded cases cannot say of image layers: errors, defaults, one's own.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "cornu/backend/jit.h"
#include "cornu/layers/layers.h"
#include "cornu/layers/registry.h"
#include "cornu/models/model.h"
#include "cornu/models/sequential.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/testing/near.h"
#include "tests/messages.h"

using namespace cornu;
namespace {


Tensor ramp(const Shape& shape) {
    std::vector<float> values(static_cast<size_t>(shape.size()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 251);
    return Tensor::from(values, shape);
}

// Darkens one image in two; what a layer of one's own needs.
struct Dimming final : CustomImageLayer {
    Dimming() {
        std::string format;
        start({}, format, {});
        seed_with(3);
        build_at_init();
    }
    void draw(Transformation& t) override { t["dark"] = random::uniform(t.images.per_image(), 0, 1, {}, t.seed) < 0.5; }
    Tensor transform_images(const Tensor& images, const Transformation& t) override { return ops::where(t["dark"], images * 0.5, images); }
};

}  // namespace

TEST_CASE("image layers say what is wrong with their arguments") {
    CHECK(says(message_of([] { layers::RandomRotation({.factor = 2.0}); }), "in the range [-1, 1]. Received: factor=2.0"));
    CHECK(says(message_of([] { layers::RandomRotation({.factor = 0.1, .fill_mode = "mirror"}); }), "fill_mode"));
    CHECK(says(message_of([] { layers::RandomTranslation({.height_factor = 0.1, .width_factor = {-2.0, 0.3}}); }), "width_factor=[-2.0, 0.3]"));
    CHECK(says(message_of([] { layers::RandomZoom({.height_factor = -1.0}); }), "(-1.0, 1.0]"));
    CHECK(says(message_of([] { layers::RandomShear({.x_factor = -0.2}); }), "in the range [0, 1]. Received: x_factor=-0.2"));
    CHECK(says(message_of([] { layers::RandomBrightness({.factor = 0.1, .value_range = {0, 1, 2}}); }), "list of two numbers"));
    CHECK(says(message_of([] { layers::RandomGaussianBlur({.kernel_size = 4}); }), "odd number. Received: kernel_size=4"));
    CHECK(says(message_of([] { layers::RandomPosterization({.factor = 9.0}); }), "[1, 8]"));
    CHECK(says(message_of([] { layers::Resizing({.height = 0, .width = 3}); }), "height"));
    CHECK(says(message_of([] { layers::RandomGrayscale({.factor = 1.5}); }), "factor"));
    CHECK(says(message_of([] { layers::deserialize(Json::parse(R"({"module": "keras.layers", "class_name": "RandomErasing", "config": {"fill_value": [1, 2]}, "registered_name": null})")); }),
              "a list of three numbers. Received: [1, 2]"));
    CHECK(says(message_of([] { layers::Pipeline({.layers = {Layer()}}); }), "empty handle"));
}

TEST_CASE("image layers say what is wrong with their inputs") {
    const auto flip = layers::RandomFlip({.seed = 1});
    CHECK(says(message_of([&] { flip(ramp({4, 4})); }), "rank 3 (single image) or 4 (batch of images). Received: data.shape=(4, 4)"));
    CHECK(says(message_of([&] { flip(Structure{ramp({2, 4, 4, 3}), ramp({2, 4, 4, 3})}); }), "Received: a list"));
    CHECK(says(message_of([&] { flip(Structure::Dict{{"labels", ramp({2})}}); }), "\"images\""));
    const Structure one_box = Structure::Dict{{"boxes", ramp({2, 1, 4})}, {"labels", ramp({2, 1})}};
    CHECK(says(message_of([&] { flip(Structure::Dict{{"images", ramp({2, 4, 4, 3})}, {"bounding_boxes", one_box}}); }), "`bounding_box_format='xyxy'`"));
    const auto boxed = layers::RandomFlip({.seed = 1, .bounding_box_format = "corners"});
    CHECK(says(message_of([&] { boxed(Structure::Dict{{"images", ramp({2, 4, 4, 3})}, {"bounding_boxes", one_box}}); }), "Received: corners"));
    CHECK(says(message_of([&] { boxed(Structure::Dict{{"images", ramp({2, 4, 4, 3})}, {"bounding_boxes", ramp({2, 1, 4})}}); }), "'boxes' and 'labels'"));
    const Structure bent = Structure::Dict{{"boxes", ramp({2, 1, 5})}, {"labels", ramp({2, 1})}};
    CHECK(says(message_of([&] { boxed(Structure::Dict{{"images", ramp({2, 4, 4, 3})}, {"bounding_boxes", bent}}); }), "(2, 1, 5)"));
    const auto elastic = layers::RandomElasticTransform({.seed = 1, .bounding_box_format = "xyxy"});
    CHECK(says(message_of([&] { elastic(Structure::Dict{{"images", ramp({2, 4, 4, 3})}, {"bounding_boxes", one_box}}); }), "does not transform bounding boxes"));
}

TEST_CASE("an image layer called by itself trains, and in a model does as the model") {
    const Tensor x = ramp({2, 4, 4, 3});
    const auto invert = layers::RandomInvert({.factor = {1, 1}, .seed = 1});
    CHECK(testing::near(invert(x), 255 - x, 1e-6));
    CHECK(testing::near(invert(x, {.training = false}), x, 0));
    const auto pipeline = layers::Pipeline({.layers = {layers::RandomInvert({.factor = {1, 1}, .seed = 1}), layers::RandomInvert({.factor = {1, 1}, .seed = 2})}});
    CHECK(testing::near(pipeline(x), x, 1e-6));
}

TEST_CASE("a dict keeps what a layer does not know") {
    const Structure out = layers::RandomInvert({.factor = {1, 1}, .seed = 1})(Structure::Dict{{"images", ramp({2, 4, 4, 3})}, {"weight", ramp({2})}});
    CHECK(testing::near(out.dict().at("weight").leaf(), ramp({2}), 0));
}

TEST_CASE("an image layer of one's own takes one image, a batch and a dict") {
    const Layer dim = layer<Dimming>();
    const Tensor batch = dim(ramp({8, 4, 4, 3}) + 1);
    const Tensor share = batch / (ramp({8, 4, 4, 3}) + 1);
    const auto shares = share.to_vector<float>();
    CHECK(std::count(shares.begin(), shares.end(), 0.5f) + std::count(shares.begin(), shares.end(), 1.0f) == static_cast<int64_t>(shares.size()));
    CHECK(std::count(shares.begin(), shares.end(), 0.5f) > 0);
    CHECK(dim(ramp({4, 4, 3})).shape() == Shape{4, 4, 3});
    CHECK(dim(Structure(Structure::Dict{{"images", ramp({4, 4, 3})}})).dict().at("images").leaf().shape() == Shape{4, 4, 3});
}

TEST_CASE("AugMix chooses alike in a program and outside: the same distribution") {
    constexpr int n = 150;
    const Tensor x = ramp({1, 4, 4, 3});
    const auto mix = layers::AugMix({.num_chains = 1, .chain_depth = 2, .factor = {0.2, 0.9}, .seed = 1});
    const Jit compiled([mix](const Structure& in) { return mix(in, {.training = true}); });
    const auto moments = [&](auto&& call) {
        std::set<float> distinct;
        double sum = 0, squares = 0;
        for (int i = 0; i < n; ++i) {
            const auto moved = ops::mean(ops::abs(call() - x)).template item<float>();
            distinct.insert(moved);
            sum += moved;
            squares += static_cast<double>(moved) * moved;
        }
        CHECK(distinct.size() > n / 2);
        return std::pair{sum / n, squares / n - sum / n * sum / n};
    };
    const auto [mean, variance] = moments([&] { return mix(x, {.training = true}); });
    const auto [compiled_mean, compiled_variance] = moments([&] { return compiled(Structure(x)).leaf(); });
    CHECK(std::abs(mean - compiled_mean) < 4 * std::sqrt((variance + compiled_variance) / n));
}

TEST_CASE("image layers train inside a model, its batch unknown") {
    const Layer varying[] = {layers::RandomFlip({.seed = 1}), layers::RandomSaturation({.factor = 0.5, .seed = 1}), layers::MixUp({.seed = 1}),
                             layers::RandomPosterization({.factor = 4.0, .seed = 1}), layers::RandomElasticTransform({.seed = 1}), layers::Equalization(),
                             layers::CenterCrop({.height = 10, .width = 8}), layers::ContrastLimitedAdaptiveHistogramEqualization({.tile_grid_size = 2}),
                             layers::RandAugment({.seed = 1}), layers::AugMix({.num_chains = 1, .seed = 1})};
    for (const Layer& layer : varying) {
        CAPTURE(layer.name());
        const Tensor in = Input({.shape = {8, 8, 3}});
        const Sequential augmentation({layer});
        Model model(in, layers::Dense({.units = 1})(layers::GlobalAveragePooling2D()(static_cast<const Layer&>(augmentation)(in))));
        model.compile({.optimizer = "sgd", .loss = "mse"});
        model.fit(ramp({6, 8, 8, 3}) / 255, ops::ones({6, 1}), {.batch_size = 2, .epochs = 1, .verbose = Verbose::silent});
        CHECK(model.predict(ramp({6, 8, 8, 3})).shape() == Shape{6, 1});
    }
}

TEST_CASE("a model that nobody told whether it trains leaves that to each layer, as Keras does") {
    const Tensor in = Input({.shape = {4, 4, 3}}), x = ramp({2, 4, 4, 3});
    const Model model(in, layers::Dropout({.rate = 0.9})(layers::RandomInvert({.factor = {1, 1}, .value_range = {0, 1}, .seed = 1})(in)));
    CHECK(testing::near(model(x), 1 - x, 1e-6));
    CHECK(testing::near(model(x, {.training = false}), x, 0));
    CHECK(testing::near(model.predict(x), x, 0));
}

TEST_CASE("a model of a dict of images and labels") {
    const Structure in = Structure::Dict{{"images", Input({.shape = {8, 8, 3}})}, {"labels", Input({.shape = {4}})}};
    const Model model(in, layers::CutMix({.seed = 1})(in));
    const Structure x = Structure::Dict{{"images", ramp({6, 8, 8, 3})}, {"labels", ops::ones({6, 4})}};
    const Structure out = static_cast<const Layer&>(model)(x, {.training = true});
    CHECK(out.dict().at("images").leaf().shape() == Shape{6, 8, 8, 3});
    CHECK(testing::near(out.dict().at("labels").leaf(), ops::ones({6, 4}), 1e-6));
}
