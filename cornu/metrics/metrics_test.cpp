// Metrics against what Keras on JAX computed: result and state after each of several updates.
#include <doctest/doctest.h>

#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/metrics.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"
#include "tests/messages.h"

using namespace cornu;
using cornu::testing::difference;
using cornu::testing::difference_of_values;

TEST_CASE("metrics are Keras's: results, state, weights, configs") {
    const testing::Golden golden(golden_path("metrics.zip"));
    int checked = 0;
    for (const Json& row : golden.cases()) {
        const std::string name = row["name"].as_string();
        CAPTURE(name);
        ++checked;
        Metric metric;
        Codec<Metric>::decode(row["config"], metric);
        CHECK(Codec<Metric>::encode(metric) == row["config"]);
        // A setting that Keras forgets to write; the recorded values were made with it.
        if (name.starts_with("CosineSimilarity_2")) metric = metrics::CosineSimilarity({.axis = 0});
        for (const Json& update : row["updates"].as_array()) {
            const Json& args = update["args"];
            const Tensor weight = update["sample_weight"].is_null() ? Tensor() : golden.tensor(update["sample_weight"]);
            const Tensor y_pred = args.size() > 1 ? golden.tensor(args[1]) : Tensor();
            if (!update.get("mask").is_null()) y_pred.set_mask(golden.tensor(update["mask"]));
            metric.update_state(golden.tensor(args[0]), y_pred, weight);
            CHECK(difference_of_values(metric.result(), golden.tensor(update["result"]), 1e-5) == "");
            const Json& state = update["variables"];
            REQUIRE(metric.variables().size() == state.size());
            for (size_t i = 0; i < state.size(); ++i) {
                CHECK(metric.variables()[i].path() == state[i]["path"].as_string());
                CHECK(difference(metric.variables()[i].value(), golden.tensor(state[i]["value"]), 1e-5) == "");
            }
        }
        metric.reset_state();
        CHECK(difference_of_values(metric.result(), golden.tensor(row["after_reset"]), 0) == "");
    }
    CHECK(checked > 200);
}

TEST_CASE("every metric of Keras has a case") {
    const testing::Golden golden(golden_path("metrics.zip"));
    for (const auto& known : metrics::all_metrics()) {
        CAPTURE(known.class_name);
        CHECK(std::any_of(golden.cases().begin(), golden.cases().end(), [&](const Json& row) { return row["config"]["class_name"] == Json(known.class_name); }));
    }
    CHECK(metrics::all_metrics().size() == 45);
}

TEST_CASE("metrics by name") {
    CHECK(Metric("mse").impl().class_name() == "MeanSquaredError");
    CHECK(Metric("mse").name() == "mse");
    CHECK(Metric("MeanSquaredError").name() == "MeanSquaredError");
    CHECK(Codec<Metric>::encode(Metric("accuracy")) == Json("accuracy"));
    CHECK_THROWS_AS(Metric("accuracy").name(), ValueError);
    CHECK_THROWS_AS(Metric("no_such"), ValueError);
    CHECK_THROWS_AS(metrics::TopKCategoricalAccuracy({.k = 0}), ValueError);
    CHECK_THROWS_AS(metrics::R2Score().update_state(Tensor::from(std::vector<float>{1, 2}), Tensor::from(std::vector<float>{1, 2})), ShapeError);
}

