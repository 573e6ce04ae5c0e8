// TorchModuleWrapper: TorchScript modules against what PyTorch and Keras on torch recorded
// (tools/oracle/torch_modules.py), on each engine.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "cornu/autodiff/tape.h"
#include "cornu/backend/jit.h"
#include "cornu/layers/layers.h"
#include "cornu/layers/registry.h"
#include "cornu/models/functional.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/optimizers/sgd.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/inspect.h"
#include "cornu/saving/keras_file.h"
#include "cornu/tensor/context.h"
#include "cornu/tensor/safe_mode.h"
#include "cornu/testing/near.h"
#include "cornu/testing/temporary_folder.h"
#include "cornu/training/progress_bar.h"
#include "tests/integration/engines_for_tests.h"
#include "tests/messages.h"
#include "tests/torch_modules.h"

using namespace cornu;
using layers::TorchModuleWrapper, layers::TorchScript;

namespace {

TorchScript script(const std::string& name) {
    return TorchScript::from_bytes(bytes_of(recorded_modules().find(name)["module"]));
}

void check(const Tensor& got, const Json& expected, const std::string& what, double t = 1e-5) {
    const std::string problem =
        testing::difference(got.to_host(), recorded_modules().tensor(expected), t);
    CHECK_MESSAGE(problem.empty(), what, ": ", problem);
}
void check_all(const Tensors& got, const Json& expected, const std::string& what) {
    REQUIRE(got.size() == expected.size());
    for (size_t i = 0; i < got.size(); ++i) check(got[i], expected[i], str(what, " ", i));
}
void check_weights(const Layer& layer, const Json& expected, const std::string& what) {
    for (const Variable& weight : layer.weights())
        check(weight.value(), expected[weight.name()], str(what, " ", weight.name()));
}

// Whether TorchScript runs here; a word about it when it does not.
bool torch_or_skip() {
    if (!engine_or_skip("torch")) return false;
    const std::string why = message_of([] { script("block"); });
    if (!says(why, "without the headers of TorchScript")) return true;
    MESSAGE("left out: ", why);
    return false;
}

std::vector<std::string> engines() {
    std::vector<std::string> names = {"native", "torch"};
    if (std::filesystem::exists(build_folder() / "libcornu_xla.so")) names.push_back("xla");
    return names;
}

template <class F>
void on_each_engine(F&& f) {
    for (const std::string& engine : engines()) {
        CAPTURE(engine);
        Context context;
        const Context::Use use(context);
        config::set_backend(engine);
        f();
    }
}

Structure inputs_of(const Json& row) {
    const Tensors inputs = recorded_modules().tensors(row["inputs"]);
    return inputs.size() == 1 ? Structure(inputs[0]) : Structure(inputs);
}

// Dense, the recorded block, Dense, with the recorded weights.
Model recorded_model(const Json& row, const Layer& block) {
    const Tensor x = Input({.shape = {4}});
    const layers::Dense before({.units = 5, .activation = "tanh", .name = "before"}),
        after({.units = 2, .name = "after"});
    const Model model(x, after(block(before(x))));
    before.set_weights(recorded_modules().tensors(row["dense"]["before"]));
    after.set_weights(recorded_modules().tensors(row["dense"]["after"]));
    return model;
}
Layer recorded_block() {
    return TorchModuleWrapper({.module = script("training"), .name = "block"});
}

}  // namespace

TEST_CASE("TorchScript: outputs, buffers and gradients are PyTorch's") {
    if (!torch_or_skip()) return;
    for (const char* name : {"block", "tied", "several", "convolution", "gru", "lstm", "constants",
                             "in place", "exported"}) {
        CAPTURE(name);
        on_each_engine([&] {
            const Json& row = recorded_modules().find(name);
            const TorchModuleWrapper layer({.module = script(name)});
            const Structure inputs = inputs_of(row);
            check_weights(layer, row["weights"], "weight");
            check_all(layer(inputs).flatten(), row["outputs"], "output");
            check_weights(layer, row["weights"], "weight outside training");
            GradientTape tape;
            Tensor total(0.0f);
            size_t next = 0;
            const Tensors outputs = layer(inputs, {.training = true}).flatten();
            for (const Tensor& y : outputs)
                if (is_float(y.dtype()))
                    total =
                        total + ops::sum(y * recorded_modules().tensor(row["cotangents"][next++]));
            check_all(outputs, row["training"], "output in training");
            check_weights(layer, row["weights_after"], "weight after training");
            check_all(tape.gradient({total}, inputs.flatten(), {}), row["gradients"], "gradient");
            const Variables trained = layer.trainable_weights();
            CHECK(trained.size() == row["weight_gradients"].size());
            const Tensors gradients = tape.gradient(total, trained);
            for (size_t i = 0; i < trained.size(); ++i)
                check(gradients[i], row["weight_gradients"][trained[i].name()],
                      "gradient of " + trained[i].name());
        });
    }
}

