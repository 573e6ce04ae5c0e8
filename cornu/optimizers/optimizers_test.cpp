// Optimizers and schedules against what Keras on JAX computed, step by step.
#include <doctest/doctest.h>

#include "cornu/optimizers/adam.h"
#include "cornu/optimizers/adamw.h"
#include "cornu/optimizers/catalogue.h"
#include "cornu/optimizers/schedules/schedules.h"
#include "cornu/optimizers/sgd.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"

using namespace cornu;
using cornu::testing::difference;
using cornu::testing::difference_of_values;

namespace {

std::string message_of(const std::function<void()>& f) {
    try {
        f();
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}
bool says(const std::string& message, const std::string& part) { return message.find(part) != std::string::npos; }

bool known(const std::string& class_name) {
    const auto& all = optimizers::all_optimizers();
    return std::any_of(all.begin(), all.end(), [&](const auto& c) { return c.class_name == class_name; });
}

void check_state(const Optimizer& optimizer, const Json& recorded, const testing::Golden& golden, double t) {
    REQUIRE(optimizer.variables().size() == recorded.size());
    for (size_t i = 0; i < recorded.size(); ++i) {
        const Variable& variable = optimizer.variables()[i];
        CAPTURE(variable.path());
        CHECK(variable.path() == recorded[i]["path"].as_string());
        CHECK(difference(variable.value(), golden.tensor(recorded[i]["value"]), t) == "");
    }
}

Variables two_variables() {
    return {Variable(Tensor::from(std::vector<float>{1, 2, 3, 4}, {2, 2}), {.name = "kernel"}), Variable(Tensor::from(std::vector<float>{1, 2}), {.name = "bias"})};
}
Tensors ones() { return {Tensor::full({2, 2}, 1), Tensor::full({2}, 1)}; }

}  // namespace

TEST_CASE("optimizers are Keras's: variables, slots, paths, configs") {
    const testing::Golden golden(golden_path("optimizers.zip"));
    int checked = 0;
    std::string missing;
    for (const Json& row : golden.cases()) {
        if (row["kind"].as_string() != "optimizer") continue;
        const std::string class_name = row["config"]["class_name"].as_string();
        if (!known(class_name)) {
            missing += " " + class_name;
            continue;
        }
        CAPTURE(row["name"].as_string());
        ++checked;
        Optimizer optimizer;
        Codec<Optimizer>::decode(row["config"], optimizer);
        CHECK(Codec<Optimizer>::encode(optimizer) == row["config"]);
        const Tensors initial = golden.tensors(row["initial"]);
        const Variables variables = {Variable(initial[0].with_new_identity(), {.name = "kernel"}), Variable(initial[1].with_new_identity(), {.name = "bias"})};
        optimizer.build(variables);
        check_state(optimizer, row["initial_state"], golden, 0);
        for (const Json& step : row["steps"].as_array()) {
            optimizer.apply(golden.tensors(step["gradients"]));
            const Tensors values = golden.tensors(step["variables"]);
            for (size_t i = 0; i < 2; ++i) CHECK(difference(variables[i].value(), values[i], 1e-5) == "");
            check_state(optimizer, step["state"], golden, 1e-5);
        }
        optimizer.impl().finalize_variable_values(variables);
        const Tensors values = golden.tensors(row["finalized"]);
        for (size_t i = 0; i < 2; ++i) CHECK(difference(variables[i].value(), values[i], 1e-5) == "");
    }
    CHECK(checked > 25);
    MESSAGE("optimizers not here yet:" << missing);
}

TEST_CASE("schedules are Keras's") {
    const testing::Golden golden(golden_path("optimizers.zip"));
    int checked = 0;
    for (const Json& row : golden.cases()) {
        if (row["kind"].as_string() != "schedule") continue;
        CAPTURE(row["name"].as_string());
        ++checked;
        LearningRate rate = 0.0;
        Codec<LearningRate>::decode(row["config"], rate);
        CHECK(Codec<LearningRate>::encode(rate) == row["config"]);
        const std::vector<double> values = golden.tensor(row["values"]).to_vector<double>();
        for (size_t i = 0; i < values.size(); ++i) {
            CAPTURE(i);
            const Tensor step = Tensor::from(std::vector<int32_t>{static_cast<int32_t>(row["steps"][i].as_int())}, {});
            CHECK((*rate.schedule())(step).item<double>() == doctest::Approx(values[i]).epsilon(1e-5));
        }
    }
    CHECK(checked == 11);
}

TEST_CASE("names, rates and what an optimizer refuses") {
    Context context;
    const Context::Use use(context);
    CHECK(Optimizer("sgd").name() == "sgd");
    CHECK(Optimizer("SGD").name() == "sgd_1");
    CHECK(Optimizer("rmsprop").impl().class_name() == "RMSprop");
    const Optimizer adam = optimizers::Adam({.learning_rate = 0.5});
    CHECK(adam.learning_rate() == 0.5);
    adam.set_learning_rate(0.25);
    CHECK(adam.learning_rate() == 0.25);
    CHECK(Codec<Optimizer>::encode(adam)["config"]["learning_rate"] == Json(0.25));

    CHECK(says(message_of([] { Optimizer("no_such"); }), "no_such"));
    CHECK(says(message_of([] { optimizers::SGD({.clipnorm = 1, .clipvalue = 1}); }), "only one of clipnorm"));
    CHECK(says(message_of([] { optimizers::SGD({.gradient_accumulation_steps = 1}); }), "gradient_accumulation_steps must be an integer >= 2"));
    CHECK(says(message_of([] { optimizers::SGD({.momentum = 2}); }), "momentum must lie in [0, 1]"));
    CHECK(says(message_of([] { optimizers::AdamW({.weight_decay = {}}); }), "weight_decay"));
    CHECK(says(message_of([] { optimizers::schedules::ExponentialDecay({.initial_learning_rate = 0.1, .decay_steps = 0, .decay_rate = 0.5}); }), "decay_steps must be positive"));
    CHECK(says(message_of([] { optimizers::schedules::PiecewiseConstantDecay({.boundaries = {1, 2}, .values = {0.1, 0.2}}); }), "one more"));
    const Optimizer scheduled = optimizers::SGD({.learning_rate = optimizers::schedules::InverseTimeDecay({.initial_learning_rate = 0.1, .decay_steps = 1, .decay_rate = 0.5})});
    CHECK(says(message_of([&] { scheduled.set_learning_rate(1); }), "a schedule decides"));

    const Optimizer sgd = optimizers::SGD({.learning_rate = 1.0});
    CHECK(says(message_of([&] { sgd.apply(ones()); }), "build(variables)"));
    const Variables variables = two_variables();
    CHECK(says(message_of([&] { sgd.apply_gradients({Tensor(), Tensor()}, variables); }), "no gradients provided"));
    CHECK(says(message_of([&] { sgd.apply_gradients({Tensor(1.0)}, variables); }), "1 gradients for 2 variables"));
    sgd.apply_gradients({ones()[0], Tensor()}, variables);  // one without a gradient stays
    CHECK(variables[0].value().to_vector<float>() == std::vector<float>{0, 1, 2, 3});
    CHECK(variables[1].value().to_vector<float>() == std::vector<float>{1, 2});
    CHECK(says(message_of([&] { sgd.apply_gradients(ones(), two_variables()); }), "kernel"));
}

TEST_CASE("constraints and weight decay of some variables") {
    const auto clip = [](const Tensor& x) { return Tensor::full(x.shape(), 7); };
    Variables variables = two_variables();
    variables[1].options().constraint = clip;
    const Optimizer sgd = optimizers::SGD({.learning_rate = 1.0, .weight_decay = 0.5});
    sgd.impl().exclude_from_weight_decay({}, {"bias"});
    sgd.apply_gradients({Tensor::full({2, 2}, 0), Tensor::full({2}, 0)}, variables);
    CHECK(variables[0].value().to_vector<float>() == std::vector<float>{0.5f, 1, 1.5f, 2});
    CHECK(variables[1].value().to_vector<float>() == std::vector<float>{7, 7});
    CHECK_THROWS_AS(sgd.impl().exclude_from_weight_decay({}, {"kernel"}), ValueError);
}
