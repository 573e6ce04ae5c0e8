// Saving for an older Keras. The files written here are loaded by those versions in
// tools/oracle/check_versions.py.
#include <doctest/doctest.h>

#include "cornu/saving/keras_version.h"

#include <cmath>
#include <cstdlib>

#include "cornu/layers/layers.h"
#include "cornu/ops/elementwise.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/atomic_file.h"
#include "cornu/saving/files_for_tests.h"
#include "cornu/saving/keras_file.h"
#include "cornu/saving/model_state.h"
#include "cornu/saving/npy.h"
#include "cornu/testing/near.h"
#include "tests/messages.h"

using namespace cornu;
using namespace cornu::saving;
using cornu::saving::test::TemporaryFolder;
using cornu::testing::difference;

namespace {

Tensor wave(const Shape& shape) {
    std::vector<float> values(static_cast<size_t>(shape.size()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i));
    return Tensor::from(values, shape);
}

Model mlp() {
    return Sequential({layers::Input({.shape = {5}}), layers::Dense({.units = 8, .activation = "gelu", .kernel_regularizer = "l2"}), layers::Dense({.units = 2})});
}

Model cnn() {
    return Sequential({layers::Input({.shape = {8, 8, 2}}), layers::Conv2D({.filters = 4, .kernel_size = 3}), layers::BatchNormalization(),
                       layers::Activation({.activation = "relu"}), layers::Dropout({.rate = 0.3}), layers::MaxPooling2D(), layers::Flatten(),
                       layers::Dense({.units = 2})});
}

Model recurrent(const Layer& first) {
    return Sequential({layers::Input({.shape = {6, 3}}), first, layers::GRU({.units = 3}), layers::Dense({.units = 2})});
}
Model lstm() { return recurrent(layers::LSTM({.units = 4, .return_sequences = true})); }
Model bidirectional() { return recurrent(layers::Bidirectional({.layer = layers::LSTM({.units = 4, .return_sequences = true})})); }

Model transformer() {
    const Tensor x = Input({.shape = {6, 8}});
    const Tensor attended = layers::MultiHeadAttention({.num_heads = 2, .key_dim = 4})({x, x});
    const Tensor y = layers::LayerNormalization()(layers::Add()({x, attended}));
    const Tensor wide = layers::Dense({.units = 16, .activation = "relu"})(y);
    const Tensor z = layers::LayerNormalization()(y + layers::Dense({.units = 8})(wide));
    return Model(x, layers::Dense({.units = 2})(layers::GlobalAveragePooling1D()(ops::tanh(z))), "transformer");
}

Json saved_config(const Model& model, const char* version) { return config_for_version(model_config(model), parse_keras_version(version)); }
std::string refusal(const Model& model, const char* version) {
    return message_of([&] { saved_config(model, version); });
}

}  // namespace

TEST_CASE("models are saved for older Keras; files for older versions") {
    const char* given = std::getenv("CORNU_WRITE_FILES");
    const TemporaryFolder temporary;
    const std::filesystem::path folder = given ? std::filesystem::path(given) : temporary.path;
    random::set_random_seed(7);
    const std::vector<std::pair<std::string, Model>> models = {{"mlp", mlp()}, {"cnn", cnn()}, {"lstm", lstm()},
                                                             {"bidirectional", bidirectional()}, {"transformer", transformer()}};
    for (const auto& [name, model] : models) {
        CAPTURE(name);
        Shape shape = model.input().flatten()[0].shape();
        shape[0] = 4;
        const Tensor x = wave(shape), y = wave({4, 2});
        model.compile({.optimizer = "adam", .loss = "mse", .metrics = {"mae"}});
        for (int step = 0; step < 3; ++step) model.train_on_batch(x, y);
        const Tensor before = model.predict_on_batch(x).leaf();
        for (const char* version : {"3.0.5", "3.3.3", "3.6.0", "3.10.0"}) {
            CAPTURE(version);
            std::filesystem::create_directories(folder / version);
            const auto path = (folder / version / (name + ".keras")).string();
            model.save(path, {.keras_version = version});
            const Model again = load_model(path);
            CHECK(again.optimizer().variables().size() == model.optimizer().variables().size());
            CHECK(difference(again.predict_on_batch(x).flatten()[0], before, 0) == "");
            // What one loads from it and saves for the same version is the same file again.
            CHECK(saved_config(again, version) == saved_config(model, version));
            const ByteSource metadata = ZipReader(ByteSource::open(path)).open("metadata.json");
            CHECK(says(std::string(metadata.text(0, metadata.size())), str("\"keras_version\": \"", version, "\"")));
        }
        AtomicFile file(folder / (name + ".npz"));
        NpzWriter npz(file);
        const auto add = [&](const char* key, const Tensor& value) { npz.add(key, value.shape(), value.dtype(), bytes_of(value.to_host())); };
        add("x", x);
        add("y", y);
        add("before", before);
        if (name == "mlp" || name == "transformer") {   // a step of the others is slow, or draws masks
            model.train_on_batch(x, y);
            add("after", model.predict_on_batch(x).leaf());
        }
        npz.finish();
        file.commit();
    }
}

