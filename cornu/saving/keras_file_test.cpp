// `.keras` files of the real Keras: read, run, trained further, written again. The files written here
// are read by Keras in tools/oracle/check_written_models.py.
#include <doctest/doctest.h>

#include "cornu/saving/keras_file.h"

#include <cstdlib>
#include <functional>

#include "cornu/layers/layers.h"
#include "cornu/layers/stored_state.h"
#include "cornu/models/model_config.h"
#include "cornu/ops/elementwise.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/files_for_tests.h"
#include "cornu/saving/hdf5.h"
#include "cornu/saving/sink.h"
#include "cornu/saving/stored_weights.h"
#include "cornu/saving/weights_file.h"
#include "cornu/saving/zip.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"
#include "tests/messages.h"

using namespace cornu;
using cornu::testing::difference;
using cornu::testing::Golden;

namespace {

const Golden& models() {
    static const Golden golden(golden_path("models.zip"));
    return golden;
}

// Without what says nothing about the model: which objects happened to be one in memory, and call
// arguments that are null, which Keras writes for some calls and not for others.
Json without_ids(Json json) {
    if (json.is_array())
        for (Json& item : json.as_array()) item = without_ids(std::move(item));
    if (json.is_object()) {
        std::erase_if(json.as_object(), [](const Json::Member& m) { return m.first == "shared_object_id"; });
        for (auto& [key, item] : json.as_object()) {
            if (key == "kwargs" && item.is_object()) std::erase_if(item.as_object(), [](const Json::Member& m) { return m.second.is_null(); });
            item = without_ids(std::move(item));
        }
    }
    return json;
}

Json config_in(const saving::ByteSource& file) {
    const saving::ByteSource text = saving::ZipReader(file).open("config.json");
    return Json::parse(text.text(0, text.size()));
}

std::string first_difference(const Json& a, const Json& b, const std::string& path = "") {
    if (a == b) return "";
    if (a.is_object() && b.is_object()) {
        for (const auto& [key, item] : a.as_object()) {
            if (!b.contains(key)) return path + "/" + key + " is new";
            if (const std::string inner = first_difference(item, b[key], path + "/" + key); !inner.empty()) return inner;
        }
        for (const auto& [key, item] : b.as_object())
            if (!a.contains(key)) return path + "/" + key + " is gone";
    }
    if (a.is_array() && b.is_array() && a.size() == b.size())
        for (size_t i = 0; i < a.size(); ++i)
            if (const std::string inner = first_difference(a[i], b[i], path + "/" + std::to_string(i)); !inner.empty()) return inner;
    return str(path, ": ", a.dump(), " instead of ", b.dump());
}

Tensors predictions(const Model& model, const Tensors& x) {
    return model.predict(model.input().pack(x), {.batch_size = 8, .verbose = Verbose::silent}).flatten();
}

void check_close(const Tensors& got, const Tensors& wanted, double t) {
    REQUIRE(got.size() == wanted.size());
    for (size_t i = 0; i < got.size(); ++i) CHECK(difference(got[i], wanted[i], t) == "");
}

// A file like `file` with another config, compressed not at all.
saving::ByteSource with_config(const saving::ByteSource& file, const std::string& config) {
    const saving::ZipReader zip(file);
    saving::MemorySink sink;
    saving::ZipWriter writer(sink);
    writer.add("metadata.json", std::string_view("{}"));
    writer.add("config.json", std::string_view(config));
    writer.add("model.weights.h5", zip.open("model.weights.h5").bytes());
    writer.finish();
    return saving::ByteSource::own("changed.keras", sink.take());
}

// The config of the recorded two-input model after `change`, loaded.
std::string refusal(const std::function<void(Json&)>& change, const char* name = "two_inputs_sgd") {
    const saving::ByteSource file = models().file(models().find(name)["model"]);
    Json config = config_in(file);
    change(config);
    return message_of([&] { saving::load_model(with_config(file, config.dump())); });
}
Json& layer_of(Json& config, const std::string& name) {
    for (Json& layer : config.find("config")->find("layers")->as_array())
        if (layer.find("config")->get("name") == Json(name)) return layer;
    throw ValueError("no layer " + name);
}

}  // namespace

