// What models are as graphs, stacks and classes of one's own; training them is tested in training/.
#include <doctest/doctest.h>

#include <limits>

#include "cornu/autodiff/tape.h"
#include "cornu/layers/layers.h"
#include "cornu/models/model.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/random/random.h"
#include "cornu/testing/near.h"

using namespace cornu;

namespace {

Tensor data(const Shape& shape) {
    std::vector<float> values(static_cast<size_t>(shape.size()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(static_cast<int>(i * 7 % 11) - 5) / 4.0f;
    return Tensor::from(values, shape);
}

bool same(const Tensor& a, const Tensor& b) { return a.shape() == b.shape() && a.to_vector<float>() == b.to_vector<float>(); }

}  // namespace

TEST_CASE("an Input's dtype may be a word") {
    const Tensor words = Input({.shape = {4}, .dtype = "int32", .name = "words"});
    CHECK(words.dtype() == DType::int32);
    CHECK_THROWS_WITH_AS(Input({.shape = {4}, .dtype = "int31"}), doctest::Contains("int31"), DTypeError);
}

TEST_CASE("a layer called twice is one layer: its weights are there once, its changes are seen twice") {
    const Tensor a = Input({.shape = {3}, .name = "a"}), b = Input({.shape = {3}, .name = "b"});
    const auto shared = layers::Dense({.units = 2, .use_bias = false});
    const Model model({a, b}, {shared(a), ops::concatenate({shared(b), shared(a)}, -1)});
    CHECK(model.weights().size() == 1);
    CHECK(model.layers().size() == 3);
    shared.set_weights({Tensor::full({3, 2}, 2)});
    const Structure out = model.predict(Structure{data({2, 3}), Tensor::full({2, 3}, 1)});
    CHECK(out.list()[1].leaf().to_vector<float>()[0] == 6);
    CHECK(out.list()[1].leaf().shape() == Shape{2, 4});
}

TEST_CASE("models within models: a layer that two of them share is one layer, before and after cloning") {
    const auto shared = layers::Dense({.units = 3, .name = "shared"});
    const Tensor x = Input({.shape = {3}, .name = "x"}), y = Input({.shape = {3}, .name = "y"}), z = Input({.shape = {3}, .name = "z"});
    const Model left({x}, {ops::relu(shared(x))}, "left"), right({y}, {ops::tanh(shared(y))}, "right");
    const Model both({z}, {left(z) + right(z)}, "both");
    CHECK(both.weights().size() == 2);
    CHECK(both.get_layer("left").weights()[0].id() == both.get_layer("right").weights()[0].id());
    const Tensor in = data({4, 3});
    const Tensor expected = ops::relu(shared(in)) + ops::tanh(shared(in));
    CHECK(testing::difference(both(in), expected, 1e-6) == "");

    const Model copy = clone_model(both);
    CHECK(copy.weights().size() == 2);
    CHECK(copy.weights()[0].id() != both.weights()[0].id());
    copy.set_weights(both.get_weights());
    CHECK(same(copy(in), both(in)));
    copy.get_layer("left").set_weights({Tensor::full({3, 3}, 0), Tensor::full({3}, 0)});
    CHECK(copy(in).to_vector<float>() == std::vector<float>(12, 0));
    CHECK_FALSE(same(copy(in), both(in)));
}

TEST_CASE("a model may begin and end at any tensor of another") {
    const Tensor x = Input({.shape = {4}, .name = "x"});
    const Tensor hidden = layers::Dense({.units = 3, .activation = "relu", .name = "hidden"})(x);
    const Tensor y = layers::Dense({.units = 2, .name = "head"})(hidden);
    const Model whole({x}, {y}), features({x}, {hidden}), head({hidden}, {y});
    const Tensor in = data({5, 4});
    CHECK(testing::difference(head(features(in)), whole(in), 1e-6) == "");
    CHECK(head.weights()[0].id() == whole.get_layer("head").weights()[0].id());
    CHECK_THROWS_WITH_AS(Model({Input({.shape = {4}})}, {y}), doctest::Contains("disconnected"), ValueError);
    CHECK_THROWS_AS(Model({data({1, 4})}, {y}), ValueError);
    CHECK_THROWS_AS(whole.get_layer("tail"), ValueError);
    CHECK_THROWS_WITH_AS(whole.get_layer(9), doctest::Contains("9"), ValueError);
    CHECK(whole.get_layer(-1).name() == "head");
}

TEST_CASE("calls that do not fit name the model's input and say what came") {
    const Tensor x = Input({.shape = {4, 2}, .name = "image"}), s = Input({.shape = {1}, .name = "scale"});
    const Model model(Structure({{"image", x}, {"scale", s}}), layers::Flatten()(x) * s, "scaled");
    const Tensor image = data({2, 4, 2}), scale = data({2, 1});
    CHECK(model(Structure({{"image", image}, {"scale", scale}})).leaf().shape() == Shape{2, 8});
    CHECK(model(Structure{image, scale}).leaf().shape() == Shape{2, 8});
    CHECK_THROWS_WITH_AS(model(Structure({{"image", image}})), doctest::Contains("Missing data for input \"scale\""), ValueError);
    CHECK_THROWS_WITH_AS(model(image), doctest::Contains("expects 2 input(s), but it received 1"), ValueError);
    CHECK_THROWS_WITH_AS(model(Structure{data({2, 3, 2}), scale}), doctest::Contains("'image'"), ShapeError);
    CHECK_THROWS_WITH_AS(model(Structure{data({2, 3, 2}), scale}), doctest::Contains("(2, 3, 2)"), ShapeError);
}

TEST_CASE("a stack grows and shrinks; what does not fit is refused") {
    const Sequential model;
    model.add(layers::Dense({.units = 3}));
    CHECK_FALSE(model.built());
    CHECK_THROWS_AS(model.output(), ValueError);
    CHECK(model(data({2, 4})).shape() == Shape{2, 3});
    model.add(layers::Dense({.units = 5, .name = "wide"}));
    CHECK(model(data({2, 4})).shape() == Shape{2, 5});
    CHECK_THROWS_WITH_AS(model.add(layers::Dense({.units = 1, .name = "wide"})), doctest::Contains("unique"), ValueError);
    CHECK_THROWS_AS(model.add(layers::Input({.shape = {4}})), ValueError);
    model.pop();
    CHECK(model(data({2, 4})).shape() == Shape{2, 3});
    CHECK_THROWS_WITH_AS(model(data({2, 9})), doctest::Contains("(2, 9)"), ShapeError);
}

TEST_CASE("stateless_call is a pure function of all state, and can be differentiated") {
    random::set_random_seed(3);
    const Sequential model({layers::Input({.shape = {4}}), layers::Dense({.units = 3}), layers::BatchNormalization({.momentum = 0.5}), layers::Dropout({.rate = 0.5})});
    const Tensor x = data({8, 4});
    Tensors trainable, others;
    for (const Variable& variable : model.trainable_variables()) trainable.push_back(variable.value());
    for (const Variable& variable : model.non_trainable_variables()) others.push_back(variable.value());
    const Tensors before = model.get_weights();

    const auto [first, after] = model.stateless_call(trainable, others, x, {.training = true});
    const auto [second, again] = model.stateless_call(trainable, others, x, {.training = true});
    CHECK(same(first.leaf(), second.leaf()));
    for (size_t i = 0; i < before.size(); ++i) CHECK(same(model.get_weights()[i], before[i]));
    REQUIRE(after.size() == others.size());
    CHECK_FALSE(same(after[0], others[0]));   // the moving mean went on, and the seed with it
    CHECK(same(model.stateless_call(trainable, after, x).outputs.leaf(), model.stateless_call(trainable, again, x).outputs.leaf()));
    const Tensor third = model.stateless_call(trainable, after, x, {.training = true}).outputs.leaf();
    CHECK_FALSE(same(third, first.leaf()));
    // The model itself does the same.
    CHECK(same(model(x, {.training = true}), first.leaf()));
    CHECK(same(model.non_trainable_variables()[0].value(), after[0]));

    for (Tensor& value : trainable) value = value.with_new_identity();
    GradientTape tape;
    const Tensor loss = ops::sum(ops::square(model.stateless_call(trainable, others, x).outputs.leaf()));
    const Tensors gradients = tape.gradient(loss, trainable);
    for (const Tensor& gradient : gradients) CHECK(gradient.defined());

    CHECK_THROWS_WITH_AS(model.stateless_call({}, others, x), doctest::Contains("expected 4 variables"), ValueError);
    Tensors wrong = trainable;
    wrong[0] = Tensor::full({5, 3}, 0);
    CHECK_THROWS_WITH_AS(model.stateless_call(wrong, others, x), doctest::Contains("kernel"), ShapeError);
    CHECK_THROWS_WITH_AS(Sequential({layers::Dense({.units = 1})}).stateless_call({}, {}, x), doctest::Contains("must be built"), ValueError);
}

TEST_CASE("arguments of a call reach the layer: masks, states and switches, in a graph as at once") {
    random::set_random_seed(1);
    const auto attention = layers::MultiHeadAttention({.num_heads = 2, .key_dim = 3});
    const Tensor q = Input({.shape = {4, 6}, .name = "q"}), m = Input({.shape = {4, 4}, .dtype = "bool", .name = "m"});
    const Structure made = attention(Structure{q, q}, {.attention_mask = m, .use_causal_mask = true, .return_attention_scores = true});
    const Model model({q, m}, made);
    const Tensor x = data({2, 4, 6}), mask = ops::greater(data({2, 4, 4}), -0.9);
    const Structure direct = attention(Structure{x, x}, {.attention_mask = mask, .use_causal_mask = true, .return_attention_scores = true});
    const Structure out = model(Structure{x, mask});
    CHECK(same(out.list()[0].leaf(), direct.list()[0].leaf()));
    CHECK(same(out.list()[1].leaf(), direct.list()[1].leaf()));
    CHECK(out.list()[1].leaf().to_vector<float>()[1] == 0);   // the first step does not look ahead
    const Model copy = clone_model(model);
    copy.set_weights(model.get_weights());
    CHECK(same(copy(Structure{x, mask}).list()[0].leaf(), direct.list()[0].leaf()));

    CHECK_THROWS_WITH_AS(attention(x), doctest::Contains("{query, value}"), ValueError);
    CHECK_THROWS_WITH_AS(attention({x, data({2, 6})}), doctest::Contains("three axes"), ShapeError);
    CHECK_THROWS_WITH_AS(layers::GroupQueryAttention({.head_dim = 2, .num_query_heads = 3, .num_key_value_heads = 2}), doctest::Contains("divisible"), ValueError);
}

TEST_CASE("keys at the ends of int64 select what Python's would, or are refused") {
    constexpr int64_t most = std::numeric_limits<int64_t>::max(), least = std::numeric_limits<int64_t>::min();
    const Tensor x = data({5});
    for (const int64_t step : {most, least}) {
        const int64_t first = step > 0 ? 0 : 4;
        CHECK(same(ops::get_item(x, {ops::SliceIndex{{}, {}, step}}), ops::get_item(x, {ops::SliceIndex{first, first + 1, {}}})));
    }
    CHECK(ops::get_item(x, {ops::SliceIndex{least, most, {}}}).shape() == Shape{5});
    CHECK(ops::get_item(x, {ops::SliceIndex{most, least, {}}}).shape() == Shape{0});
    const Tensor rows = Input({.shape = {3}});
    for (const int64_t i : {most, least}) {
        CHECK_THROWS_WITH_AS(ops::get_item(x, {i}), doctest::Contains("out of bounds"), ValueError);
    }
    CHECK_THROWS_WITH_AS(ops::get_item(rows, {most}), doctest::Contains("out of bounds"), ValueError);   // of a size not known yet
}

TEST_CASE("a model's config is JSON, and makes it again") {
    const Sequential model({layers::Input({.shape = {4}}), layers::Dense({.units = 3, .activation = "relu"})}, "small");
    const Model again = model_from_json(model.to_json());
    CHECK(again.name() == "small");
    CHECK(again.to_json() == model.to_json());
    again.set_weights(model.get_weights());
    CHECK(same(again(data({2, 4})), model(data({2, 4}))));
    CHECK_THROWS_AS(model_from_json("{"), Error);
    const Tensor x = Input({.shape = {2}, .dtype = "int32"});
    std::string graph = Model({x}, {x + Tensor::from(std::vector<int32_t>{31337, 1}, {2})}).to_json();
    CHECK(model_from_json(graph).to_json() == graph);
    graph.replace(graph.find("31337"), 5, "1099511627776");
    CHECK_THROWS_WITH_AS(model_from_json(graph), doctest::Contains("int32 cannot hold"), ValueError);
    CHECK_THROWS_AS(model_from_json(R"({"class_name": "Dense", "config": {"units": 1}, "module": "keras.layers"})"), ValueError);
}
