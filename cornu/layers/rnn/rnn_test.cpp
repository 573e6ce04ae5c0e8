// What the recorded cases of recurrent layers cannot say: mistakes, cells of one's own, state, seeds.
#include <doctest/doctest.h>

#include "cornu/autodiff/tape.h"
#include "cornu/backend/jit.h"
#include "cornu/layers/layers.h"
#include "cornu/layers/registry.h"
#include "cornu/models/sequential.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/random/functional.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/keras_file.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/check_op.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"

using namespace cornu;

namespace {

Tensor ones(const Shape& shape) { return Tensor::full(shape, 1); }
Tensor noise(const Shape& shape, DType dtype = DType::float32) { return random::normal(random::key(1), shape, dtype); }
const ops::Index whole = ops::SliceIndex{};
std::string gap(const Tensor& a, const Tensor& b, double t = 1e-5) { return testing::difference_of_values(a, b, t); }

// Keras's example of a cell: h = x · kernel + h · recurrent_kernel.
struct MinimalConfig {
    Required<int64_t> units;
    static void describe(Schema<MinimalConfig>& s) { s.field<&MinimalConfig::units>().positive(); }
};
struct MinimalCell : CustomCell {
    using Config = MinimalConfig;
    Config config;
    Variable kernel, recurrent;
    explicit MinimalCell(Config config) : config(config) {}
    std::string class_name() const override { return "MinimalCell"; }
    Json get_config() const override { return to_json(config); }
    ShapeTree state_shapes() const override { return Shape{config.units}; }
    using CustomCell::build;
    void build(const Shape& input) override {
        kernel = add_weight({.name = "kernel", .shape = {input.back(), config.units}});
        recurrent = add_weight({.name = "recurrent_kernel", .shape = {config.units, config.units}});
    }
    Step step(const Tensor& x, const Tensors& states, const Call&) override {
        const Tensor h = ops::matmul(x, kernel) + ops::matmul(states[0], recurrent);
        return {h, {h}};
    }
};

// A cell that counts its steps, with an output that is no state and a state that is no vector.
struct CountingCell : CustomCell {
    ShapeTree state_shapes() const override { return ShapeTree::List{Shape{}, Shape{2, 2}}; }
    Shape output_shape() const override { return {1}; }
    Step step(const Tensor& x, const Tensors& states, const Call&) override {
        return {ops::reshape(states[0] * 10.0, {-1, 1}) + ops::sum(x, -1, true), {states[0] + 1.0, states[1]}};
    }
};

}  // namespace

TEST_CASE("stateful layers go on where they ended, as Keras recorded") {
    const testing::Golden golden(golden_path("recurrent.zip"));
    int checked = 0;
    for (const Json& recorded : golden.cases()) {
        if (!recorded.find("calls")) continue;
        ++checked;
        CAPTURE(recorded["name"].as_string());
        const Model model = saving::load_model(golden.file(recorded["model"]), {.compile = false});
        const auto call = [&](const Tensor& x) { return static_cast<const Layer&>(model)(Structure(x)).flatten(); };
        const auto compare = [&](const Tensors& ours, const Tensors& theirs) {
            REQUIRE(ours.size() == theirs.size());
            for (size_t i = 0; i < ours.size(); ++i) CHECK(gap(ours[i], theirs[i]) == "");
        };
        const Tensors inputs = golden.tensors(recorded["inputs"]);
        for (size_t i = 0; i < inputs.size(); ++i) compare(call(inputs[i]), golden.tensors(recorded["calls"].as_array()[i]));
        layers::reset_state(model.layers().back());
        compare(call(inputs[0]), golden.tensors(recorded["after_reset"]));
    }
    CHECK(checked > 0);
}