TEST_CASE("every recorded model loads, has Keras's config and predicts as Keras does") {
    for (const Json& row : models().cases()) {
        CAPTURE(row["name"].as_string());
        const Tensors x = models().tensors(row["x"]);
        for (const char* state : {"initial", "final"}) {
            CAPTURE(state);
            const bool final = std::string(state) == "final";
            const saving::ByteSource file = models().file(final ? row["final"]["model"] : row["model"]);
            saving::LoadReport report;
            const Model model = saving::load_model(file, {.report = &report});
            CHECK((report.unexpected.empty() && report.mismatched.empty()));
            // Keras writes the slots of an optimizer only once it has been used.
            for (const saving::LoadReport::Entry& missing : report.missing) CHECK((!final && missing.place.starts_with("optimizer/vars/")));
            CHECK(model.count_params() == row["summary"]["parameters"].as_int());
            CHECK(first_difference(without_ids(saving::model_config(model)), without_ids(config_in(file))) == "");
            const Variables weights = model.weights();
            REQUIRE(weights.size() == row[state]["weights"].size());
            for (size_t i = 0; i < weights.size(); ++i) {
                // In a model just made the path begins with its name; in one from a file it does not.
                const std::string wanted = row[state]["weights"][i]["path"].as_string();
                CHECK((wanted == weights[i].path() || wanted == model.name() + "/" + weights[i].path()));
                CHECK(difference(weights[i].value(), models().tensor(row[state]["weights"][i]["value"]), 0) == "");
            }
            check_close(predictions(model, x), models().tensors(row[state]["predictions"]), 1e-5);
            if (!final) continue;
            const Variables& slots = model.optimizer().impl().variables();
            REQUIRE(slots.size() == row["final"]["optimizer"].size());
            for (size_t i = 0; i < slots.size(); ++i) {
                const Tensor wanted = models().tensor(row["final"]["optimizer"][i]["value"]);
                CHECK(difference(ops::cast(slots[i].value(), wanted.dtype()), wanted, 0) == "");
            }
        }
    }
}

TEST_CASE("training goes on from a file as in Keras") {
    for (const Json& row : models().cases()) {
        CAPTURE(row["name"].as_string());
        const Model model = saving::load_model(models().file(row["model"]));
        const auto outputs = [&](const Json& references) {
            const Tensors flat = models().tensors(references);
            return flat.empty() ? Structure() : model.output().pack(flat);
        };
        const Structure x = model.input().pack(models().tensors(row["x"])), y = outputs(row["y"]);
        FitOptions options{.batch_size = row["batch_size"].as_int(), .epochs = row["epochs"].as_int(), .verbose = Verbose::silent,
                           .validation_split = row["validation_split"].as_double(), .shuffle = row["shuffle"].as_bool(), .sample_weight = outputs(row["sample_weight"])};
        for (const auto& [label, weight] : row["class_weight"].as_object()) options.class_weight[std::stoll(label)] = weight.as_double();
        if (const Json& v = row["validation"]; !v.is_null())
            options.validation_data = Data(model.input().pack(models().tensors(v["x"])), outputs(v["y"]), outputs(v["sample_weight"]));
        random::set_random_seed(row["seed"].as_int());
        const History history = model.fit(x, y, options);
        CHECK(history.history.size() == row["history"].size());
        // Where Adam amplifies noise, Keras jitted and eager differ as much: recorded for weights, and
        // for the predictions of such a model measured at 1.4e-3.
        double noise = 0;
        if (const Json& differences = row.get("self_difference"); differences.is_array())
            for (const Json& item : differences.as_array()) noise = std::max(noise, item["close_at"].as_double());
        const double t = noise > 1e-4 ? 4.5e-3 : 1e-4;
        for (const auto& [name, wanted] : row["history"].as_object()) {
            CAPTURE(name);
            const std::vector<double>& got = history[name];
            REQUIRE(got.size() == wanted.size());
            for (size_t i = 0; i < got.size(); ++i) CHECK(std::abs(got[i] - wanted[i].as_double()) <= 2 * t * std::abs(wanted[i].as_double()));
        }
        check_close(predictions(model, models().tensors(row["x"])), models().tensors(row["final"]["predictions"]), t);
    }
}