TEST_CASE("TorchScript: what stands in several places is one weight, and buffers are not trained") {
    if (!torch_or_skip()) return;
    const TorchModuleWrapper tied({.module = script("tied")});
    CHECK(tied.weights().size() == 2);
    CHECK(tied.count_params() == 12 + 3);
    const TorchModuleWrapper lstm({.module = script("lstm")});
    CHECK(lstm.weights().size() == 8);
    const TorchModuleWrapper block({.module = script("block")});
    CHECK(block.trainable_weights().size() == 6);
    CHECK(block.non_trainable_weights().size() == 3);
    CHECK(block.non_trainable_weights()[2].dtype() == DType::int64);
    block.set_trainable(false);
    CHECK(block.trainable_weights().empty());
    const TorchModuleWrapper several({.module = script("several")});
    CHECK(several.trainable_weights().size() == 1);  // `shift` asks for no gradient
    CHECK(several.non_trainable_weights().size() == 2);
}

TEST_CASE("TorchScript: shapes are found without running on data") {
    if (!torch_or_skip()) return;
    const auto shape = [](const char* name, const Shape& input) {
        return TorchModuleWrapper({.module = script(name)})(Structure(Input({.shape = input})));
    };
    CHECK(shape("block", {4}).leaf().shape() == Shape{None, 3});
    CHECK(shape("convolution", {3, 6, 6}).leaf().shape() == Shape{None, 2});
    CHECK(shape("constants", {3}).leaf().shape() == Shape{None, 3});  // on zeros
    const Structure gru = shape("gru", {None, 4});
    CHECK(gru.list()[0].leaf().shape() == Shape{None, None, 3});
    CHECK(gru.list()[1].leaf().shape() == Shape{1, None, 3});
    const Structure several = shape("several", {3});
    CHECK(several.dict().at("sum").leaf().shape() == Shape{None});
    CHECK(several.dict().at("index").leaf().dtype() == DType::int64);
}

TEST_CASE("TorchScript: a layer trains as in Keras on torch, is saved, loaded and trained on") {
    if (!torch_or_skip()) return;
    const testing::TemporaryFolder folder;
    const Json& row = recorded_modules().find("training");
    const Tensor x = recorded_modules().tensor(row["x"]), y = recorded_modules().tensor(row["y"]);
    on_each_engine([&] {
        const Layer block = recorded_block();
        const Model model = recorded_model(row, block);
        CHECK(model.trainable_variables().size() == 4 + 6);
        model.compile({.optimizer = optimizers::SGD({.learning_rate = 0.1}), .loss = "mse"});
        check(model.predict(x), row["predictions"], "predictions");
        for (int step = 0; step < 3; ++step) {
            const double loss = model.train_on_batch(x, y)["loss"];
            CHECK(loss == doctest::Approx(row["losses"][step].as_double()).epsilon(1e-5));
        }
        check_weights(block, row["trained"], "trained");
        check(model.predict(x), row["predicted"], "predictions after training");
        const std::string path = folder.path / "model.keras";
        model.save(path);
        model.save_weights(folder.path / "model.weights.h5");
        model.save_weights(folder.path / "model.safetensors");
        const double next = model.train_on_batch(x, y)["loss"];

        // A context that has not opened the module itself.
        Context fresh;
        const Context::Use use(fresh);
        const std::string why = message_of([&] { load_model(path); });
        CHECK(says(why, "safe_mode = false"));
        CHECK(says(why, path));
        const Model again = load_model(path, {.safe_mode = false});
        check(again.predict(x), row["predicted"], "predictions of the file");
        CHECK(again.train_on_batch(x, y)["loss"] == doctest::Approx(next).epsilon(1e-5));
        for (const char* weights : {"model.weights.h5", "model.safetensors"}) {
            const Model other = recorded_model(row, recorded_block());
            other.load_weights(folder.path / weights);
            check(other.predict(x), row["predicted"], weights);
        }
        CHECK(layers::serialize(again.get_layer("block")) ==
              layers::serialize(model.get_layer("block")));
    });
}

TEST_CASE("TorchScript: files for Keras on torch") {
    const char* folder = std::getenv("CORNU_WRITE_FILES");
    if (!folder || !torch_or_skip()) return;
    const Json& row = recorded_modules().find("training");
    const Model model = recorded_model(row, recorded_block());
    model.compile({.optimizer = optimizers::SGD({.learning_rate = 0.1}), .loss = "mse"});
    const Tensor x = recorded_modules().tensor(row["x"]);
    model.train_on_batch(x, recorded_modules().tensor(row["y"]));
    model.save(std::string(folder) + "/torch_module.keras",
               {.self_check = true, .self_check_inputs = x});
}