TEST_CASE("arguments that an older Keras does not know are left out at their defaults") {
    const Model model = mlp();
    const Json config = model_config(model), dense = config["config"]["layers"][1]["config"];
    CHECK(dense.contains("quantization_config"));
    CHECK(dense["kernel_initializer"]["config"].contains("input_axes"));
    CHECK(dense["dtype"].is_object());

    const Json old = saved_config(model, "3.3.0")["config"]["layers"];
    CHECK_FALSE(old[0]["config"].contains("optional"));
    CHECK_FALSE(old[0]["config"].contains("ragged"));
    CHECK_FALSE(old[1]["config"].contains("quantization_config"));
    CHECK_FALSE(old[1]["config"]["kernel_initializer"]["config"].contains("input_axes"));
    CHECK(old[1]["config"]["dtype"] == Json("float32"));
    CHECK(old[1]["config"]["units"] == Json(8));

    CHECK(saved_config(model, "3.8.0")["config"]["layers"][0]["config"].contains("optional"));
    CHECK(saved_config(model, "3.8.0")["config"]["layers"][1]["config"]["dtype"].is_object());
    CHECK(saved_config(model, "3.15.1") == config);
    CHECK(config_for_version(saved_config(model, "3.3.0"), {3, 3, 0}) == saved_config(model, "3.3.0"));
}

TEST_CASE("names and forms of an older Keras") {
    const Json gru = saved_config(lstm(), "3.6.0")["config"]["layers"][2]["config"]["recurrent_initializer"];
    CHECK(gru["module"] == Json("keras.initializers"));
    CHECK(gru["class_name"] == Json("OrthogonalInitializer"));
    CHECK(saved_config(lstm(), "3.7.0")["config"]["layers"][2]["config"]["recurrent_initializer"]["class_name"] == Json("Orthogonal"));

    // A lone input is a list of one, and nodes of ops have no name within their config.
    const Json functional = saved_config(transformer(), "3.3.0")["config"];
    CHECK(functional["input_layers"].size() == 1);
    CHECK(functional["input_layers"][0].size() == 3);
    const char* mean = R"({"module": "keras.src.ops.numpy", "class_name": "Mean", "config": {"name": "mean_1", "axis": [1], "keepdims": false}, "name": "mean_1"})";
    const Json node = config_for_version(Json::parse(mean), {3, 3, 0});
    CHECK(node["config"] == Json::parse(R"({"axis": [1], "keepdims": false})"));
    CHECK(node["name"] == Json("mean_1"));

    const Json call = Json::parse(R"({"module": "keras.layers", "class_name": "Attention", "config": {"name": "a"},
        "inbound_nodes": [{"args": [], "kwargs": {"mask": [null, {"class_name": "__keras_tensor__"}], "attention_mask": null, "seed": null}}]})");
    CHECK(says(message_of([&] { config_for_version(call, {3, 3, 3}); }), "[layers.Attention \"a\"] null in the list mask came with Keras 3.4.0"));
    const Json kwargs = config_for_version(call, {3, 4, 0})["inbound_nodes"][0]["kwargs"];
    CHECK(kwargs.contains("mask"));
    CHECK_FALSE(kwargs.contains("attention_mask"));
    CHECK(kwargs.contains("seed"));
    const Json part = Json::parse(R"({"module": "keras.src.ops.numpy", "class_name": "GetItem", "config": {"name": "g"},
        "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__"}, [{"class_name": "__slice__"}, 1]], "kwargs": {}}]})");
    CHECK(says(message_of([&] { config_for_version(part, {3, 1, 1}); }), "a key of several parts came with Keras 3.2.0"));
    CHECK(config_for_version(part, {3, 2, 0})["inbound_nodes"] == part["inbound_nodes"]);

    const Tensor a = Input({.shape = {3}}), b = Input({.shape = {3}});
    const Model nested(Structure::List{Structure(a), Structure::List{Structure(b)}}, a + b, "nested");
    CHECK(says(refusal(nested, "3.3.0"), "[src.models.functional.Functional \"nested\"] input_layers nested deeper than a list or a dict came with Keras 3.4.0"));
    CHECK(refusal(nested, "3.4.0") == "");
}

