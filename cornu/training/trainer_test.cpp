#include "cornu/training/trainer.h"

#include <doctest/doctest.h>

#include <csignal>

#include "cornu/layers/layers.h"
#include "cornu/dtype_policies/dtype_policy.h"
#include "cornu/losses/probabilistic.h"
#include "cornu/losses/registry.h"
#include "cornu/metrics/accuracy.h"
#include "cornu/metrics/reduction.h"
#include "cornu/models/model.h"
#include "cornu/data/arrays.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/autodiff/tape.h"
#include "cornu/optimizers/adam.h"
#include "cornu/optimizers/loss_scale_optimizer.h"
#include "cornu/optimizers/sgd.h"
#include "cornu/random/seed_generator.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/near.h"
#include "tests/messages.h"

using namespace cornu;
using cornu::testing::difference;

namespace {

FitOptions quiet(FitOptions o) {
    o.verbose = Verbose::silent;
    return o;
}

// Points in the plane; the class is the quadrant.
struct Points {
    Tensor x, y;
    explicit Points(int64_t n) {
        random::NumpyRandom rng(5);
        std::vector<float> at;
        std::vector<int32_t> quadrant;
        for (int64_t i = 0; i < n; ++i) {
            const double a = rng.uniform(-1, 1), b = rng.uniform(-1, 1);
            at.push_back(static_cast<float>(a));
            at.push_back(static_cast<float>(b));
            quadrant.push_back((a > 0) + 2 * (b > 0));
        }
        x = Tensor::from(at, {n, 2});
        y = Tensor::from(quadrant);
    }
};

Model small_model() {
    return Sequential({layers::Input({.shape = {2}}), layers::Dense({.units = 16, .activation = "relu"}),
                       layers::Dense({.units = 4, .activation = "softmax"})});
}
Model compiled_model() {
    Model model = small_model();
    model.compile({.optimizer = optimizers::Adam({.learning_rate = 0.02}), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
    return model;
}

struct Recorder : CustomCallback {
    std::vector<std::string> heard;
    bool batch_logs = false;
    std::vector<double> losses;
    void on_train_begin(const Logs&) override { heard.push_back("train_begin"); }
    void on_train_end(const Logs&) override { heard.push_back("train_end"); }
    void on_epoch_begin(int64_t e, const Logs&) override { heard.push_back(str("epoch_begin ", e)); }
    void on_epoch_end(int64_t e, const Logs& logs) override {
        std::string names;
        for (const auto& [name, value] : logs) names += " " + name;
        heard.push_back(str("epoch_end ", e, names));
    }
    void on_train_batch_begin(int64_t b, const Logs&) override { heard.push_back(str("batch_begin ", b)); }
    void on_train_batch_end(int64_t b, const Logs& logs) override {
        heard.push_back(str("batch_end ", b));
        if (batch_logs) losses.push_back(logs["loss"]);
    }
    void on_test_begin(const Logs&) override { heard.push_back("test_begin"); }
    void on_test_end(const Logs&) override { heard.push_back("test_end"); }
    bool wants_batch_logs() const override { return batch_logs; }
};

}  // namespace

TEST_CASE("fit learns, evaluate and predict agree with it") {
    Context context;
    const Context::Use use(context);
    random::set_random_seed(1);
    const Points data(200);
    const Model model = compiled_model();
    const History history = model.fit(data.x, data.y, quiet({.epochs = 30, .validation_split = 0.2}));
    CHECK(history.epoch.size() == 30);
    REQUIRE(history.history.size() == 4);
    CHECK(history.history[0].first == "accuracy");
    CHECK(history.history[3].first == "val_loss");
    CHECK(history["loss"].back() < history["loss"].front());
    CHECK(history["val_accuracy"].back() > 0.85);

    const Logs logs = model.evaluate(data.x, data.y, {.verbose = Verbose::silent});
    const Tensor p = model.predict(data.x, {.batch_size = 64, .verbose = Verbose::silent});
    REQUIRE(p.shape() == Shape{200, 4});
    const double right = ops::mean(metrics::sparse_categorical_accuracy(data.y, p)).item<double>();
    CHECK(logs["accuracy"] == doctest::Approx(right));
    CHECK(logs["loss"] == doctest::Approx(Loss("sparse_categorical_crossentropy")(data.y, p).item<double>()).epsilon(1e-4));
    // In one batch, in several, and one by one the rows are the same.
    CHECK(difference(model.predict(data.x, {.batch_size = 200}), p, 1e-5) == "");
    const Structure some = model.predict_on_batch(cornu::data::slice_rows(data.x, 0, 1));
    CHECK(difference(some.leaf(), cornu::data::slice_rows(p, 0, 1), 1e-5) == "");
}

TEST_CASE("line by line and compiled are the same") {
    const Points data(40);
    std::vector<std::vector<double>> losses;
    for (const bool eagerly : {false, true}) {
        Context context;
        const Context::Use use(context);
        random::set_random_seed(2);
        const Model model = small_model();
        model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}, .run_eagerly = eagerly});
        losses.push_back(model.fit(data.x, data.y, quiet({.batch_size = 16, .epochs = 3}))["loss"]);
        losses.push_back({model.evaluate(data.x, data.y, {.verbose = Verbose::silent})["loss"]});
    }
    for (size_t i = 0; i < 3; ++i) CHECK(losses[0][i] == doctest::Approx(losses[2][i]).epsilon(1e-5));
    CHECK(losses[1][0] == doctest::Approx(losses[3][0]).epsilon(1e-5));
}