TEST_CASE("mistakes are named") {
    CHECK_THROWS_WITH_AS(layers::LSTM({.units = 0}), doctest::Contains("Received: units=0"), ValueError);
    const layers::LSTM lstm({.units = 2, .name = "memory"});
    CHECK_THROWS_WITH_AS(lstm(ones({2, 3})), doctest::Contains("'memory' is incompatible with the layer: expected ndim=3, found ndim=2"), ShapeError);
    CHECK_THROWS_WITH_AS(lstm(ones({2, 0, 3})), doctest::Contains("at least one time step"), ShapeError);
    const Tensor x = ones({2, 4, 3});
    CHECK_THROWS_WITH_AS(lstm(x, {.initial_state = Structure(ones({2, 2}))}), doctest::Contains("of shapes [(2, 2), (2, 2)]. Received: shapes [(2, 2)]"), ShapeError);
    CHECK_THROWS_WITH_AS(lstm(x, {.initial_state = Structure(Tensors{ones({2, 2}), ones({2, 5})})}), doctest::Contains("Received: shapes [(2, 2), (2, 5)]"), ShapeError);
    CHECK_THROWS_WITH_AS(lstm(x, {.mask = Tensor::full({2, 5}, 1, DType::bool_)}), doctest::Contains("Received: shape (2, 5)"), ShapeError);
    CHECK_THROWS_WITH_AS(lstm(x, {.mask = Tensor::full({2}, 1, DType::bool_)}), doctest::Contains("Received: shape (2,)"), ShapeError);
    CHECK(lstm(x).shape() == Shape{2, 2});   // no mistake leaves anything behind

    CHECK_THROWS_WITH_AS(layers::GRU({.units = 2, .stateful = true})(Input({.shape = {4, 3}})), doctest::Contains("the batch size must be static"), ValueError);
    const layers::GRU stateful({.units = 2, .stateful = true});
    stateful(x);
    CHECK_THROWS_WITH_AS(stateful(ones({3, 4, 3})), doctest::Contains("Expected batch size: 2. Received: batch size 3"), ValueError);
    CHECK_THROWS_WITH_AS(layers::SimpleRNN({.units = 2, .unroll = true})(Input({.shape = {None, 3}})), doctest::Contains("Cannot unroll a RNN if the time dimension is undefined"), ValueError);

    CHECK_THROWS_WITH_AS(layers::RNN({.cell = layers::Dense({.units = 2})}), doctest::Contains("must be a layer that derives from CustomCell. Received: Dense"), ValueError);
    CHECK_THROWS_WITH_AS(layers::StackedRNNCells({.cells = std::vector<Layer>{}}), doctest::Contains("at least one cell"), ValueError);
    CHECK_THROWS_WITH_AS(layers::LSTMCell({.units = 2})(Structure(Tensors{ones({2, 3}), ones({2, 2})})), doctest::Contains("LSTMCell has 2 states. Received: 1"), ValueError);
    CHECK_THROWS_WITH_AS(layers::Bidirectional({.layer = layers::Dense({.units = 2})}), doctest::Contains("`layer` must be a recurrent layer"), ValueError);
    CHECK_THROWS_WITH_AS(layers::Bidirectional({.layer = lstm, .merge_mode = "max"}), doctest::Contains("Received: merge_mode=\"max\""), ValueError);
    CHECK_THROWS_WITH_AS(layers::Bidirectional({.layer = lstm, .backward_layer = layers::LSTM({.units = 2})}), doctest::Contains("different `go_backwards` value"), ValueError);
    CHECK_THROWS_WITH_AS(layers::Bidirectional({.layer = lstm, .backward_layer = layers::LSTM({.units = 2, .return_state = true, .go_backwards = true})}),
                         doctest::Contains("same value for attribute \"return_state\""), ValueError);
    CHECK_THROWS_WITH_AS(layers::Bidirectional({.layer = lstm}).reset_state(), doctest::Contains("must be stateful"), ValueError);
    const layers::TimeDistributed each({.layer = layers::Dense({.units = 2})});
    CHECK_THROWS_WITH_AS(each(ones({2, 3})), doctest::Contains("at least 3 dimensions"), ShapeError);
    CHECK_THROWS_WITH_AS(each(x, {.mask = Tensor::full({2, 5}, 1, DType::bool_)}), doctest::Contains("incompatible with the input shape (2, 4, 3)"), ShapeError);
    CHECK_THROWS_WITH_AS(layers::ConvLSTM1D({.filters = 2, .kernel_size = 3})(Input({.shape = {4, None, 3}})), doctest::Contains("only support static input shapes"), ShapeError);
    CHECK_THROWS_WITH_AS(layers::ConvLSTM1D({.filters = 2, .kernel_size = 7})(ones({1, 2, 5, 1})), doctest::Contains("does not fit into the input"), ShapeError);
}

TEST_CASE("derivatives of first and second order through time") {
    const Tensor x = noise({2, 3, 2}, DType::float64), h = noise({2, 2}, DType::float64);
    const Tensor mask = Tensor::from(std::vector<bool>{true, true, false, true, false, true}, {2, 3});
    const auto check = [&](const Layer& layer, size_t states) {
        return testing::check_gradients([&](const Tensors& in) {
            const Tensors given(in.begin() + 1, in.end());
            return layer(Structure(in[0]), {.mask = mask, .initial_state = Structure(given)}).flatten();
        }, states == 2 ? Tensors{x, h, h.with_new_identity()} : Tensors{x, h});
    };
    CHECK(check(layers::SimpleRNN({.units = 2, .return_state = true, .dtype = "float64"}), 1) == "");
    CHECK(check(layers::LSTM({.units = 2, .return_sequences = true, .return_state = true, .dtype = "float64"}), 2) == "");
    CHECK(check(layers::LSTM({.units = 2, .go_backwards = true, .dtype = "float64"}), 2) == "");
    CHECK(check(layers::GRU({.units = 2, .return_sequences = true, .dtype = "float64"}), 1) == "");
    CHECK(check(layers::GRU({.units = 2, .reset_after = false, .dtype = "float64"}), 1) == "");
}

