// Losses against what Keras on JAX computed: every reduction, weights, masks, gradients, configs.
#include <doctest/doctest.h>

#include "cornu/autodiff/tape.h"
#include "cornu/losses/catalogue.h"
#include "cornu/losses/losses.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"
#include "tests/messages.h"

using namespace cornu;
using cornu::testing::difference;

namespace {

Tensor given(const testing::Golden& golden, const Json& reference) { return reference.is_null() ? Tensor() : golden.tensor(reference); }

// What Keras's float32 itself misses float64 by counts too.
double tolerance(const Json& row, const testing::Golden& golden) {
    if (row.get("reference").is_null()) return 1e-5;
    for (const Json& value : row["values"].as_array())
        if (value["reduction"] == Json("sum_over_batch_size") && value["sample_weight"].is_null())
            return std::max(1e-5, 2 * testing::distance(ops::cast(golden.tensor(value["value"]), DType::float64), ops::cast(golden.tensor(row["reference"]), DType::float64)));
    return 1e-5;
}

}  // namespace

TEST_CASE("losses are Keras's: reductions, weights, masks, gradients, configs") {
    const testing::Golden golden(golden_path("losses.zip"));
    int checked = 0;
    for (const Json& row : golden.cases()) {
        if (row["kind"].as_string() != "class") continue;
        CAPTURE(row["name"].as_string());
        ++checked;
        Loss loss;
        Codec<Loss>::decode(row["config"], loss);
        CHECK(Codec<Loss>::encode(loss) == row["config"]);
        const Tensor y_true = golden.tensor(row["y_true"]), y_pred = golden.tensor(row["y_pred"]);
        // Three settings Keras forgets to write; the recorded values were made with them.
        if (row["name"] == Json("Huber_3")) loss = losses::Huber({.delta = 0.3});
        if (row["name"] == Json("CosineSimilarity_3")) loss = losses::CosineSimilarity({.axis = 0});
        const double t = tolerance(row, golden);
        Json config = Codec<Loss>::encode(loss);
        const auto with = [&](const Json& reduction) {
            Json changed = config;
            changed.find("config")->set("reduction", reduction);
            Loss out;
            Codec<Loss>::decode(changed, out);
            return out;
        };
        for (const Json& value : row["values"].as_array()) {
            CAPTURE(value["reduction"].as_string());
            CAPTURE(value["sample_weight"].is_null());
            CHECK(difference(with(value["reduction"])(y_true, y_pred, given(golden, value["sample_weight"])), golden.tensor(value["value"]), t) == "");
        }
        for (const Json& value : row["masked"].as_array()) {
            CAPTURE(value["reduction"].as_string());
            CAPTURE(value["sample_weight"].is_null());
            const Tensor masked = y_pred.with_new_identity();
            masked.set_mask(golden.tensor(value["mask"]));
            CHECK(difference(with(value["reduction"])(y_true, masked, given(golden, value["sample_weight"])), golden.tensor(value["value"]), t) == "");
        }
        const Variable predicted(y_pred);
        GradientTape tape;
        const Tensor figure = loss(y_true, predicted);
        CHECK(difference(tape.gradient(figure, Variables{predicted})[0], golden.tensor(row["gradient"]), std::max(t, 1e-5)) == "");
    }
    CHECK(checked > 65);
}

TEST_CASE("every loss of Keras has a case") {
    const testing::Golden golden(golden_path("losses.zip"));
    for (const auto& known : losses::all_losses()) {
        CAPTURE(known.class_name);
        CHECK(std::any_of(golden.cases().begin(), golden.cases().end(), [&](const Json& row) {
            return row["kind"] == Json("class") && row["config"]["class_name"] == Json(known.class_name);
        }));
    }
    CHECK(losses::all_losses().size() == 22);
}

