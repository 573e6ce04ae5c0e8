// Training with callbacks that change its course, against what Keras on JAX recorded: how many
// epochs, their figures, the weights and the rate at the end.
#include <doctest/doctest.h>

#include "cornu/models/model.h"
#include "cornu/saving/keras_file.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "cornu/training/callbacks/callbacks.h"
#include "tests/golden.h"

using namespace cornu;
using cornu::testing::difference;

namespace {

Callback make(const std::string& name, const Json& options) {
    const auto number = [&](const char* key, double usual) { return options.contains(key) ? options[key].as_double() : usual; };
    const auto whole = [&](const char* key, int64_t usual) { return options.contains(key) ? options[key].as_int() : usual; };
    const auto text = [&](const char* key, const char* usual) { return options.contains(key) ? options[key].as_string() : std::string(usual); };
    const auto flag = [&](const char* key) { return options.contains(key) && options[key].as_bool(); };
    if (name == "EarlyStopping") {
        callbacks::EarlyStoppingConfig config{.monitor = text("monitor", "val_loss"), .min_delta = number("min_delta", 0), .patience = whole("patience", 0),
                                              .restore_best_weights = flag("restore_best_weights"), .start_from_epoch = whole("start_from_epoch", 0)};
        if (options.contains("baseline")) config.baseline = options["baseline"].as_double();
        return callbacks::EarlyStopping(config);
    }
    if (name == "ReduceLROnPlateau")
        return callbacks::ReduceLROnPlateau({.monitor = text("monitor", "val_loss"), .factor = number("factor", 0.1), .patience = whole("patience", 10),
                                             .mode = text("mode", "auto"), .min_delta = number("min_delta", 1e-4), .cooldown = whole("cooldown", 0),
                                             .min_lr = number("min_lr", 0)});
    if (name == "LearningRateScheduler")
        return callbacks::LearningRateScheduler([](int64_t epoch, double rate) { return rate * (epoch % 2 ? 0.5 : 0.9); });
    REQUIRE(name == "SwapEMAWeights");
    return callbacks::SwapEMAWeights({.swap_on_epoch = flag("swap_on_epoch")});
}

}  // namespace

TEST_CASE("callbacks change training as Keras's do") {
    const testing::Golden golden(golden_path("callbacks.zip"));
    int checked = 0;
    for (const Json& row : golden.cases()) {
        CAPTURE(row["name"].as_string());
        Context context;
        const Context::Use use(context);
        const Model model = saving::load_model(golden.file(row["model"]));
        FitOptions options{.batch_size = row["batch_size"].as_int(), .epochs = row["epochs"].as_int(), .verbose = Verbose::silent, .shuffle = false};
        options.validation_data = Data(golden.tensor(row["validation_x"]), golden.tensor(row["validation_y"]));
        for (const Json& callback : row["callbacks"].as_array()) options.callbacks.push_back(make(callback["class"].as_string(), callback["options"]));
        const History history = model.fit(golden.tensor(row["x"]), golden.tensor(row["y"]), options);
        CHECK(history.history.size() == row["history"].size());
        for (const auto& [figure, values] : row["history"].as_object()) {
            CAPTURE(figure);
            std::vector<double> expected;
            for (const Json& value : values.as_array()) expected.push_back(value.as_double());
            REQUIRE(history[figure].size() == expected.size());
            CHECK(difference(Tensor::from(history[figure]), Tensor::from(expected), 1e-4) == "");
        }
        const Tensors weights = model.get_weights(), expected = golden.tensors(row["weights"]);
        REQUIRE(weights.size() == expected.size());
        for (size_t i = 0; i < weights.size(); ++i) CHECK(difference(weights[i], expected[i], 1e-4) == "");
        CHECK(model.optimizer().learning_rate() == doctest::Approx(row["rate"].as_double()).epsilon(1e-6));
        ++checked;
    }
    CHECK(checked == 11);
}