TEST_CASE("callbacks hear the stages in Keras's order; the logs they see") {
    Context context;
    const Context::Use use(context);
    const Points data(20);
    const auto recorder = std::make_shared<Recorder>();
    recorder->batch_logs = true;
    const Model model = compiled_model();
    model.fit(data.x, data.y, quiet({.batch_size = 16, .epochs = 1, .callbacks = {Callback(recorder)}, .validation_data = Data(data.x, data.y)}));
    CHECK(recorder->heard == std::vector<std::string>{"train_begin", "epoch_begin 0", "batch_begin 0", "batch_end 0", "batch_begin 1", "batch_end 1",
                                                      "test_begin", "test_end", "epoch_end 0 accuracy loss val_accuracy val_loss", "train_end"});
    CHECK(recorder->losses.size() == 2);
    CHECK_THROWS_AS(recorder->model(), ValueError);
}

TEST_CASE("training can be stopped, by a callback or a signal handler") {
    struct StopAt : CustomCallback {
        int64_t batch;
        explicit StopAt(int64_t batch) : batch(batch) {}
        void on_train_batch_end(int64_t b, const Logs&) override { if (b == batch) model().stop_training(); }
    };
    const Points data(64);
    const Model model = compiled_model();
    const History history = model.fit(data.x, data.y, quiet({.batch_size = 8, .epochs = 5, .callbacks = {callback<StopAt>(2)}}));
    CHECK(history.epoch.size() == 1);
    CHECK(model.optimizer().impl().iterations().item<int>() == 3);
    CHECK(model.fit(data.x, data.y, quiet({.batch_size = 8, .epochs = 2})).epoch.size() == 2);
}

TEST_CASE("several outputs: losses and metrics by name, weights, names of figures") {
    const Tensor in = Input({.shape = {2}});
    const Tensor shared = layers::Dense({.units = 8, .activation = "tanh"})(in);
    const Tensor urgent = layers::Dense({.units = 1, .activation = "sigmoid", .name = "urgent"})(shared);
    const Tensor group = layers::Dense({.units = 4, .name = "group"})(shared);
    const Model model(in, {urgent, group});
    model.compile({.optimizer = "sgd",
                   .loss = {{"urgent", "binary_crossentropy"}, {"group", losses::SparseCategoricalCrossentropy({.from_logits = true})}},
                   .loss_weights = {{"urgent", 1.0}, {"group", 0.5}},
                   .metrics = {{"urgent", {"accuracy", "mse"}}, {"group", "accuracy"}}});
    const Points data(32);
    const Tensor bit = ops::reshape(ops::cast(ops::greater(data.y, 1), DType::float32), {32, 1});
    const History history = model.fit(data.x, {bit, data.y}, quiet({.epochs = 2}));
    std::string names;
    for (const auto& [name, values] : history.history) names += name + " ";
    CHECK(names == "group_accuracy group_loss loss urgent_accuracy urgent_loss urgent_mse ");
    CHECK(history["loss"][0] == doctest::Approx(history["urgent_loss"][0] + 0.5 * history["group_loss"][0]).epsilon(1e-5));
    // Targets by name do as well.
    const Structure named = Structure::Dict{{"urgent", bit}, {"group", data.y}};
    CHECK(model.evaluate(data.x, named, {.verbose = Verbose::silent})["loss"] ==
          doctest::Approx(model.evaluate(data.x, {bit, data.y}, {.verbose = Verbose::silent})["loss"]));
    const Structure both = model.predict(Structure(data.x), {.batch_size = 8, .verbose = Verbose::silent});
    CHECK(both.list()[1].leaf().shape() == Shape{32, 4});

    CHECK(says(message_of([&] { model.fit(data.x, data.y, quiet({})); }), "y must have one array per output"));
    model.compile({.loss = {{"nobody", "mse"}}});
    CHECK(says(message_of([&] { model.fit(data.x, {bit, data.y}, quiet({})); }), "\"nobody\""));
    model.compile({.loss = {"mse", "mse", "mse"}});
    CHECK(says(message_of([&] { model.fit(data.x, {bit, data.y}, quiet({})); }), "one entry per output"));
    model.compile({.loss = {"binary_crossentropy", losses::SparseCategoricalCrossentropy({.from_logits = true})}});
    CHECK(model.fit(data.x, {bit, data.y}, quiet({.epochs = 1})).contains("urgent_loss"));
}