TEST_CASE("compiled, unrolled and step by step are the same") {
    const Tensor x = noise({2, 5, 3});
    const Tensor mask = Tensor::from(std::vector<bool>{true, true, false, true, true, true, false, true, true, false}, {2, 5});
    const layers::GRU gru({.units = 4});
    const Tensor eager = gru(x, {.mask = mask});
    CHECK(gap(jit([&](const Tensor& in) { return gru(in, {.mask = mask}); })(x), eager, 1e-6) == "");

    const layers::LSTM lstm({.units = 4, .return_sequences = true}), unrolled({.units = 4, .return_sequences = true, .unroll = true});
    unrolled(x);
    const Tensor loop = lstm(x);
    unrolled.set_weights(lstm.get_weights());
    CHECK(gap(unrolled(x), loop, 1e-6) == "");

    // Keras calls cells as cell(inputs, states).
    const Tensor one = Input({.shape = {3}}), h = Input({.shape = {4}}), c = Input({.shape = {4}});
    for (const Structure& called : {Structure(Tensors{one, h, c}), Structure(Structure::List{one, Structure(Tensors{h, c})})}) {
        const Model model(Tensors{one, h, c}, layers::LSTMCell({.units = 4})(called).flatten());
        const Json json = Json::parse(model.to_json());
        for (const Json& layer : json["config"]["layers"].as_array())
            if (layer["class_name"] == Json("LSTMCell")) {
                const Json& args = layer["inbound_nodes"][0]["args"];
                CHECK(args.size() == 2);
                CHECK(args[1].size() == 2);
            }
        CHECK(model_from_json(model.to_json()).to_json() == model.to_json());
    }

    const Layer cell = lstm.impl().children()[0].layer;
    Tensors states{Tensor::full({2, 4}, 0), Tensor::full({2, 4}, 0)};
    for (int64_t i = 0; i < 5; ++i) {
        const Tensors out = cell(Structure(Tensors{ops::get_item(x, {whole, i}), states[0], states[1]})).flatten();
        CHECK(gap(out[0], ops::get_item(loop, {whole, i}), 1e-6) == "");
        states = {out[1], out[2]};
    }
}

TEST_CASE("state goes on inside compiled code too") {
    const Tensor x = noise({2, 5, 3});
    const layers::GRU plain({.units = 4, .return_state = true}), stateful({.units = 4, .stateful = true});
    stateful(x);
    plain(Structure(x));
    plain.set_weights(stateful.get_weights());
    const Tensors first = plain(Structure(x)).flatten(), second = plain(Structure(x), {.initial_state = first[1]}).flatten();
    stateful.reset_state();
    const auto step = jit([&](const Tensor& in) { return stateful(in); });
    CHECK(gap(step(x), first[0]) == "");
    CHECK(gap(step(x), second[0]) == "");
    CHECK(gap(stateful.states()[0].value(), second[0]) == "");
    stateful.reset_state();
    CHECK(gap(step(x), first[0]) == "");
    CHECK(stateful.weights().size() == 3);   // the state is none
}