TEST_CASE("a saved model is the same model again; files for the oracle") {
    const char* folder = std::getenv("CORNU_WRITE_FILES");
    const saving::test::TemporaryFolder temporary;
    const std::filesystem::path to = folder ? std::filesystem::path(folder) : temporary.path;
    for (const Json& row : models().cases()) {
        const std::string name = row["name"].as_string();
        CAPTURE(name);
        const Model model = saving::load_model(models().file(row["final"]["model"]));
        const std::filesystem::path path = to / (name + ".keras"), weights = to / (name + ".weights.h5");
        model.save(path);
        model.save_weights(weights);
        const Model again = load_model(path);
        CHECK(saving::model_config(again) == saving::model_config(model));
        check_close(predictions(again, models().tensors(row["x"])), predictions(model, models().tensors(row["x"])), 0);
        const Variables a = model.optimizer().impl().variables(), b = again.optimizer().impl().variables();
        REQUIRE(a.size() == b.size());
        for (size_t i = 0; i < a.size(); ++i) CHECK(difference(a[i].value(), b[i].value(), 0) == "");

        const Model other = saving::load_model(models().file(row["model"]));
        CHECK(saving::load_weights(other, weights).to_string() == "");
        check_close(predictions(other, models().tensors(row["x"])), predictions(model, models().tensors(row["x"])), 0);
    }
}

TEST_CASE("a model without its training") {
    const Model model = saving::load_model(models().file(models().find("two_inputs_adam")["final"]["model"]), {.compile = false});
    CHECK_FALSE(model.model_impl().compiled());
}

TEST_CASE("configs that lie are refused with the place") {
    CHECK(refusal([](Json&) {}) == "");
    CHECK(says(refusal([](Json& c) { c = Json::array(); }), "config.json"));
    CHECK(says(refusal([](Json& c) { c.set("class_name", "Nobody"); }), "Could not locate class 'Functional'"));
    const auto lambda = [](Json& c) {
        layer_of(c, "urgent").set("class_name", "Lambda");
        layer_of(c, "urgent").set("config", Json::parse(R"({"name": "urgent", "function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}})"));
    };
    CHECK(says(refusal(lambda), "layer 'urgent': "));
    CHECK(says(refusal(lambda), "is a Python lambda, whose code a file may not bring along"));
    CHECK(says(refusal([](Json& c) { layer_of(c, "urgent").set("class_name", "Densest"); }), "layer 'urgent': Could not locate class 'keras.layers.Densest'"));
    CHECK(says(refusal([](Json& c) { layer_of(c, "relu").set("class_name", "Rulo"); }), "layer 'relu': the operation keras.src.ops.nn.Rulo is not known"));
    CHECK(says(refusal([](Json& c) { layer_of(c, "urgent").find("config")->set("units", -1); }), "units"));
    CHECK(says(refusal([](Json& c) { layer_of(c, "urgent").find("config")->set("units", "many"); }), "units"));
    CHECK(says(refusal([](Json& c) { layer_of(c, "urgent").find("config")->set("wings", 2); }), "wings"));
    CHECK(says(refusal([](Json& c) { layer_of(c, "urgent").find("config")->set("units", int64_t(1) << 40); }), "larger than all that the file holds"));
    CHECK(says(refusal([](Json& c) { layer_of(c, "urgent").find("config")->set("units", 2); }), "larger than all that the file holds"));
    CHECK(says(refusal([](Json& c) { layer_of(c, "group").find("config")->set("use_bias", false); }), "unexpected: layers/dense_2/vars/1"));
    CHECK(says(refusal([](Json& c) { layer_of(c, "urgent").set("name", "group"); }), "'group'"));
    CHECK(says(refusal([](Json& c) {
        Json& layers = *c.find("config")->find("layers");
        layers.push_back(layers[0]);
    }), "The name \"left\" is used 2 times"));
    // The graph.
    const auto history = [](Json& c, const char* layer) -> Json& {
        return layer_of(c, layer).find("inbound_nodes")->as_array()[0].find("args")->as_array()[0].find("config")->find("keras_history")->as_array()[0];
    };
    const auto node = [](Json& c, const char* layer) -> Json& { return layer_of(c, layer).find("inbound_nodes")->as_array()[0]; };
    CHECK(says(refusal([&](Json& c) { history(c, "urgent") = "nobody"; }), "layer 'urgent', inbound node 0: Unknown layer: nobody"));
    CHECK(says(refusal([&](Json& c) { history(c, "urgent") = 7; }), "layer 'urgent', inbound node 0"));
    CHECK(says(refusal([&](Json& c) { history(c, "relu") = "relu_1"; }), "either has loops or disconnected nodes"));
    CHECK(says(refusal([&](Json& c) { history(c, "tanh") = "tanh"; }), "either has loops or disconnected nodes"));
    CHECK(says(refusal([&](Json& c) { node(c, "urgent") = Json(); }), "layer 'urgent', inbound node 0"));
    CHECK(says(refusal([&](Json& c) { node(c, "urgent").set("args", Json::array()); }), "a call must have an input"));
    CHECK(says(refusal([&](Json& c) { node(c, "get_item").find("args")->as_array().pop_back(); }), "must have its key"));
    CHECK(says(refusal([&](Json& c) { node(c, "add_1").find("args")->as_array().pop_back(); }), "takes 2 tensors. Received: 1"));
    CHECK(says(refusal([&](Json& c) { c.find("config")->set("output_layers", Json::array({Json::array({"nobody", 0, 0})})); }), "Unknown layer: nobody"));
    CHECK(says(refusal([&](Json& c) { c.find("config")->set("output_layers", Json::array({Json::array({"urgent", 5, 0})})); }), "node index out of bounds"));
    CHECK(says(refusal([&](Json& c) { c.find("config")->set("output_layers", Json::array()); }), "cannot be empty"));
    CHECK(says(refusal([&](Json& c) { c.find("config")->set("input_layers", Json::array({Json::array({"left", 0, 0})})); }), "Graph disconnected"));
    CHECK(says(refusal([](Json& c) { c.find("compile_config")->set("loss", "nonsense"); }), "compile_config"));
    CHECK(says(refusal([](Json& c) { c.find("config")->find("layers")->as_array()[1].find("config")->set("units", -3); }, "mlp_sgd"), "units"));
}

