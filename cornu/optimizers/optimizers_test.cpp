// Optimizers and schedules against what Keras on JAX computed, step by step.
#include <doctest/doctest.h>

#include "cornu/ops/elementwise.h"
#include "cornu/optimizers/catalogue.h"
#include "cornu/optimizers/optimizers.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"
#include "tests/messages.h"

using namespace cornu;
using cornu::testing::difference;
using cornu::testing::difference_of_values;

namespace {

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
    for (const Json& row : golden.cases()) {
        if (row["kind"].as_string() != "optimizer") continue;
        CAPTURE(row["name"].as_string());
        ++checked;
        Context context;  // names count from the start
        const Context::Use use(context);
        Optimizer optimizer;
        Codec<Optimizer>::decode(row["config"], optimizer);
        CHECK(Codec<Optimizer>::encode(optimizer) == row["config"]);
        const Tensors initial = golden.tensors(row["initial"]);
        const Variables variables = {Variable(initial[0].with_new_identity(), {.name = "kernel"}), Variable(initial[1].with_new_identity(), {.name = "bias"})};
        if (!row.get("exclude").is_null()) {
            std::vector<std::string> words;
            Codec<std::vector<std::string>>::decode(row["exclude"], words);
            optimizer.impl().exclude_from_weight_decay({}, words);
        }
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
    CHECK(checked > 50);
}

TEST_CASE("every optimizer of Keras has a case") {
    const testing::Golden golden(golden_path("optimizers.zip"));
    for (const auto& known : optimizers::all_optimizers()) {
        CAPTURE(known.class_name);
        CHECK(std::any_of(golden.cases().begin(), golden.cases().end(), [&](const Json& row) { return row["config"]["class_name"] == Json(known.class_name); }));
    }
    CHECK(optimizers::all_optimizers().size() == 16);
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

namespace {

struct SignDescent : CustomOptimizer {
    explicit SignDescent(LearningRate rate, OptimizerOptions options = {}) : CustomOptimizer("SignDescent", std::move(rate), std::move(options)) {}
    void update_step(const Tensor& gradient, Variable variable, const Tensor& rate, size_t) override {
        assign(variable, variable.value() - rate * ops::sign(gradient));
    }
};

struct HeldConfig {
    Required<double> rate;
    static void describe(Schema<HeldConfig>& s) { s.field<&HeldConfig::rate>().positive(); }
};
struct Held : CustomSchedule {
    using Config = HeldConfig;
    explicit Held(Config c) : config(c) {}
    Tensor operator()(const Tensor&) const override { return Tensor::full({}, config.rate); }
    std::string class_name() const override { return "Held"; }
    Json get_config() const override { return to_json(config); }
    Config config;
};

}  // namespace

TEST_CASE("Keras on PyTorch names modules of its own for the same optimizers") {
    Json adam = Codec<Optimizer>::encode(optimizers::Adam({.learning_rate = 0.5}));
    Optimizer read;
    adam.set("module", "keras.src.backend.torch.optimizers.torch_adam");
    adam.set("registered_name", "Adam");
    Codec<Optimizer>::decode(adam, read);
    CHECK(read.name() == "adam");
    CHECK(Codec<Optimizer>::encode(read)["module"] == Json("keras.optimizers"));
    adam.set("module", "elsewhere");
    CHECK_THROWS_WITH_AS(Codec<Optimizer>::decode(adam, read), doctest::Contains("register_optimizer"), ValueError);
}

TEST_CASE("optimizers and schedules of one's own") {
    Context context;
    const Context::Use use(context);
    Optimizer read;
    const Optimizer unregistered = optimizer<SignDescent>(0.5);
    CHECK(unregistered.name() == "sign_descent");
    CHECK(says(message_of([&] { Codec<Optimizer>::decode(Codec<Optimizer>::encode(unregistered), read); }), "register_optimizer"));
    optimizers::register_optimizer<SignDescent>("mine>SignDescent");
    optimizers::schedules::register_schedule<Held>("mine>Held");
    const Optimizer own = optimizer<SignDescent>(LearningRate(schedule<Held>(HeldConfig{.rate = 0.5})), OptimizerOptions{.clipvalue = 2, .name = "own"});
    const Json json = Codec<Optimizer>::encode(own);
    CHECK(json["registered_name"] == Json("mine>SignDescent"));
    CHECK(json["module"] == Json());
    CHECK(json["config"]["learning_rate"]["registered_name"] == Json("mine>Held"));
    CHECK(json["config"]["clipvalue"] == Json(2.0));
    Codec<Optimizer>::decode(json, read);
    CHECK(Codec<Optimizer>::encode(read) == json);
    const Variables variables = two_variables();
    read.apply_gradients(ones(), variables);
    CHECK(variables[1].value().to_vector<float>() == std::vector<float>{0.5f, 1.5f});
    CHECK(Optimizer("mine>SignDescent").learning_rate() == doctest::Approx(0.001));
}

TEST_CASE("optimizers around others") {
    Context context;
    const Context::Use use(context);
    const auto scaled = [](Optimizer inner) { return optimizers::LossScaleOptimizer({.inner_optimizer = std::move(inner), .initial_scale = 8}); };
    CHECK(says(message_of([&] { scaled(scaled("sgd")); }), "no LossScaleOptimizer"));
    CHECK(says(message_of([&] { scaled(Optimizer()); }), "an optimizer is needed"));
    CHECK(says(message_of([&] { optimizers::LossScaleOptimizer({.inner_optimizer = "sgd", .initial_scale = 0}); }), "initial_scale must be positive"));
    const Optimizer outer = scaled(optimizers::SGD({.learning_rate = 1.0, .loss_scale_factor = 4.0}));
    CHECK(outer.impl().scale_loss(Tensor(1.0)).item<float>() == 8);
    CHECK(outer.learning_rate() == 1.0);
    const Variables variables = two_variables();
    outer.apply_gradients({Tensor::full({2, 2}, 8), Tensor::full({2}, NAN)}, variables);  // left out
    CHECK(variables[0].value().to_vector<float>() == std::vector<float>{1, 2, 3, 4});
    CHECK(outer.impl().scale_loss(Tensor(1.0)).item<float>() == 4);
    CHECK(outer.impl().iterations().item<int>() == 0);
    outer.apply_gradients({Tensor::full({2, 2}, 4), Tensor::full({2}, 4)}, variables);
    CHECK(variables[0].value().to_vector<float>() == std::vector<float>{0, 1, 2, 3});
    CHECK(outer.impl().iterations().item<int>() == 1);
    // Older files list options that were never in use.
    Optimizer read;
    Json config = Codec<Optimizer>::encode(outer);
    config.find("config")->set("use_ema", false);
    Codec<Optimizer>::decode(config, read);
    config.find("config")->set("use_ema", true);
    CHECK(says(message_of([&] { Codec<Optimizer>::decode(config, read); }), "use_ema"));

    using optimizers::OptimizerMap;
    const auto several = [](OptimizerMap map) { return optimizers::MultiOptimizer({.optimizer_map = std::move(map)}); };
    CHECK(says(message_of([&] { several(OptimizerMap{"sgd", {{"(", "adam"}}}); }), "regular expressions"));
    CHECK(says(message_of([&] { several(OptimizerMap{"sgd", {{"k.*", "adam"}, {".*l", "lion"}}}).build(two_variables()); }), "only one expression"));
    CHECK(says(message_of([&] { several(OptimizerMap{scaled("sgd"), {}}); }), "no LossScaleOptimizer"));
    CHECK(says(message_of([&] { several(OptimizerMap{"sgd", {}}).learning_rate(); }), "no learning rate"));
    const Optimizer one = optimizers::SGD({.learning_rate = 1.0});
    const Optimizer multi = several(OptimizerMap{optimizers::SGD({.learning_rate = 0.0}), {{"bias", one}, {"other", one}}});
    multi.apply_gradients(ones(), two_variables());
    CHECK(multi.variables().size() == 6);  // its own two, and those of two others
    CHECK(multi.impl().inner()[1].attribute == "optimizers/sgd_1");
}

TEST_CASE("which expressions find a variable") {
    Context context;
    const Context::Use use(context);
    const Optimizer sgd = optimizers::SGD({.weight_decay = 0.5});
    CHECK(says(message_of([&] { sgd.impl().exclude_from_weight_decay({}, {"bias", "["}); }), "regular expressions"));
    CHECK(says(message_of([] { optimizers::Muon({.exclude_layers = {"dense", "*"}}); }), "regular expressions"));
    CHECK(says(message_of([] { optimizers::Muon({.exclude_layers = {std::string(2000, 'a')}}); }), "1000 characters"));
    // No expression takes more time than in proportion to the name, whatever a file asks for.
    const Optimizer muon = optimizers::Muon({.exclude_layers = {"(a+)+$"}});
    muon.build({Variable(Tensor::full({2, 2}, 1), {.name = "kernel", .path = std::string(60, 'a') + "b"})});
    CHECK(muon.variables().size() == 3);
}