TEST_CASE("losses by a function's name") {
    const testing::Golden golden(golden_path("losses.zip"));
    int checked = 0;
    for (const Json& row : golden.cases()) {
        if (row["kind"].as_string() != "function") continue;
        CAPTURE(row["name"].as_string());
        ++checked;
        const std::string name = row["function"].as_string();
        const Loss loss(name);
        CHECK(loss.impl().name() == name);
        CHECK(Codec<Loss>::encode(loss) == Json(name));
        const Tensor value = loss.impl().call(golden.tensor(row["y_true"]), golden.tensor(row["y_pred"]));
        CHECK(difference(value, golden.tensor(row["value"]), 1e-5) == "");
    }
    CHECK(checked == 18);
    CHECK(Loss("mse").impl().class_name() == "MeanSquaredError");
    CHECK(Loss("mse").impl().name() == "mse");
    CHECK(Loss("MeanSquaredError").impl().name() == "mean_squared_error");
    CHECK(Loss("kld").impl().class_name() == "KLDivergence");
}

TEST_CASE("what a loss refuses") {
    CHECK(says(message_of([] { Loss("no_such"); }), "no_such"));
    CHECK(says(message_of([] { losses::MeanSquaredError({.reduction = "average"}); }), "Received: reduction=\"average\""));
    CHECK(says(message_of([] { losses::BinaryCrossentropy({.label_smoothing = 2}); }), "label_smoothing must lie in [0, 1]"));
    CHECK(says(message_of([] { losses::CategoricalGeneralizedCrossEntropy({.q = 1}); }), "open interval (0, 1)"));
    CHECK(says(message_of([] { Loss("crossentropy")(Tensor(1.0), Tensor(1.0)); }), "settled by the shapes"));

    const Loss sparse = losses::SparseCategoricalCrossentropy();
    const auto check = [&](const Tensor& y, const Shape& shape) { return message_of([&] { sparse.impl().check_targets(y, shape); }); };
    CHECK(check(Tensor::from(std::vector<int32_t>{0, 2, 1}), {3, 3}) == "");
    CHECK(says(check(Tensor::from(std::vector<int32_t>{0, 3, 1}), {3, 3}), "class indices in [0, 3)"));
    CHECK(says(check(Tensor::from(std::vector<int32_t>{0, 3, 1}), {3, 3}), "Received: 3 at element 1"));
    CHECK(says(check(Tensor::from(std::vector<int64_t>{-1}), {1, 3}), "Received: -1"));
    CHECK(says(check(Tensor::from(std::vector<float>{1, NAN}), {2, 3}), "NaN"));
    CHECK(message_of([] { losses::SparseCategoricalCrossentropy({.ignore_class = -1}).impl().check_targets(Tensor::from(std::vector<int64_t>{-1}), {1, 3}); }) == "");
    CHECK(says(message_of([] { losses::CTC().impl().check_targets(Tensor::from(std::vector<int32_t>{1, 4}, {1, 2}), {1, 5, 4}); }), "[losses.CTC] targets must be class indices in [0, 4)"));
    CHECK(says(message_of([] { losses::CategoricalGeneralizedCrossEntropy().impl().check_targets(Tensor::from(std::vector<int32_t>{0, 3}), {2, 3}); }), "class indices in [0, 3)"));
    CHECK(says(message_of([] { losses::ctc(Tensor::full({2}, 1), Tensor::full({2, 3}, 1)); }), "y_true must be of shape (batch, labels)"));
    CHECK(says(message_of([] { losses::circle(Tensor::full({3}, 1), Tensor::full({2, 4}, 1)); }), "one label for each embedding"));
    CHECK(says(message_of([] { losses::MeanSquaredError().impl().check_targets(Tensor::from(std::vector<double>{1, 2, NAN}), {3, 1}); }), "element 2"));
}

namespace {

struct Cubed : CustomLoss {
    Cubed() { set_options("", "sum"); }
    Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
        const Tensor d = y_true - y_pred;
        return ops::mean(d * d * d, -1);
    }
    std::string class_name() const override { return "CubedError"; }
};

struct ScaledConfig {
    double scale = 2;
    std::string name = {};
    static void describe(Schema<ScaledConfig>& s) {
        s.field<&ScaledConfig::scale>().positive();
        s.field<&ScaledConfig::name>();
    }
};
struct Scaled : CustomLoss {
    using Config = ScaledConfig;
    explicit Scaled(Config c) : config(std::move(c)) { set_options(config.name, "sum"); }
    Tensor call(const Tensor& y_true, const Tensor& y_pred) override { return config.scale * ops::mean(y_true - y_pred, -1); }
    std::string class_name() const override { return "Scaled"; }
    Json get_config() const override { return to_json(config); }
    Config config;
};

