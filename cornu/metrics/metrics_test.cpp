// Metrics against what Keras on JAX computed: result and state after each of several updates.
#include <doctest/doctest.h>

#include "cornu/metrics/accuracy.h"
#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/regression.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"

using namespace cornu;
using cornu::testing::difference;
using cornu::testing::difference_of_values;

TEST_CASE("metrics are Keras's: results, state, weights, configs") {
    const testing::Golden golden(golden_path("metrics.zip"));
    int checked = 0;
    std::string missing;
    for (const Json& row : golden.cases()) {
        const std::string class_name = row["config"]["class_name"].as_string(), name = row["name"].as_string();
        const auto& all = metrics::all_metrics();
        if (std::none_of(all.begin(), all.end(), [&](const auto& c) { return c.class_name == class_name; })) {
            if (missing.find(class_name) == std::string::npos) missing += " " + class_name;
            continue;
        }
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
            metric.update_state(golden.tensor(args[0]), args.size() > 1 ? golden.tensor(args[1]) : Tensor(), weight);
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
    CHECK(checked > 50);
    MESSAGE("metrics not here yet:" << missing);
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