TEST_CASE("TorchScript: fit, a frozen block, and a clone") {
    if (!torch_or_skip()) return;
    on_each_engine([&] {
        const Json& row = recorded_modules().find("training");
        const Tensor x = recorded_modules().tensor(row["x"]),
                     y = recorded_modules().tensor(row["y"]);
        const Layer block = recorded_block();
        block.set_trainable(false);
        const Model model = recorded_model(row, block);
        model.compile({.optimizer = "sgd", .loss = "mse"});
        const Tensors before = block.get_weights();
        model.fit(x, y, {.batch_size = 4, .epochs = 2, .verbose = Verbose::silent});
        const Tensors after = block.get_weights();
        for (size_t i = 0; i < 6; ++i)
            CHECK(testing::near(after[i].to_host(), before[i].to_host(), 0));
        CHECK(after[8].to_host().item<int64_t>() == 4);  // batches that the normalization saw
        // The program has opened these bytes itself: no permission is needed for a copy.
        const Model copy = clone_model(model);
        CHECK(copy.get_layer("block").weights().size() == 9);
        copy.set_weights(model.get_weights());
        CHECK(testing::near(copy.predict(x).to_host(), model.predict(x).to_host(), 0));
    });
}

TEST_CASE("TorchScript: dropout follows the seed, in the derivative as in the outputs") {
    if (!torch_or_skip()) return;
    on_each_engine([&] {
        random::set_random_seed(5);
        const TorchModuleWrapper layer({.module = script("dropout")});
        const Tensor x = Tensor::full({2, 4}, 1);
        GradientTape tape;
        const Tensor y = layer(x, {.training = true});
        const Tensor g = tape.gradient(ops::sum(y), layer.trainable_weights())[1].to_host();
        // The bias of a unit gets 2 (1 / (1 - 0.5)) from each row where it was kept.
        const auto kept = y.to_host().to_vector<float>();
        const auto gradient = g.to_vector<float>();
        size_t dropped = 0;
        for (size_t i = 0; i < 64; ++i) {
            const float expected = 2.0f * static_cast<float>((kept[i] != 0) + (kept[64 + i] != 0));
            CHECK(gradient[i] == expected);
            dropped += (kept[i] == 0) + (kept[64 + i] == 0);
        }
        CHECK(dropped > 32);
        CHECK(dropped < 96);
        CHECK_FALSE(testing::near(layer(x, {.training = true}).to_host(), y.to_host(), 1e-3));
        CHECK(testing::near(layer(x).to_host(), layer(x).to_host(), 0));
        random::set_random_seed(5);
        const TorchModuleWrapper again({.module = script("dropout")});
        CHECK(testing::near(again(x, {.training = true}).to_host(), y.to_host(), 0));
    });
}

TEST_CASE("TorchScript: threads run one layer side by side") {
    if (!torch_or_skip()) return;
    const Json& row = recorded_modules().find("training");
    const Model model = recorded_model(row, recorded_block());
    const Tensor x = recorded_modules().tensor(row["x"]);
    const Tensor alone = model.predict(x);
    const Tensors weights = model.get_weights();
    const layers::TorchModuleWrapper dropout({.module = script("dropout")});
    const Tensor one = Tensor::full({1, 4}, 1), y = dropout(one);
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (int& count : wrong)
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i)
                count +=
                    !testing::near(model(x), alone, 1e-6) || !testing::near(dropout(one), y, 0);
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == std::vector<int>{0, 0, 0, 0});
    const Tensors now = model.get_weights();
    for (size_t i = 0; i < now.size(); ++i)
        CHECK(testing::near(now[i].to_host(), weights[i].to_host(), 0));
}

TEST_CASE("TorchScript: mixed precision and other dtypes go in and out in the layer's") {
    if (!torch_or_skip()) return;
    const TorchModuleWrapper layer({.module = script("block"), .dtype = "mixed_bfloat16"});
    const Json& row = recorded_modules().find("block");
    const Tensor y = layer(inputs_of(row)).leaf();
    CHECK(y.dtype() == DType::bfloat16);
    CHECK(layer.weights()[0].dtype() == DType::float32);
    check(ops::cast(y, DType::float32), row["outputs"][0], "bfloat16", 1e-2);
}