TEST_CASE("sample weights, class weights, weighted metrics") {
    const Points data(24);
    std::vector<float> ones(24, 1.0f), twos(24, 2.0f);
    const Model model = small_model();
    model.compile({.optimizer = optimizers::SGD({.learning_rate = 0.0}), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}, .weighted_metrics = {"accuracy"}});
    const auto loss = [&](FitOptions o) { return model.fit(data.x, data.y, quiet(std::move(o)))["loss"][0]; };
    const double plain = loss({});
    CHECK(loss({.sample_weight = Tensor::from(twos)}) == doctest::Approx(2 * plain).epsilon(1e-5));
    CHECK(loss({.class_weight = {{0, 3.0}, {1, 3.0}, {2, 3.0}, {3, 3.0}}}) == doctest::Approx(3 * plain).epsilon(1e-5));
    std::vector<float> first(24, 0.0f);
    first[0] = 1;
    const History history = model.fit(data.x, data.y, quiet({.sample_weight = Tensor::from(first)}));
    CHECK(history.contains("weighted_accuracy"));
    const double only = history["weighted_accuracy"][0];
    CHECK((only == 0.0 || only == 1.0));
    CHECK(says(message_of([&] { loss({.class_weight = {{0, 1.0}}, .sample_weight = Tensor::from(ones)}); }), "cannot both be given"));
}

TEST_CASE("data that does not fit is refused by name") {
    const Points data(16);
    const Model model = compiled_model();
    const auto fit = [&](const Structure& x, const Structure& y, FitOptions o = {}) { return message_of([&] { model.fit(x, y, quiet(std::move(o))); }); };
    CHECK(says(message_of([&] { small_model().fit(data.x, data.y, quiet({})); }), "fit: call compile()"));
    CHECK(says(message_of([&] { small_model().evaluate(data.x, data.y); }), "evaluate: call compile()"));
    CHECK(says(fit(data.x, Points(15).y), "same number of samples"));
    CHECK(says(fit(data.x, data.y, {.batch_size = 0}), "batch_size=0"));
    CHECK(says(fit(data.x, data.y, {.epochs = -1}), "epochs=-1"));
    CHECK(says(fit(data.x, data.y, {.validation_split = 1.0}), "validation_split=1"));
    CHECK(says(fit(Tensor::full({0, 2}, 0), Tensor::full({0}, 0)), "at least one sample"));
    CHECK(says(fit(Tensor(), data.y), "at least one array"));
    CHECK(says(fit(data.x, Tensor()), "needs targets y"));
    std::vector<int32_t> labels = data.y.to_vector<int32_t>();
    labels[3] = 4;
    CHECK(says(fit(data.x, Tensor::from(labels)), "class indices in [0, 4)"));
    std::vector<float> broken(16, 0.0f);
    broken[7] = NAN;
    CHECK(says(fit(data.x, Tensor::from(broken)), "NaN at element 7"));
    CHECK(says(fit(Tensor::full({16, 3}, 0), data.y), "found shape=(16, 3)"));
    CHECK(!fit(Tensor::full({16, 2, 2}, 0), data.y).empty());
    CHECK(!fit(Tensor::strings(std::vector<std::string>(16, "a"), {16}), data.y).empty());
    // After all that it still trains.
    CHECK(fit(data.x, data.y) == "");
    labels[3] = 9;
    CHECK(says(fit(data.x, Tensor::from(labels)), "Received: 9 at element 3"));
    CHECK(says(message_of([&] { model.evaluate(data.x, Tensor::from(labels), {.verbose = Verbose::silent}); }), "Received: 9"));
    CHECK(says(message_of([&] { model.predict(Tensor::full({0, 2}, 0)); }), "at least one sample"));
    CHECK(says(message_of([&] { model.fit(Dataset::from_tensor_slices(data.x, Tensor::from(labels)).batch(8), quiet({})); }), "class indices"));
}

