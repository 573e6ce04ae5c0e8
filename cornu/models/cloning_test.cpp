#include <doctest/doctest.h>

#include "cornu/layers/layers.h"
#include "cornu/models/model.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/testing/near.h"

using namespace cornu;
using testing::difference;

namespace {

Tensor data(const Shape& shape) {
    std::vector<float> values(static_cast<size_t>(shape.size()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(static_cast<int>(i * 7 % 11) - 5) / 4.0f;
    return Tensor::from(values, shape);
}

Layer itself(const Layer& layer) { return layer; }

// x, a shared layer called twice, an op, a constant.
Model two_calls() {
    const Tensor x = Input({.shape = {4}, .name = "x"});
    const auto shared = layers::Dense({.units = 4, .name = "shared"});
    const Tensor y = ops::relu(shared(x)) * 0.5;
    return Model(x, layers::Dense({.units = 2, .name = "head"})(shared(y)), "two_calls");
}

}  // namespace

TEST_CASE("the same layers in a new model: other calls between them") {
    const Model model = two_calls();
    std::vector<std::string> seen;
    const Model copy = clone_model(model, {.clone_function = itself, .call_function = [&](const Layer& layer, const Structure& inputs, const Call& call) {
        seen.push_back(layer.name());
        const Structure out = layer(inputs, call);
        return layer.name() == "shared" ? Structure(out.leaf() + 1.0) : out;
    }});
    CHECK(seen == std::vector<std::string>{"shared", "shared", "head"});
    CHECK(copy.name() == "two_calls");
    CHECK(copy.weights().size() == 4);
    CHECK(copy.get_layer("shared") == model.get_layer("shared"));
    const Tensor x = data({3, 4});
    const Layer shared = model.get_layer("shared"), head = model.get_layer("head");
    CHECK(difference(copy(x), head(shared(ops::relu(shared(x) + 1.0) * 0.5) + 1.0), 1e-6) == "");
    // The original is as it was.
    CHECK(difference(model(x), head(shared(ops::relu(shared(x)) * 0.5)), 1e-6) == "");
}

TEST_CASE("a clone may have other layers, and other inputs") {
    const Model model = two_calls();
    int asked = 0;
    const auto wider = [&](const Layer& layer) {
        ++asked;
        return layer.name() == "head" ? Layer(layers::Dense({.units = 9, .name = "head"})) : itself(layer);
    };
    const Tensor a = Input({.shape = {2, 2}, .name = "a"});
    const Tensor flat = layers::Flatten()(a);
    const Model copy = clone_model(model, {.clone_function = wider, .input_tensors = flat});
    CHECK(asked == 2);   // once a layer, however often it is called
    CHECK(copy(data({3, 4})).shape() == Shape{3, 9});
    const Model whole(a, copy(flat));
    CHECK(whole(data({3, 2, 2})).shape() == Shape{3, 9});

    const Sequential stack({layers::Input({.shape = {4}}), layers::Dense({.units = 4, .name = "in"}), layers::Dense({.units = 2, .name = "head"})});
    const Model other = clone_model(stack, {.clone_function = wider});
    CHECK(other(data({3, 4})).shape() == Shape{3, 9});
    CHECK(other.get_layer("in") == stack.get_layer("in"));
    const Tensor wide = Input({.shape = {6}});
    CHECK(clone_model(stack, {.input_tensors = wide})(data({3, 6})).shape() == Shape{3, 2});
}

TEST_CASE("models within are cloned whole, or layer by layer when asked") {
    const auto inner = Sequential({layers::Input({.shape = {4}}), layers::Dense({.units = 3, .name = "deep"})}, "inner");
    const Tensor x = Input({.shape = {4}});
    const Model outer(x, layers::Dense({.units = 2, .name = "head"})(inner(x)));
    std::vector<std::string> seen;
    const auto note = [&](const Layer& layer) {
        seen.push_back(layer.name());
        return itself(layer);
    };
    CHECK(clone_model(outer, {.clone_function = note}).get_layer("inner") == inner);
    CHECK(seen == std::vector<std::string>{"inner", "head"});
    seen.clear();
    const Model deep = clone_model(outer, {.clone_function = note, .recursive = true});
    CHECK(seen == std::vector<std::string>{"deep", "head"});
    CHECK_FALSE(deep.get_layer("inner") == inner);
    CHECK(difference(deep(data({2, 4})), outer(data({2, 4})), 0) == "");
}

TEST_CASE("a clone is compiled as its model was") {
    const Model model = two_calls();
    CHECK_FALSE(clone_model(model).model_impl().compiled());
    model.compile({.optimizer = "adam", .loss = "mse", .metrics = {"mae"}});
    for (const bool whole : {true, false}) {
        const Model copy = whole ? clone_model(model) : clone_model(model, {.clone_function = itself});
        CHECK(copy.model_impl().get_compile_config() == model.model_impl().get_compile_config());
        CHECK(copy.train_on_batch(data({3, 4}), data({3, 2})).contains("mae"));
    }
}

TEST_CASE("options that do not fit the model are refused") {
    const Model model = two_calls();
    const Sequential stack({layers::Input({.shape = {4}}), layers::Dense({.units = 2})});
    const Tensor a = Input({.shape = {4}}), b = Input({.shape = {4}});
    const auto call = [](const Layer& layer, const Structure& inputs, const Call& how) { return layer(inputs, how); };
    CHECK_THROWS_WITH_AS(clone_model(stack, {.call_function = call}), doctest::Contains("`call_function` is only supported for Functional"), ValueError);
    CHECK_THROWS_WITH_AS(clone_model(model, {.input_tensors = data({2, 4})}), doctest::Contains("must be KerasTensors"), ValueError);
    CHECK_THROWS_WITH_AS(clone_model(model, {.input_tensors = {a, b}}), doctest::Contains("same structure"), ValueError);
    CHECK_THROWS_WITH_AS(clone_model(stack, {.input_tensors = {a, b}}), doctest::Contains("Received: 2 tensors"), ValueError);
    CHECK_THROWS_WITH_AS(clone_model(model, {.clone_function = [](const Layer&) { return Layer(); }}), doctest::Contains("must return a layer"), ValueError);
    CHECK_THROWS_WITH_AS(clone_model(model, {.call_function = [](const Layer&, const Structure& inputs, const Call&) { return Structure{inputs, inputs}; }}),
                         doctest::Contains("must give 1 tensors"), ValueError);
}