TEST_CASE("TorchScript: wrong inputs and what a module may not do are said with the layer's name") {
    if (!torch_or_skip()) return;
    const auto said = [](const char* name, const Structure& inputs) {
        return message_of(
            [&] { TorchModuleWrapper({.module = script(name), .name = "mine"})(inputs); });
    };
    const Tensor x = Tensor::full({2, 3}, 1);
    std::string why = said("several", Tensors{x, x, x});
    CHECK(says(why, "\"mine\""));
    CHECK(says(why, "forward(x, y?)"));
    CHECK(says(why, "Received: 3 inputs"));
    CHECK(says(said("several", Structure(Structure::Dict{{"x", x}})), "Received: a dict"));
    why = said("block", x);  // four features are wanted
    CHECK(says(why, "\"mine\""));
    CHECK(says(why, "shapes cannot be multiplied"));
    CHECK(says(said("writes a parameter", x), "changes its parameter w in place"));
    CHECK(says(said("size from values", x), "may depend on shapes only"));
    CHECK(says(said("no tensor", x), "must return a tensor"));
    CHECK(says(said("no forward", x), "has no method forward()"));
    const TorchModuleWrapper block({.module = script("block")});
    {
        GradientTape tape;
        const Tensor y =
            ops::sum(block(recorded_modules().tensor(recorded_modules().find("block")["inputs"][0]),
                           {.training = true}));
        const Variables mean = {block.non_trainable_weights()[0]};
        CHECK_FALSE(tape.gradient(y, mean)[0].defined());
    }
    GradientTape outer;
    const Tensor in = recorded_modules().tensor(recorded_modules().find("block")["inputs"][0]);
    GradientTape inner;
    const Tensor y = ops::sum(block(in));
    const Tensor g = ops::sum(inner.gradient({y}, {in}, {})[0] * in);
    CHECK_THROWS_WITH_AS(outer.gradient({g}, {in}, {}), doctest::Contains("first derivatives only"),
                         UnsupportedError);
}

TEST_CASE("TorchScript: files that are none are refused, whatever is cut off or changed") {
    const testing::TemporaryFolder folder;
    const auto said = [](std::string bytes) {
        return message_of([&] { TorchScript::from_bytes(std::move(bytes)); });
    };
    if (!torch_or_skip()) return;
    const std::string whole = bytes_of(recorded_modules().find("block")["module"]);
    {
        std::ofstream(folder.path / "whole.pt", std::ios::binary) << whole;
        CHECK(TorchScript(folder.path / "whole.pt").bytes() == whole);
    }
    for (size_t size = 4; size < whole.size(); size += 211) {
        const std::string why = said(whole.substr(0, size));
        CHECK_MESSAGE(says(why, "is no TorchScript archive"), "cut at ", size, ": ", why);
    }
    // An archive with the right names and nonsense in them.
    std::string changed = whole;
    for (size_t at; (at = changed.find("batch_norm")) != changed.npos;) changed[at] = '(';
    CHECK(says(said(changed), "is no TorchScript archive that LibTorch can open"));
}

TEST_CASE("TorchScript in files: refused unless asked for, and pickles of Keras always") {
    const Json& row = recorded_modules().find("pickle of Keras");
    const saving::ByteSource file = recorded_modules().file(row["model"]);
    for (const bool safe_mode : {true, false}) {
        const std::string why =
            message_of([&] { saving::load_model(file, {.safe_mode = safe_mode}); });
        CHECK(says(why, "is a Python pickle"));
        CHECK(says(why, "torch.jit.script(module).save"));
        CHECK(says(why, "'torch_module_wrapper'"));
    }
    if (!torch_or_skip()) return;
    Json json;
    {
        Context maker;
        const Context::Use use(maker);
        json = layers::serialize(recorded_block());
        // The same bytes are known as long as somebody holds the module.
        const Layer held = recorded_block();
        CHECK(layers::deserialize(json).weights().size() == 9);
    }
    Context fresh;
    const Context::Use use(fresh);
    const auto read = [&](const Json& json) {
        return message_of([&] { layers::deserialize(json); });
    };
    CHECK(says(read(json), "opening it would run it: it is refused"));
    {
        const SafeMode off(false);
        CHECK(read(json).empty());
        Json config = json["config"];
        for (const char* text : {"AAA", "AA=A", "!!!!", "/etc/passwd"}) {
            config.set("module", text);
            Json bad = json;
            bad.set("config", config);
            CHECK(says(read(bad), "must be base64 text"));
        }
        config.set("module", Json());
        Json none = json;
        none.set("config", config);
        CHECK_FALSE(read(none).empty());
    }
    CHECK_FALSE(read(json).empty());
    config::enable_unsafe_deserialization();
    CHECK(read(json).empty());
}
