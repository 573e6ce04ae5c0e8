#include "cornu/training/callbacks/callbacks.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cornu/layers/layers.h"
#include "cornu/models/model.h"
#include "cornu/optimizers/sgd.h"
#include "cornu/random/seed_generator.h"
#include "cornu/tensor/context.h"
#include "cornu/training/progress_bar.h"
#include "tests/messages.h"

using namespace cornu;

namespace {

// y = 2 x: with a rate of 0.1 the loss falls, with a negative one it rises.
Model line(double rate) {
    const Model model = Sequential({layers::Input({.shape = {1}}), layers::Dense({.units = 1, .use_bias = false, .kernel_initializer = "ones"})});
    model.compile({.optimizer = optimizers::SGD({.learning_rate = rate}), .loss = "mse"});
    return model;
}
const Tensor x = Tensor::from(std::vector<float>{1, 2}, {2, 1}), y = Tensor::from(std::vector<float>{2, 4}, {2, 1});

FitOptions with(Callback callback, int64_t epochs) { return {.epochs = epochs, .verbose = Verbose::silent, .callbacks = {std::move(callback)}}; }

struct Folder {
    std::filesystem::path path;
    explicit Folder(const std::string& name) : path(std::filesystem::temp_directory_path() / ("cornu_callbacks_" + name + std::to_string(::getpid()))) {
        std::filesystem::remove_all(path);
        std::filesystem::create_directories(path);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string file(const std::string& name) const { return (path / name).string(); }
    size_t count() const { return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path), {})); }
};

std::string text_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("EarlyStopping: patience, best weights, which way is better") {
    const callbacks::EarlyStopping patient({.monitor = "loss", .patience = 2, .restore_best_weights = true});
    const Model model = line(-0.1);
    const float start = model.get_weights()[0].item<float>();
    CHECK(model.fit(x, y, with(patient, 10)).epoch.size() == 3);
    CHECK(patient.stopped_epoch() == 2);
    CHECK(patient.best_epoch() == 0);
    // The best are those at the end of the first epoch, one step away from the start.
    const Model once = line(-0.1);
    once.fit(x, y, {.epochs = 1, .verbose = Verbose::silent});
    CHECK(model.get_weights()[0].item<float>() == once.get_weights()[0].item<float>());
    CHECK(model.get_weights()[0].item<float>() != start);

    CHECK(line(0.05).fit(x, y, with(callbacks::EarlyStopping({.monitor = "loss"}), 5)).epoch.size() == 5);
    CHECK(line(0.05).fit(x, y, with(callbacks::EarlyStopping({.monitor = "loss", .mode = "max"}), 5)).epoch.size() == 2);
    CHECK(line(0.05).fit(x, y, with(callbacks::EarlyStopping({.monitor = "loss", .mode = "max", .start_from_epoch = 2}), 9)).epoch.size() == 4);
    CHECK(line(0.05).fit(x, y, with(callbacks::EarlyStopping({.monitor = "loss", .min_delta = 100}), 9)).epoch.size() == 2);
    CHECK(line(0.0).fit(x, y, with(callbacks::EarlyStopping({.monitor = "loss", .patience = 3, .baseline = 1e-9}), 9)).epoch.size() == 3);
    CHECK(line(0.05).fit(x, y, with(callbacks::EarlyStopping(), 3)).epoch.size() == 3);  // no val_loss: a warning
    CHECK(says(message_of([] { callbacks::EarlyStopping({.mode = "up"}); }), "mode=\"up\""));
    CHECK(says(message_of([] { callbacks::EarlyStopping({.patience = -1}); }), "patience=-1"));
}

