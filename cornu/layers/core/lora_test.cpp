#include "cornu/layers/core/lora.h"

#include <doctest/doctest.h>

#include "cornu/layers/layers.h"
#include "cornu/ops/creation.h"
#include "cornu/optimizers/sgd.h"
#include "cornu/saving/keras_file.h"
#include "cornu/saving/sink.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"
#include "tests/messages.h"

using namespace cornu;

namespace {

using testing::difference_of_values;

void check_weights(const testing::Golden& golden, const Model& model, const Json& recorded, double t) {
    const Variables weights = model.weights();
    REQUIRE(weights.size() == recorded.size());
    for (size_t i = 0; i < weights.size(); ++i) {
        CAPTURE(weights[i].path());
        CHECK(weights[i].path() == recorded[i]["path"].as_string());
        CHECK(weights[i].trainable() == recorded[i]["trainable"].as_bool());
        CHECK(difference_of_values(weights[i].value(), golden.tensor(recorded[i]["value"]), t) == "");
    }
}

saving::ByteSource written(const Model& model) {
    saving::MemorySink sink;
    saving::ZipWriter zip(sink);
    saving::add_model(zip, model, saving::model_config(model));
    zip.finish();
    return saving::ByteSource::own("written.keras", sink.take());
}

}  // namespace

TEST_CASE("LoRA predicts, learns and is saved as in Keras") {
    const testing::Golden golden(golden_path("lora.zip"));
    for (const Json& recorded : golden.cases()) {
        const std::string name = recorded["name"].as_string();
        CAPTURE(name);
        const Model model = saving::load_model(golden.file(recorded["plain"]));
        const auto all = model.layers();
        const auto adapted = std::find_if(all.begin(), all.end(), [](const Layer& layer) { return layer.name() == "adapted"; });
        REQUIRE(adapted != all.end());
        const Json& alpha = recorded["alpha"];
        layers::enable_lora(*adapted, recorded["rank"].as_int(), {.lora_alpha = alpha.is_null() ? std::nullopt : std::optional(alpha.as_double())});
        Tensors values;
        for (const Json& weight : recorded["weights"].as_array()) values.push_back(golden.tensor(weight["value"]));
        const Variables weights = model.weights();
        REQUIRE(weights.size() == values.size());
        for (size_t i = 0; i < values.size(); ++i) Variable(weights[i]).assign(values[i]);
        check_weights(golden, model, recorded["weights"], 0);
        const Tensor x = golden.tensor(recorded["x"][0]), y = golden.tensor(recorded["y"]);
        CHECK(difference_of_values(model.predict(x), golden.tensor(recorded["predictions"]), 1e-5) == "");

        Model(model).compile({.optimizer = optimizers::SGD({.learning_rate = 0.1}), .loss = "mse"});
        for (const Json& loss : recorded["losses"].as_array())
            CHECK(Model(model).train_on_batch(x, y)["loss"] == doctest::Approx(loss.as_double()).epsilon(1e-4));
        check_weights(golden, model, recorded["trained"], 1e-4);

        const Model ours = saving::load_model(written(model)), theirs = saving::load_model(golden.file(recorded["saved"]));
        CHECK(difference_of_values(ours.predict(x), model.predict(x), 1e-5) == "");
        CHECK(difference_of_values(theirs.predict(x), model.predict(x), 1e-4) == "");
        CHECK(ours.layers()[1].get_config().get("lora_rank") == recorded["rank"]);
        CHECK(ours.layers()[1].get_config().get("lora_alpha") == (alpha.is_null() ? recorded["rank"] : alpha));
        if (recorded.find("reloaded")) {
            check_weights(golden, theirs, recorded["reloaded"], 1e-6);
            CHECK(difference_of_values(theirs.predict(x), golden.tensor(recorded["reloaded_predictions"]), 1e-5) == "");
        }
    }
}

TEST_CASE("LoRA starts by changing nothing") {
    const layers::Dense dense({.units = 3});
    const Tensor x = ops::ones({2, 4}), before = dense(x);
    layers::enable_lora(dense, 2);
    CHECK(difference_of_values(dense(x), before, 0) == "");
    CHECK(dense.trainable_weights().size() == 3);   // the bias and the two matrices
}

TEST_CASE("what LoRA refuses") {
    const layers::Dense fresh({.units = 3}), once({.units = 3}), bound({.units = 3, .kernel_constraint = "non_neg"});
    const auto enable = [](const Layer& layer, int64_t rank) { return message_of([&] { layers::enable_lora(layer, rank); }); };
    CHECK(says(enable(fresh, 2), "isn't yet built"));
    once(ops::ones({2, 4}));
    CHECK(says(enable(once, 0), "Received: rank=0"));
    CHECK(enable(once, 2) == "");
    CHECK(says(enable(once, 2), "already enabled"));
    bound(ops::ones({2, 4}));
    CHECK(says(enable(bound, 2), "incompatible with constraints on the kernel"));
    CHECK(says(enable(layers::Flatten(), 2), "of class Flatten"));
    CHECK_THROWS_AS(layers::Dense({.units = 3, .lora_rank = 0}), ValueError);
}