Tensor distance(const Tensor& y_true, const Tensor& y_pred) { return ops::mean(ops::abs(y_true - y_pred), -1); }

}  // namespace

TEST_CASE("a loss of one's own") {
    Context context;
    const Context::Use use(context);
    const Loss loss = cornu::loss<Cubed>();
    CHECK(loss.impl().name() == "cubed_error");
    const Tensor y = Tensor::from(std::vector<float>{3, 1}, {2, 1}), p = Tensor::from(std::vector<float>{1, 1}, {2, 1});
    CHECK(loss(y, p).item<float>() == 8.0f);
    CHECK(loss(y, p, Tensor::from(std::vector<float>{0.5f, 1})).item<float>() == 4.0f);

    // Unregistered it can be written, and read nowhere.
    Loss read;
    CHECK(says(message_of([&] { Codec<Loss>::decode(Codec<Loss>::encode(loss), read); }), "register_loss"));
    losses::register_loss<Cubed>("mine>CubedError");
    losses::register_loss<Scaled>("mine>Scaled");
    const Json json = Codec<Loss>::encode(loss);
    CHECK(json == Json::parse(R"({"module": null, "class_name": "CubedError", "config": {"name": "cubed_error", "reduction": "sum"}, "registered_name": "mine>CubedError"})"));
    Codec<Loss>::decode(json, read);
    CHECK(read(y, p).item<float>() == 8.0f);
    CHECK(Loss("mine>CubedError")(y, p).item<float>() == 8.0f);
    CHECK(Codec<Loss>::encode(Loss("mine>CubedError")) == json);

    Codec<Loss>::decode(Codec<Loss>::encode(cornu::loss<Scaled>(ScaledConfig{.scale = 5, .name = "five"})), read);
    CHECK(read(y, p).item<float>() == 10.0f);
    CHECK(read.impl().name() == "five");
    CHECK(says(message_of([] { Loss out; Codec<Loss>::decode(Json::parse(R"({"class_name": "Scaled", "registered_name": "mine>Scaled", "config": {"scale": -1}})"), out); }), "scale must be positive"));

    // What is registered belongs to its context.
    Context other;
    const Context::Use use_other(other);
    CHECK(says(message_of([&] { Codec<Loss>::decode(json, read); }), "mine>CubedError"));
}

TEST_CASE("a function as a loss") {
    Context context;
    const Context::Use use(context);
    const Tensor y = Tensor::from(std::vector<float>{3, 1}, {2, 1}), p = Tensor::from(std::vector<float>{1, 1}, {2, 1});
    CHECK(Loss(distance)(y, p).item<float>() == 1.0f);
    CHECK(Loss([](const Tensor& t, const Tensor& o) { return ops::sum(t - o, -1); })(y, p).item<float>() == 1.0f);
    CHECK(Codec<Loss>::encode(Loss(distance))["config"] == Json("function"));
    Loss read;
    CHECK_THROWS_AS(Codec<Loss>::decode(Codec<Loss>::encode(Loss(distance)), read), ValueError);

    losses::register_function("mine>distance", distance);
    const Json json = Codec<Loss>::encode(Loss(distance));
    CHECK(json == Json::parse(R"({"module": "builtins", "class_name": "function", "config": "mine>distance", "registered_name": "function"})"));
    Codec<Loss>::decode(json, read);
    CHECK(read(y, p).item<float>() == 1.0f);
    CHECK(read.impl().name() == "distance");
    CHECK(Codec<Loss>::encode(Loss("distance")) == json);
    CHECK_THROWS_AS(losses::register_function("mine>nothing", LossFunction()), ValueError);
    CHECK_THROWS_AS(Loss{LossFunction()}, ValueError);

    // As Keras writes a function of its own.
    Codec<Loss>::decode(Json::parse(R"({"module": "builtins", "class_name": "function", "config": "mean_absolute_error", "registered_name": "function"})"), read);
    CHECK(read.impl().class_name() == "MeanAbsoluteError");
    CHECK(says(message_of([&] { Codec<Loss>::decode(Json::parse(R"({"class_name": "function", "config": "no_such"})"), read); }), "no_such"));
}