TEST_CASE("ModelCheckpoint: the best, each, by batches; paths with figures") {
    const Folder folder("checkpoint");
    line(-0.1).fit(x, y, with(callbacks::ModelCheckpoint({.filepath = folder.file("best-{epoch}.keras"), .monitor = "loss", .save_best_only = true}), 3));
    CHECK(std::filesystem::exists(folder.file("best-1.keras")));
    CHECK(folder.count() == 1);
    line(0.05).fit(x, y, with(callbacks::ModelCheckpoint({.filepath = folder.file("sub/{epoch:02d}.weights.h5"), .save_weights_only = true}), 2));
    CHECK(std::filesystem::exists(folder.file("sub/01.weights.h5")));
    CHECK(std::filesystem::exists(folder.file("sub/02.weights.h5")));
    FitOptions batches = with(callbacks::ModelCheckpoint({.filepath = folder.file("b-{batch}.keras"), .save_freq = 2}), 1);
    batches.batch_size = 1;
    line(0.05).fit(x, y, batches);
    CHECK(std::filesystem::exists(folder.file("b-2.keras")));

    Logs logs;
    logs.set("epoch", Tensor(int64_t{7}));
    logs.set("val_loss", Tensor(0.25));
    CHECK(callbacks::format_path("m{epoch:03d}-{val_loss:.2f}-{{x}}.keras", logs) == "m007-0.25-{x}.keras");
    CHECK(callbacks::format_path("{epoch}_{val_loss}", logs) == "7_0.25");
    CHECK(says(message_of([&] { callbacks::format_path("{accuracy}.keras", logs); }), "accuracy"));
    CHECK(says(message_of([&] { callbacks::format_path("{epoch:x}.keras", logs); }), "formatted as in Python"));
    CHECK(says(message_of([&] { callbacks::format_path("{val_loss:%n}.keras", logs); }), "formatted as in Python"));
    CHECK(says(message_of([&] { callbacks::format_path("{epoch", logs); }), "needs its }"));
    CHECK(says(message_of([] { callbacks::ModelCheckpoint({.filepath = "m.h5"}); }), "must end in .keras"));
    CHECK(says(message_of([] { callbacks::ModelCheckpoint({.filepath = "m.keras", .save_weights_only = true}); }), ".weights.h5"));
    CHECK(!message_of([&] { line(0.1).fit(x, y, with(callbacks::ModelCheckpoint({.filepath = "/proc/none/m.keras"}), 1)); }).empty());
}

TEST_CASE("learning rates by epoch and on a plateau") {
    const Model model = line(0.5);
    const History history = model.fit(x, y, with(callbacks::LearningRateScheduler([](int64_t epoch, double) { return 0.1 / static_cast<double>(epoch + 1); }), 2));
    CHECK(history["learning_rate"][1] == doctest::Approx(0.05));
    CHECK(history.history.back().first == "learning_rate");

    const Model flat = line(0.0);
    flat.optimizer().set_learning_rate(-0.01);  // rising
    const History reduced = flat.fit(x, y, with(callbacks::ReduceLROnPlateau({.monitor = "loss", .factor = 0.5, .patience = 1, .mode = "min", .min_lr = -1.0}), 3));
    CHECK(reduced["learning_rate"][0] == doctest::Approx(-0.01));
    CHECK(reduced["learning_rate"][2] == doctest::Approx(-0.005));
    CHECK(says(message_of([] { callbacks::ReduceLROnPlateau({.factor = 1.0}); }), "factor=1"));
}

TEST_CASE("CSVLogger writes as Python's csv") {
    const Folder folder("csv");
    const std::string path = folder.file("log.csv");
    line(0.0).fit(x, y, with(callbacks::CSVLogger(path), 2));
    CHECK(text_of(path) == "epoch,loss,val_loss\r\n0,2.5,NA\r\n1,2.5,NA\r\n");
    line(0.0).fit(x, y, with(callbacks::CSVLogger(path, ",", true), 1));
    CHECK(text_of(path) == "epoch,loss,val_loss\r\n0,2.5,NA\r\n1,2.5,NA\r\n0,2.5,NA\r\n");
    CHECK(says(message_of([&] { line(0.0).fit(x, y, with(callbacks::CSVLogger(folder.file("none/log.csv")), 1)); }), "cannot be written"));
}

TEST_CASE("CSVLogger: separators, quotes") {
    const Folder folder("csv_quotes");
    const std::string path = folder.file("log.csv");
    line(0.0).fit(x, y, with(callbacks::CSVLogger(path, "."), 1));
    CHECK(text_of(path) == "epoch.loss.val_loss\r\n0.\"2.5\".NA\r\n");
    CHECK(says(message_of([&] { callbacks::CSVLogger(path, ",,"); }), "one character"));
}