TEST_CASE("what metrics refuse") {
    const Tensor column = Tensor::full({4, 1}, 1), square = Tensor::full({4, 4}, 1), row = Tensor::full({4}, 1);
    CHECK(says(message_of([] { metrics::Precision({.thresholds = 1.5}); }), "thresholds must lie in [0, 1]"));
    CHECK(says(message_of([] { metrics::TruePositives({.thresholds = {0.5, -0.1}}); }), "thresholds must be one or more numbers in [0, 1]"));
    CHECK(says(message_of([] { metrics::Recall({.thresholds = std::vector<double>()}); }), "thresholds must be one or more"));
    CHECK(says(message_of([] { metrics::Recall({.top_k = 0}); }), "top_k must be positive"));
    CHECK(says(message_of([&] { metrics::Precision({.class_id = 4}).update_state(square, square); }), "class_id=4"));
    CHECK(says(message_of([&] { metrics::Precision({.class_id = 0}).update_state(row, row); }), "y_pred must be of shape (batch, classes)"));
    CHECK(says(message_of([&] { metrics::Precision({.top_k = 5}).update_state(square, square); }), "top_k=5"));
    CHECK(says(message_of([&] { metrics::Precision().update_state(row, square); }), "the same shape"));
    CHECK(says(message_of([] { metrics::PrecisionAtRecall({.recall = 1.5}); }), "recall must lie in [0, 1]"));
    CHECK(says(message_of([] { metrics::SensitivityAtSpecificity({.specificity = 0.5, .num_thresholds = 0}); }), "num_thresholds must be positive"));
    CHECK(says(message_of([] { metrics::AUC({.num_thresholds = 1}); }), "num_thresholds must be an integer > 1"));
    CHECK(says(message_of([] { metrics::AUC({.curve = "area"}); }), "curve must be one of"));
    CHECK(says(message_of([] { metrics::AUC({.summation_method = "best"}); }), "summation_method must be one of"));
    CHECK(says(message_of([] { metrics::AUC({.thresholds = {{0.5, 2}}}); }), "numbers in [0, 1]"));
    CHECK(says(message_of([] { metrics::AUC({.num_labels = 3}); }), "multi_label"));
    CHECK(says(message_of([&] { metrics::AUC({.multi_label = true}).update_state(row, row); }), "(batch, labels)"));
    CHECK(says(message_of([&] { metrics::AUC({.multi_label = true, .num_labels = 3}).update_state(square, square); }), "(batch, 3)"));
    CHECK(says(message_of([] { metrics::MeanIoU({.num_classes = -2}); }), "num_classes must be positive"));
    CHECK(says(message_of([] { metrics::IoU({.num_classes = 2, .target_class_ids = {0, 2}}); }), "target_class_ids must lie in [0, 2)"));
    CHECK(says(message_of([] { metrics::BinaryIoU({.target_class_ids = {}}); }), "target_class_ids"));
    CHECK(says(message_of([&] { metrics::MeanIoU({.num_classes = 2}).update_state(row, square); }), "as many classes"));
    CHECK(says(message_of([] { metrics::F1Score({.average = "mean"}); }), "average must be one of"));
    CHECK(says(message_of([] { metrics::FBetaScore({.beta = 0}); }), "beta must be positive"));
    CHECK(says(message_of([] { metrics::F1Score({.threshold = 0.0}); }), "threshold must lie in (0, 1]"));
    CHECK(says(message_of([&] { metrics::F1Score().update_state(row, row); }), "(batch, classes)"));
    CHECK(says(message_of([&] { metrics::F1Score().update_state(column, square); }), "the same shape"));
    CHECK(says(message_of([] { metrics::MeanMetricWrapper(MetricFunction(), "empty"); }), "fn must be a function"));
}

TEST_CASE("metrics start at zero, also those that learn their shape from the first batch") {
    CHECK(metrics::AUC({.multi_label = true}).result().item<float>() == 0);
    CHECK(metrics::F1Score().result().item<float>() == 0);
    CHECK(metrics::R2Score().result().item<float>() == 0);
    CHECK(metrics::MeanIoU({.num_classes = 2}).result().item<float>() == 0);
}

namespace {

struct Largest : CustomMetric {
    Largest() {
        set_options("", {});
        largest = add_variable("largest", {});
    }
    void update_state(const Tensor&, const Tensor& y_pred, const Tensor&) override { largest.assign(ops::maximum(largest, ops::max(y_pred))); }
    Tensor result() const override { return largest; }
    std::string class_name() const override { return "Largest"; }
    Variable largest;
};

Tensor distance(const Tensor& y_true, const Tensor& y_pred) { return ops::mean(ops::abs(y_true - y_pred), -1); }

}  // namespace

TEST_CASE("metrics of one's own: a class and a function") {
    Context context;
    const Context::Use use(context);
    const Tensor y = Tensor::from(std::vector<float>{3, 1}, {2, 1}), p = Tensor::from(std::vector<float>{1, 2}, {2, 1});
    const Metric largest = metric<Largest>(), mean = distance;
    Metric read;
    CHECK(says(message_of([&] { Codec<Metric>::decode(Codec<Metric>::encode(largest), read); }), "register_metric"));
    metrics::register_metric<Largest>("mine>Largest");
    Codec<Metric>::decode(Codec<Metric>::encode(largest), read);
    read.update_state(y, p);
    CHECK(read.result().item<float>() == 2);
    CHECK(read.name() == "largest");
    read.reset_state();
    CHECK(read.result().item<float>() == 0);

    CHECK(mean.name() == "function");
    losses::register_function("mine>distance", distance);
    const Metric named = distance;
    CHECK(named.name() == "distance");
    CHECK(named.for_one_output().shared() != named.shared());
    Codec<Metric>::decode(Codec<Metric>::encode(named), read);
    read.update_state(y, p, Tensor::from(std::vector<float>{1, 3}));
    CHECK(read.result().item<float>() == doctest::Approx(1.25));
    CHECK(Codec<Metric>::encode(read) == Codec<Metric>::encode(named));

    const Metric wrapped = metrics::MeanMetricWrapper(distance, "far");
    const Json json = Codec<Metric>::encode(wrapped);
    CHECK(json["class_name"] == Json("MeanMetricWrapper"));
    CHECK(json["config"]["fn"]["config"] == Json("mine>distance"));
    Codec<Metric>::decode(json, read);
    read.update_state(y, p);
    CHECK(read.result().item<float>() == 1.5);
    CHECK(read.name() == "far");
    CHECK(Metric("huber").name() == "huber");
    CHECK(says(message_of([&] { Codec<Metric>::decode(Json::parse(R"({"class_name": "MeanMetricWrapper", "config": {"name": "w", "fn": {"class_name": "function", "config": "no_such"}}})"), read); }), "register_function"));
    CHECK(says(message_of([&] { Codec<Metric>::decode(Json::parse(R"({"class_name": "MeanMetricWrapper", "config": {"name": "w"}})"), read); }), "fn must be a function"));
}