TEST_CASE("deep and long configs neither crash nor hang") {
    const saving::ByteSource file = models().file(models().find("mlp_sgd")["model"]);
    std::string deep = R"({"class_name": "Sequential", "module": "keras", "registered_name": null, "config": {"name": "x", "layers": [)";
    std::string text, end;
    for (int i = 0; i < 10'000; ++i) {
        text += deep;
        end += "]}}";
    }
    CHECK(says(message_of([&] { saving::load_model(with_config(file, text + end)); }), "config.json"));

    // A chain of 20,000 ops, written last to first: each waits for the next.
    Json layers = Json::array();
    const int64_t length = 20'000;
    for (int64_t i = length; i-- > 0;) {
        const std::string before = i == 0 ? "in" : "relu_" + std::to_string(i - 1), name = "relu_" + std::to_string(i);
        const Json tensor = Json::object({{"class_name", "__keras_tensor__"}, {"config", Json::object({{"shape", Json::array({Json(), 3})}, {"dtype", "float32"}, {"keras_history", Json::array({before, 0, 0})}})}});
        layers.push_back(Json::object({{"module", "keras.src.ops.nn"}, {"class_name", "Relu"}, {"config", Json::object({{"name", name}})}, {"registered_name", "Relu"}, {"name", name},
                                       {"inbound_nodes", Json::array({Json::object({{"args", Json::array({tensor})}, {"kwargs", Json::object()}})})}}));
    }
    layers.push_back(Json::object({{"module", "keras.layers"}, {"class_name", "InputLayer"}, {"config", Json::object({{"batch_shape", Json::array({Json(), 3})}, {"dtype", "float32"}, {"name", "in"}})},
                                   {"registered_name", Json()}, {"name", "in"}, {"inbound_nodes", Json::array()}}));
    const Json config = Json::object({{"name", "long"}, {"trainable", true}, {"layers", layers}, {"input_layers", Json::array({Json::array({"in", 0, 0})})},
                                      {"output_layers", Json::array({Json::array({"relu_" + std::to_string(length - 1), 0, 0})})}});
    const auto model = functional_from_config(config);
    CHECK(model->output_names() == std::vector<std::string>{"relu_19999"});
}