TEST_CASE("a train_step of one's own, and own loops by tape") {
    struct Scaled : CustomModel {
        Layer dense = layers::Dense({.units = 1, .kernel_initializer = "ones"});
        Tensor call(const Tensor& x, const Call& call) override { return dense(x, call); }
        Logs train_step(const Batch& batch) override {
            GradientTape tape;
            const Structure y_pred = invoke(batch.x, {.training = true});
            const Tensor loss = compute_loss(batch.x, batch.y, y_pred, batch.sample_weight) * 10.0;
            const Variables trained = layer().trainable_weights();
            optimizer().apply_gradients(tape.gradient(loss, trained), trained);
            return {{"my_loss", loss}};
        }
    };
    const Model model = cornu::model<Scaled>();
    model.compile({.optimizer = optimizers::SGD({.learning_rate = 0.01}), .loss = "mse"});
    const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, 4}, {4, 1}), y = Tensor::from(std::vector<float>{2, 4, 6, 8}, {4, 1});
    const History history = model.fit(x, y, quiet({.epochs = 2, .shuffle = false}));
    REQUIRE(history.history.size() == 1);
    CHECK(history["my_loss"][0] == doctest::Approx(75));
    CHECK(history["my_loss"][1] < 75);
}

TEST_CASE("one batch at a time") {
    const Points data(16);
    const Model model = compiled_model();
    const Logs logs = model.train_on_batch(data.x, data.y);
    CHECK(logs.contains("accuracy"));
    CHECK(model.train_on_batch(data.x, data.y)["loss"] < logs["loss"]);
    CHECK(model.test_on_batch(data.x, data.y).contains("loss"));
    CHECK(says(message_of([&] { model.train_on_batch(data.x, Points(3).y); }), "train_on_batch: all arrays"));
}

TEST_CASE("one batch with class weights") {
    const Points data(12);
    const Model model = small_model();
    model.compile({.optimizer = optimizers::SGD({.learning_rate = 0.0}), .loss = "sparse_categorical_crossentropy"});
    const double plain = model.train_on_batch(data.x, data.y)["loss"];
    CHECK(model.train_on_batch(data.x, data.y, {}, {{0, 3.0}, {1, 3.0}, {2, 3.0}, {3, 3.0}})["loss"] == doctest::Approx(3 * plain).epsilon(1e-5));
    std::vector<float> weights;
    for (const int label : data.y.to_vector<int>()) weights.push_back(label == 2 ? 0.5f : 1.0f);
    CHECK(model.train_on_batch(data.x, data.y, {}, {{2, 0.5}})["loss"] == model.train_on_batch(data.x, data.y, Tensor::from(weights))["loss"]);
    CHECK(says(message_of([&] { model.train_on_batch(data.x, data.y, Tensor::from(weights), {{2, 0.5}}); }), "cannot both be given"));
    CHECK(says(message_of([&] { model.train_on_batch(data.x, {}, {}, {{2, 0.5}}); }), "needs targets y"));
}