TEST_CASE("what an older Keras cannot do is refused, and no file is written") {
    const TemporaryFolder folder;
    const Tensor x = Input({.shape = {6, 8}});
    const auto attention = [&](layers::MultiHeadAttentionConfig config) {
        config.name = "attention";
        return Model(x, layers::MultiHeadAttention(config)({x, x}), "model");
    };
    const Model gated = attention({.num_heads = 2, .key_dim = 4, .use_gate = true});
    CHECK(refusal(gated, "3.13.2") == "[layers.MultiHeadAttention \"model/attention\"] use_gate came with Keras 3.14.0 and cannot be saved for keras_version=3.13.2. Received: use_gate=true");
    CHECK(refusal(gated, "3.14.0") == "");
    const auto shaped = [&](Shape shape) { return attention({.num_heads = 2, .key_dim = 4, .output_shape = shape}); };
    CHECK(saved_config(shaped({5}), "3.6.0")["config"]["layers"][1]["config"]["output_shape"] == Json(5));
    CHECK(saved_config(shaped({5}), "3.7.0")["config"]["layers"][1]["config"]["output_shape"] == Json::array({5}));
    CHECK(says(refusal(shaped({5, 2}), "3.6.0"), "an output_shape of several dimensions came with Keras 3.7.0"));
    CHECK(says(refusal(attention({.num_heads = 2, .key_dim = 4, .seed = 7}), "3.3.0"), "seed came with Keras 3.4.0"));

    const auto sequential = [](const Layer& layer) { return Sequential({layers::Input({.shape = {4}}), layer}, "model"); };
    CHECK(says(refusal(sequential(layers::RMSNormalization({.name = "norm"})), "3.8.0"), "[layers.RMSNormalization \"model/norm\"] the class came with Keras 3.9.0"));
    CHECK(refusal(sequential(layers::RMSNormalization()), "3.9.0") == "");
    CHECK(says(refusal(sequential(layers::Dense({.units = 2, .activation = "celu", .name = "d"})), "3.6.0"), "[layers.Dense \"model/d\"] activation=\"celu\" came with Keras 3.7.0"));
    const Model inner = sequential(Sequential({layers::Input({.shape = {4}}), layers::Activation({.activation = "sparsemax", .name = "a"})}, "inner"));
    CHECK(says(refusal(inner, "3.7.0"), "[layers.Activation \"model/inner/a\"]"));

    const Model compiled = sequential(layers::Dense({.units = 2}));
    compiled.compile({.optimizer = "lamb", .loss = "mse"});
    CHECK(says(refusal(compiled, "3.4.1"), "[optimizers.Lamb \"model/lamb\"] the class came with Keras 3.5.0"));
    compiled.compile({.optimizer = "adam", .loss = "dice"});
    CHECK(says(refusal(compiled, "3.1.1"), "[compile \"model\"] loss=\"dice\" came with Keras 3.2.0"));
    compiled.compile({.optimizer = "adam", .loss = "mse", .metrics = {"pearson_correlation"}});
    CHECK(says(refusal(compiled, "3.6.0"), "came with Keras 3.7.0"));

    const auto path = (folder.path / "m.keras").string();
    CHECK_THROWS_AS(gated.save(path, {.keras_version = "3.3.0"}), ValueError);
    CHECK(std::filesystem::is_empty(folder.path));
    CHECK(says(message_of([&] { mlp().save((folder.path / "m.h5").string(), {.keras_version = "3.3.0"}); }), "keras_version needs a .keras file"));
}

TEST_CASE("versions") {
    CHECK(parse_keras_version("3.3.1") == KerasVersion{3, 3, 1});
    CHECK(parse_keras_version("3.10") == KerasVersion{3, 10, 0});
    CHECK(parse_keras_version("3.15.2") == written_keras_version);   // which reads what 3.15.1 writes
    CHECK(parse_keras_version("3.99.0") == written_keras_version);
    for (const char* text : {"2.15", "2.15.0", "4.0"})
        CHECK(says(message_of([&] { parse_keras_version(text); }), str("must be one of Keras 3, whose files these are. Received: keras_version=\"", text, "\"")));
    for (const char* text : {"", "abc", "3", "3.", "3.3.", "3.3.0.0", "3.-3.0", "-3.3", "3.3.0rc1", " 3.3", "3.99999999999", "v3.3"})
        CHECK(says(message_of([&] { parse_keras_version(text); }), str("must be a version such as \"3.3.0\". Received: keras_version=\"", text, "\"")));
}