TEST_CASE("files that are not what they seem") {
    const saving::ByteSource file = models().file(models().find("mlp_adam")["final"]["model"]);
    CHECK(says(message_of([&] { saving::load_model(saving::ByteSource::own("x.keras", {})); }), "x.keras"));
    saving::MemorySink sink;
    saving::ZipWriter writer(sink);
    writer.add("metadata.json", std::string_view("{}"));
    writer.finish();
    CHECK(says(message_of([&] { saving::load_model(saving::ByteSource::own("x.keras", sink.take())); }), "must hold config.json"));
    CHECK(says(message_of([&] { load_model("/nowhere/x.keras"); }), "/nowhere/x.keras"));
    const Model model = saving::load_model(file);
    CHECK(says(message_of([&] { model.save("model.zip"); }), "expected a `.keras` extension"));
    CHECK(says(message_of([&] { model.save("/nowhere/x.keras"); }), "/nowhere"));
    CHECK(says(message_of([&] { model.save_weights("x.h5"); }), "must end in `.weights.h5`"));
    // Weights of another model: what is wrong is listed, and nothing is changed.
    const saving::test::TemporaryFolder folder;
    const std::string path = folder.path / "cnn.weights.h5";
    saving::load_model(models().file(models().find("cnn_sgd")["model"])).save_weights(path);
    const Tensors before = model.get_weights();
    const std::string message = message_of([&] { model.load_weights(path); });
    CHECK(says(message, "mismatched: layers/dense/vars/0 (hidden/kernel): shape (24, 3) in the file, (6, 8) in the model"));
    CHECK(says(message, "unexpected: layers/conv2d/vars/0"));
    CHECK(says(message, "missing: layers/dense_1/vars/0"));
    check_close(model.get_weights(), before, 0);
}

namespace {

// One weight under two names, as TorchModuleWrapper has tied ones.
struct Named final : CustomLayer, StoredState {
    Variable w;
    std::string class_name() const override { return "Named"; }
    void build(const Shape& input) override { w = add_weight({.name = "w", .shape = {input.back()}, .initializer = "ones"}); }
    Tensor call(const Tensor& x, const Call&) override { return x * Tensor(w); }
    std::optional<std::vector<Item>> stored_variables() const override { return std::vector<Item>{{.variable = w, .name = "in.w"}, {.variable = w, .name = "out.w"}}; }
};

}  // namespace

TEST_CASE("a layer's variables may have names in files, one of them several") {
    const Tensor x = Input({.shape = {2}});
    const Layer named = layer<Named>();
    const Model model(x, named(x));
    named.set_weights({Tensor::from(std::vector<float>{3, 5})});
    const saving::test::TemporaryFolder folder;
    for (const char* file : {"w.weights.h5", "w.safetensors"}) {
        model.save_weights(folder.path / file);
        named.set_weights({Tensor::from(std::vector<float>{0, 0})});
        model.load_weights(folder.path / file);
        CHECK(named.get_weights()[0].to_vector<float>() == std::vector<float>{3, 5});
    }
    const auto root = saving::Hdf5Group::open(saving::ByteSource::open(folder.path / "w.weights.h5"), {});
    saving::StoredWeights stored{.file = "w", .arrays = {}, .names = {}};
    saving::add_hdf5(root, stored);
    CHECK(stored.arrays.size() == 2);
    CHECK(stored.arrays.contains("layers/named/vars/in.w"));
    CHECK(stored.arrays.contains("layers/named/vars/out.w"));
}

TEST_CASE("damaged .keras files end in an error or in a model") {
    const saving::ByteSource file = models().file(models().find("regression_sgd")["model"]);
    const size_t refused = saving::test::damage(saving::test::bytes_of(file), 97, [](saving::ByteSource damaged) {
        try {
            saving::load_model(damaged);
        } catch (const UnsupportedError& e) {
            throw FileError(e.what());
        }
    });
    CHECK(refused > 100);
}