TEST_CASE("what is trained is settled by compile") {
    for (const bool eagerly : {false, true}) {
        const Model model = small_model();
        const Points data(16);
        const auto compile = [&] { model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy", .run_eagerly = eagerly}); };
        const Layer first = model.layers()[0], second = model.layers()[1];
        const auto changes = [&](const Layer& layer) {
            const Tensor before = layer.get_weights()[0].with_new_identity();
            model.fit(data.x, data.y, quiet({.epochs = 1}));
            return difference(layer.get_weights()[0], before, 0) != "";
        };
        compile();
        first.set_trainable(false);   // no step was taken yet
        CHECK_FALSE(changes(first));
        CHECK(changes(second));
        CHECK(model.optimizer().variables().size() == 2 + 2 * 2);
        first.set_trainable(true);
        CHECK(says(message_of([&] { model.fit(data.x, data.y, quiet({})); }), "Call compile() again. Received: 4 trainable weights, before that 2"));
        CHECK(says(message_of([&] { model.train_on_batch(data.x, data.y); }), "train_on_batch: the weights"));
        CHECK(model.evaluate(data.x, data.y, {.verbose = Verbose::silent}).contains("loss"));
        compile();
        CHECK(changes(first));
        CHECK(changes(second));
    }
}

namespace {
// Passes on what it gets, and tells of it: a loss, and a figure with a metric of its own.
struct Watch : CustomLayer {
    double weight;
    Metric largest = metrics::Mean({.name = "largest"});
    explicit Watch(double weight) : weight(weight) { track_metric(largest); }
    Tensor call(const Tensor& x, const Call&) override {
        add_loss(ops::mean(ops::square(x)) * weight);
        largest.update_state(ops::amax(ops::abs(x)));
        return x;
    }
};
}  // namespace

TEST_CASE("losses and metrics that layers bring along count, however deep they are") {
    const Tensor x = Tensor::from(std::vector<float>{1, -4, 2, 3}, {4, 1}), y = Tensor::full({4, 1}, 0);
    for (const bool eagerly : {false, true}) {
        const Sequential inner({layers::Input({.shape = {1}}), layer<Watch>(0.5)});
        const Tensor in = Input({.shape = {1}});
        const Model model(in, layers::Dense({.units = 1, .kernel_initializer = "zeros"})(inner(in)));
        model.compile({.optimizer = optimizers::SGD({.learning_rate = 0.0}), .loss = "mse", .metrics = {"mae"}, .run_eagerly = eagerly});
        const History history = model.fit(x, y, quiet({.batch_size = 2, .epochs = 2, .validation_data = Data(x * 2.0, y), .shuffle = false}));
        std::string names;
        for (const auto& [name, values] : history.history) names += name + " ";
        CHECK(names == "largest loss mae val_largest val_loss val_mae ");
        // Batches {1, -4} and {2, 3}; each epoch counts anew.
        CHECK(history["loss"][1] == doctest::Approx(0.5 * (17.0 / 2 + 13.0 / 2) / 2));
        CHECK(history["largest"] == std::vector<double>{3.5, 3.5});
        CHECK(history["val_largest"][1] == 7);   // {2, -8} and {4, 6}
        CHECK(model.evaluate(x, y, {.batch_size = 2, .verbose = Verbose::silent})["largest"] == 3.5);
        CHECK(model.train_on_batch(x, y)["largest"] == 4);
        CHECK(model.weights().size() == 2);   // what a metric has counted is no weight
    }
    struct Named : Watch {
        Named() : Watch(1) { track_metric("accuracy"); }
    };
    CHECK(says(message_of([&] { layer<Named>(); }), "track_metric: a metric object is needed"));
}

TEST_CASE("datasets, steps, several steps an execution") {
    const Points data(40);
    const Model model = compiled_model();
    const Dataset batches = Dataset::from_tensor_slices(data.x, data.y).shuffle(40, 1).batch(8);
    CHECK(model.fit(batches, quiet({.epochs = 2}))["loss"].size() == 2);
    CHECK(model.optimizer().impl().iterations().item<int>() == 10);
    model.fit(batches.repeat(), quiet({.epochs = 1, .steps_per_epoch = 7}));
    CHECK(model.optimizer().impl().iterations().item<int>() == 17);
    model.fit(data.x, data.y, quiet({.batch_size = 8, .epochs = 2, .steps_per_epoch = 3}));
    CHECK(model.optimizer().impl().iterations().item<int>() == 23);
    CHECK(model.evaluate(batches, {.verbose = Verbose::silent}).contains("loss"));

    const auto recorder = std::make_shared<Recorder>();
    model.compile({.optimizer = "sgd", .loss = "sparse_categorical_crossentropy", .steps_per_execution = 2});
    model.fit(data.x, data.y, quiet({.batch_size = 8, .callbacks = {Callback(recorder)}}));
    CHECK(recorder->heard == std::vector<std::string>{"train_begin", "epoch_begin 0", "batch_begin 0", "batch_end 1", "batch_begin 2", "batch_end 3",
                                                      "batch_begin 4", "batch_end 4", "epoch_end 0 loss", "train_end"});
}

TEST_CASE("predict of a shape seen before takes the short way, and sees new weights") {
    const Model model = small_model();
    const Tensor x = Tensor::from(std::vector<float>{0.5f, -1}, {1, 2});
    const Tensor first = model.predict(x), second = model.predict(x);
    CHECK(difference(first, second, 0) == "");
    CHECK(first.raw() != second.raw());
    Tensors weights = model.get_weights();
    for (Tensor& w : weights) w = ops::cast(Tensor::full(w.shape(), 0), w.dtype());
    model.set_weights(weights);
    CHECK(model.predict(x).to_vector<float>() == std::vector<float>(4, 0.25f));
    CHECK(model.predict(Tensor::full({3, 2}, 1)).shape() == Shape{3, 4});
    CHECK(model.predict(x).to_vector<float>() == std::vector<float>(4, 0.25f));
    CHECK(first.to_vector<float>() != std::vector<float>(4, 0.25f));
}

TEST_CASE("compile config both ways") {
    Context context;
    const Context::Use use(context);
    const Model model = compiled_model();
    const Json config = model.model_impl().get_compile_config();
    CHECK(config["loss"] == Json("sparse_categorical_crossentropy"));
    CHECK(config["metrics"] == Json::array({"accuracy"}));
    CHECK(config["optimizer"]["class_name"] == Json("Adam"));
    const Model again = small_model();
    again.compile(read_compile_config(config));
    CHECK(again.model_impl().get_compile_config() == config);
    CHECK(small_model().model_impl().get_compile_config().is_null());
}

TEST_CASE("with mixed_float16 the loss is scaled, as in Keras") {
    Context context;
    const Context::Use use(context);
    config::set_dtype_policy("mixed_float16");
    random::set_random_seed(1);
    const Points data(64);
    Model model = small_model();
    model.compile({.optimizer = optimizers::Adam({.learning_rate = 0.02}), .loss = "sparse_categorical_crossentropy"});
    CHECK(model.optimizer().impl().class_name() == "LossScaleOptimizer");
    CHECK(model.model_impl().get_compile_config()["optimizer"]["class_name"] == Json("Adam"));
    const History history = model.fit(data.x, data.y, quiet({.epochs = 5}));
    CHECK(history["loss"].back() < history["loss"].front());
    CHECK(model.optimizer().impl().iterations().item<int>() == 10);

    model.compile({.optimizer = optimizers::LossScaleOptimizer({.inner_optimizer = "sgd", .initial_scale = 2}), .loss = "sparse_categorical_crossentropy"});
    CHECK(model.model_impl().get_compile_config()["optimizer"]["config"]["initial_scale"] == Json(2.0));
    model.compile({.optimizer = "sgd", .loss = "sparse_categorical_crossentropy", .auto_scale_loss = false});
    CHECK(model.optimizer().impl().class_name() == "SGD");
}

namespace {
Tensor distance(const Tensor& y_true, const Tensor& y_pred) { return ops::mean(ops::abs(y_true - y_pred), -1); }
}  // namespace

TEST_CASE("a plain function is a loss and a metric") {
    Context context;
    const Context::Use use(context);
    losses::register_function("mine>distance", distance);
    const Tensor x = Tensor::full({8, 2}, 1), y = Tensor::full({8, 1}, 3);
    Model model = Sequential({layers::Input({.shape = {2}}), layers::Dense({.units = 1})});
    model.compile({.optimizer = "sgd", .loss = distance, .metrics = {distance, "mae"}});
    const Logs logs = model.evaluate(x, y, {.verbose = Verbose::silent});
    CHECK(logs["distance"] == doctest::Approx(logs["mae"]));
    CHECK(logs["loss"] == doctest::Approx(logs["mae"]));
    const Json config = model.model_impl().get_compile_config();
    CHECK(config["loss"]["config"] == Json("mine>distance"));
    model.compile(read_compile_config(config));
    CHECK(model.evaluate(x, y, {.verbose = Verbose::silent})["distance"] == logs["distance"]);
}