TEST_CASE("LambdaCallback hears everything") {
    std::vector<std::string> heard;
    const auto stage = [&](const char* name) { return [&heard, name](const Logs&) { heard.push_back(name); }; };
    const auto at = [&](const char* name) { return [&heard, name](int64_t i, const Logs& logs) { heard.push_back(str(name, i, logs.empty() ? "" : "+")); }; };
    const callbacks::LambdaCallback all({.on_epoch_begin = at("epoch"), .on_epoch_end = at("/epoch"), .on_train_begin = stage("train"), .on_train_end = stage("/train"),
        .on_train_batch_begin = at("batch"), .on_train_batch_end = at("/batch"), .on_test_begin = stage("test"), .on_test_end = stage("/test"),
        .on_test_batch_begin = at("test batch"), .on_test_batch_end = at("/test batch"), .on_predict_begin = stage("predict"), .on_predict_end = stage("/predict"),
        .on_predict_batch_begin = at("predict batch"), .on_predict_batch_end = at("/predict batch")});
    const Model model = line(0.1);
    FitOptions options = with(all, 1);
    options.batch_size = 1;
    options.validation_data = Data(x, y);
    options.validation_batch_size = 2;
    model.fit(x, y, options);
    CHECK(heard == std::vector<std::string>{"train", "epoch0", "batch0", "/batch0+", "batch1", "/batch1+", "test", "test batch0", "/test batch0+", "/test", "/epoch0+", "/train"});
    heard.clear();
    model.evaluate(x, y, {.verbose = Verbose::silent, .callbacks = {all}});
    model.predict(x, {.verbose = Verbose::silent, .callbacks = {all}});
    CHECK(heard == std::vector<std::string>{"test", "test batch0", "/test batch0+", "/test", "predict", "predict batch0", "/predict batch0+", "/predict"});

    // on_batch_* are those of training; a hook gets its figures without asking, and what predict gave.
    struct Plain : CustomCallback {
        double loss = 0;
        Shape outputs;
        void on_batch_end(int64_t, const Logs& logs) override { loss = logs["loss"]; }
        void on_predict_batch_end(int64_t, const Logs& logs) override { outputs = logs.tensor("outputs").shape(); }
    };
    const auto plain = std::make_shared<Plain>();
    model.fit(x, y, with(Callback(plain), 1));
    CHECK(plain->loss > 0);
    CHECK(plain->params().epochs == 1);
    model.predict(x, {.verbose = Verbose::silent, .callbacks = {Callback(plain)}});
    CHECK(plain->outputs == Shape{2, 1});
}

TEST_CASE("ProgbarLogger takes the place of fit's own bar") {
    Context context;
    const Context::Use use(context);
    std::string out;
    set_progress_output({.write = [&](std::string_view text) { out += text; }, .terminal = false});
    const auto count = [&](const std::string& part) {
        size_t n = 0;
        for (size_t at = out.find(part); at != out.npos; at = out.find(part, at + 1)) ++n;
        return n;
    };
    const Model model = line(0.1);
    model.fit(x, y, {.epochs = 2, .callbacks = {callbacks::ProgbarLogger(), callbacks::LambdaCallback({.on_epoch_end = [&](int64_t, const Logs&) { out += "after"; }})}});
    CHECK(count("Epoch 1/2\n") == 1);
    CHECK(count("1/1 - 0s") == 2);
    CHECK(out.find("1/1") < out.find("after"));
    out.clear();
    model.evaluate(x, y, {.callbacks = {callbacks::ProgbarLogger()}});
    CHECK(count("loss: ") == 1);
    out.clear();
    model.fit(x, y, {.verbose = Verbose::silent, .callbacks = {callbacks::ProgbarLogger()}});
    CHECK(out.empty());
}

TEST_CASE("SwapEMAWeights: averages for the evaluation, weights back after it") {
    const Model model = Sequential({layers::Input({.shape = {1}}), layers::Dense({.units = 1, .use_bias = false, .kernel_initializer = "ones"})});
    model.compile({.optimizer = optimizers::SGD({.learning_rate = 0.05, .use_ema = true, .ema_momentum = 0.9}), .loss = "mse"});
    const callbacks::SwapEMAWeights swap;
    CHECK(says(message_of([&] { model.evaluate(x, y, {.verbose = Verbose::silent, .callbacks = {swap}}); }), "not built"));
    model.fit(x, y, {.epochs = 3, .verbose = Verbose::silent});
    const float average = model.get_weights()[0].item<float>();  // which fit ends with
    for (int i = 0; i < 3; ++i) model.train_on_batch(x, y);
    const float weight = model.get_weights()[0].item<float>();
    const float average_now = model.optimizer().impl().averages()[0].value().item<float>();
    CHECK(average != weight);
    CHECK(model.predict(x, {.verbose = Verbose::silent, .callbacks = {swap}}).to_vector<float>()[0] == doctest::Approx(average_now));
    CHECK(model.get_weights()[0].item<float>() == weight);
    CHECK(model.optimizer().impl().averages()[0].value().item<float>() == average_now);
    CHECK(says(message_of([&] { line(0.1).fit(x, y, {.verbose = Verbose::silent, .callbacks = {callbacks::SwapEMAWeights({.swap_on_epoch = true})}}); }), "use_ema"));
}

TEST_CASE("LambdaCallback and TerminateOnNaN") {
    std::vector<double> losses;
    FitOptions options = with(callbacks::LambdaCallback({.on_train_batch_end = [&](int64_t, const Logs& logs) { losses.push_back(logs["loss"]); }}), 2);
    options.batch_size = 1;
    line(0.01).fit(x, y, options);
    CHECK(losses.size() == 4);

    CHECK(line(1e30).fit(x, y, with(callbacks::TerminateOnNaN(), 50)).epoch.size() < 10);
    CHECK_THROWS_AS(line(1e30).fit(x, y, with(callbacks::TerminateOnNaN(true), 50)), NumericError);
}