TEST_CASE("a cell of one's own") {
    Context context;
    const Context::Use use(context);
    layers::register_layer<MinimalCell>("test>MinimalCell");
    const Tensor x = noise({2, 4, 3});
    const layers::RNN rnn({.cell = layer<MinimalCell>(MinimalConfig{2}), .return_sequences = true, .return_state = true});
    const Tensors out = rnn(Structure(x)).flatten();
    REQUIRE(out.size() == 2);
    const Tensor kernel = rnn.weights()[0].value(), recurrent = rnn.weights()[1].value();
    CHECK(rnn.weights()[0].path() == "rnn/minimal_cell/kernel");
    Tensor h = Tensor::full({2, 2}, 0);
    for (int64_t i = 0; i < 4; ++i) {
        h = ops::matmul(ops::get_item(x, {whole, i}), kernel) + ops::matmul(h, recurrent);
        CHECK(gap(ops::get_item(out[0], {whole, i}), h) == "");
    }
    CHECK(gap(out[1], h) == "");

    const auto last = [&](const Tensor& in) { return ops::sum(ops::square(rnn(Structure(in)).flatten()[1])); };
    const auto [loss, gradients] = value_and_grad([&] { return last(x); }, rnn.trainable_weights());
    CHECK(gap(jit([&](const Tensor& in) { return value_and_grad([&] { return last(in); }, rnn.trainable_weights()).second[1]; })(x), gradients[1]) == "");

    const Layer again = layers::deserialize(layers::serialize(rnn));
    again(Structure(x));
    again.set_weights(rnn.get_weights());
    CHECK(gap(again(Structure(x)).flatten()[0], out[0], 1e-6) == "");

    const layers::RNN stacked({.cell = layers::StackedRNNCells({.cells = {layer<MinimalCell>(MinimalConfig{2}), layers::GRUCell({.units = 5})}})});
    CHECK(stacked(Input({.shape = {None, 3}})).shape() == Shape{None, 5});
    CHECK(layers::Bidirectional({.layer = stacked})(x).shape() == Shape{2, 10});

    const layers::RNN counter({.cell = layer<CountingCell>()});
    CHECK(counter(Input({.shape = {None, 3}})).shape() == Shape{None, 1});
    CHECK(counter(ones({2, 4, 3})).to_vector<float>() == std::vector<float>{33, 33});
    CHECK(layers::RNN({.cell = layer<CountingCell>(), .go_backwards = true})(ones({2, 4, 3})).to_vector<float>() == std::vector<float>{33, 33});
}

TEST_CASE("a layer of one's own with a recurrent layer in it has shapes of its own") {
    struct Reader : CustomLayer {
        layers::Bidirectional both{{.layer = layers::LSTM({.units = 3, .return_sequences = true})}};
        layers::TimeDistributed each{{.layer = layers::Dense({.units = 2})}};
        layers::ConvLSTM1D conv{{.filters = 2, .kernel_size = 2}};
        Structure call(const Structure& in, const Call& call) override {
            const Tensors x = in.flatten();
            return Structure(Tensors{each(both(x[0], call), call), conv(x[1], call)});
        }
    };
    const Layer reader = layer<Reader>();
    const Tensors out = reader(Structure(Tensors{Input({.shape = {None, 4}}), Input({.shape = {None, 5, 1}})})).flatten();
    CHECK(out[0].shape() == Shape{None, None, 2});
    CHECK(out[1].shape() == Shape{None, 4, 2});
}

TEST_CASE("a model at every time step") {
    const Layer frames = Sequential({layers::Input({.shape = {4, 4, 1}}), layers::Conv2D({.filters = 2, .kernel_size = 3}), layers::Flatten()});
    const layers::TimeDistributed each({.layer = frames});
    const Tensor x = noise({2, 3, 4, 4, 1});
    const Tensor y = each(x);
    CHECK(y.shape() == Shape{2, 3, 8});
    CHECK(gap(ops::get_item(y, {whole, 1}), frames(ops::get_item(x, {whole, 1}))) == "");
    const Layer again = layers::deserialize(layers::serialize(each));
    again(x);
    again.set_weights(each.get_weights());
    CHECK(gap(again(x), y, 1e-6) == "");
}

TEST_CASE("as many seeds are drawn as in Keras") {
    const auto draws = [](const std::function<void()>& construct) {
        Context context;
        const Context::Use use(context);
        random::set_random_seed(7);
        construct();
        const int64_t next = random::make_default_seed();
        random::set_random_seed(7);
        for (int n = 0; n < 30; ++n)
            if (random::make_default_seed() == next) return n;
        return -1;
    };
    CHECK(draws([] { layers::LSTM({.units = 2}); }) == 3);
    CHECK(draws([] { layers::GRU({.units = 2, .seed = 1}); }) == 2);
    CHECK(draws([] { layers::Bidirectional({.layer = layers::LSTM({.units = 2})}); }) == 9);
    CHECK(draws([] { layers::deserialize(layers::serialize(layers::Bidirectional({.layer = layers::LSTM({.units = 2})}))); }) == 18);
    CHECK(draws([] { layers::ConvLSTM2D({.filters = 2, .kernel_size = 3}); }) == 3);
}

TEST_CASE("the mask reaches what follows, with the output's length") {
    const layers::Masking masking;
    const Tensor x = masking(ones({2, 3, 2}));
    CHECK(layers::LSTM({.units = 2, .return_sequences = true})(x).mask().defined());
    CHECK_FALSE(layers::LSTM({.units = 2})(x).mask().defined());
    const Tensors out = layers::GRU({.units = 2, .return_sequences = true, .return_state = true})(Structure(x)).flatten();
    CHECK(out[0].mask().defined());
    CHECK_FALSE(out[1].mask().defined());
    CHECK(layers::Bidirectional({.layer = layers::LSTM({.units = 2, .return_sequences = true})})(x).mask().defined());
}
