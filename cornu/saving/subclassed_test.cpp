// Models that are classes of one's own: written, found by their registered name, built again, and the
// same model after it.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "cornu/layers/layers.h"
#include "cornu/ops/elementwise.h"
#include "cornu/optimizers/sgd.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/keras_file.h"
#include "cornu/saving/weights_file.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "cornu/testing/temporary_folder.h"
#include "tests/golden.h"

using namespace cornu;
using testing::difference;

namespace {

struct TowerConfig {
    int64_t width = 3;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<TowerConfig>& s) {
        layers::describe_layer(s);
        s.field<&TowerConfig::width>("Units of the hidden layer.");
    }
};

// Its layers have no weights until the first call.
class Tower final : public layers::ConfiguredLayer<TowerConfig, CustomModel> {
public:
    explicit Tower(TowerConfig config) : ConfiguredLayer("Tower", std::move(config)) {
        hidden_ = track("hidden", layers::Dense({.units = config_.width, .activation = "relu"}));
        norm_ = track("norm", layers::BatchNormalization());
        head_ = track("head", layers::Dense({.units = 2}));
    }
    Tensor call(const Tensor& x, const Call& call) override { return head_(norm_(hidden_(x), {.training = call.training})); }

private:
    using CustomModel::call;
    Layer hidden_, norm_, head_;
};

// Builds all by itself, and has a call that no trace can follow.
class Stubborn final : public layers::ConfiguredLayer<TowerConfig, CustomModel> {
public:
    explicit Stubborn(TowerConfig config) : ConfiguredLayer("Stubborn", std::move(config)) {}
    void build(const Shape& input) override { w_ = add_weight({.name = "w", .shape = {input.back()}}); }
    Tensor call(const Tensor& x, const Call&) override {
        const float first = x.to_vector<float>()[0];
        return x * Tensor(w_) + static_cast<double>(first);
    }

private:
    using CustomModel::build;
    using CustomModel::call;
    Variable w_;
};

Tensor data(const Shape& shape) {
    std::vector<float> values(static_cast<size_t>(shape.size()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(static_cast<int>(i * 7 % 11) - 5) / 4.0f;
    return Tensor::from(values, shape);
}

Model tower(TowerConfig config = {}) { return model<Tower>(std::move(config)); }
const PredictOptions silent{.verbose = Verbose::silent};

}  // namespace

TEST_CASE("a subclassed model from a file is the same model, and trains on") {
    Context context;
    const Context::Use use(context);
    random::set_random_seed(4);
    layers::register_layer<Tower>("mine>Tower");
    const testing::TemporaryFolder folder;
    const Model first = tower({.width = 5, .name = "tower"});
    const Tensor x = data({8, 4}), y = data({8, 2});
    first.compile({.optimizer = optimizers::SGD({.learning_rate = 0.1, .momentum = 0.9}), .loss = "mse"});
    first.fit(x, y, {.batch_size = 4, .epochs = 2, .verbose = Verbose::silent, .shuffle = false});

    const std::string file = folder.path / "tower.keras";
    first.save(file);
    const Model again = load_model(file);
    CHECK(again.impl().class_name() == "Tower");
    CHECK(again.get_config() == first.get_config());
    CHECK(again.weights().size() == 8);
    CHECK(difference(again.predict(x, silent), first.predict(x, silent), 0) == "");
    // The optimizer's momentum came along: the next step is the same.
    CHECK(again.train_on_batch(x, y)["loss"] == first.train_on_batch(x, y)["loss"]);
    for (size_t i = 0; i < 8; ++i) CHECK(difference(again.get_weights()[i], first.get_weights()[i], 0) == "");
}

TEST_CASE("a subclassed model takes weights once it is built, and has none to write before") {
    Context context;
    const Context::Use use(context);
    layers::register_layer<Tower>("mine>Tower");
    const testing::TemporaryFolder folder;
    const std::string weights = folder.path / "tower.weights.h5", file = folder.path / "unbuilt.keras";
    const Tensor x = data({3, 4});
    const Model first = tower();
    CHECK_THROWS_AS(first.save_weights(weights), ValueError);
    CHECK_FALSE(std::filesystem::exists(weights));
    first(x);
    first.save_weights(weights);
    const Model second = tower();
    CHECK_THROWS_AS(second.load_weights(weights), ValueError);
    CHECK(difference(second(x), first(x), 1e-3) != "");
    second.load_weights(weights);
    CHECK(difference(second(x), first(x), 0) == "");

    // Never built: the architecture alone, built by whoever calls it first.
    tower({.width = 7}).save(file);
    const Model unbuilt = load_model(file);
    CHECK_FALSE(unbuilt.built());
    CHECK(unbuilt.weights().empty());
    CHECK(unbuilt(x).shape() == Shape{3, 2});
    CHECK(unbuilt.weights()[0].shape() == Shape{4, 7});
}

TEST_CASE("a subclassed model is cloned, nested in another and named when nobody registered it") {
    Context context;
    const Context::Use use(context);
    layers::register_layer<Tower>("mine>Tower");
    const testing::TemporaryFolder folder;
    const Model first = tower({.width = 4});
    const Tensor x = data({3, 4});
    first(x);
    const Model copy = clone_model(first);
    copy.set_weights(first.get_weights());
    CHECK(difference(copy(x), first(x), 0) == "");
    CHECK_THROWS_WITH_AS(clone_model(first, {.clone_function = [](const Layer& layer) { return layer; }}), doctest::Contains("Tower"), ValueError);

    const Tensor in = Input({.shape = {4}});
    const Model outer(in, first(in) * 2.0);
    const std::string file = folder.path / "outer.keras";
    outer.save(file);
    CHECK(difference(load_model(file).predict(x, silent), outer.predict(x, silent), 0) == "");

    Context other;
    const Context::Use elsewhere(other);
    CHECK_THROWS_WITH_AS(load_model(file), doctest::Contains("mine>Tower"), FileError);
}

TEST_CASE("a model that no trace can follow is built by its own build()") {
    Context context;
    const Context::Use use(context);
    layers::register_layer<Stubborn>("mine>Stubborn");
    const testing::TemporaryFolder folder;
    const std::string file = folder.path / "stubborn.keras";
    const Model first = model<Stubborn>(TowerConfig{});
    const Tensor x = data({2, 3});
    first(x);
    first.save(file);
    CHECK(difference(load_model(file)(x), first(x), 0) == "");
}

TEST_CASE("a subclassed model that Keras wrote; files for the oracle") {
    Context context;
    const Context::Use use(context);
    layers::register_layer<Tower>("mine>Tower");
    const testing::Golden golden(golden_path("formats.zip"));
    const Json& row = golden.find("subclassed");
    const auto check_weights = [&](const Model& model, const Json& wanted, double t) {
        const Variables weights = model.weights();
        REQUIRE(weights.size() == wanted.size());
        for (size_t i = 0; i < weights.size(); ++i) CHECK(difference(weights[i].value(), golden.tensor(wanted[i]["value"]), t) == "");
    };
    const Tensor x = golden.tensor(row["x"]), y = golden.tensor(row["y"]);
    saving::LoadReport report;
    const Model model = saving::load_model(golden.file(row["keras"]), {.report = &report});
    CHECK(report.to_string() == "");
    check_weights(model, row["weights"], 0);
    CHECK(difference(model.predict(x, silent), golden.tensor(row["predictions"]), 1e-5) == "");
    const testing::TemporaryFolder temporary;
    const char* given = std::getenv("CORNU_WRITE_FILES");
    const std::filesystem::path folder = given ? std::filesystem::path(given) : temporary.path;
    model.save(folder / "subclassed.keras");
    model.save_weights(folder / "subclassed.weights.h5");
    check_weights(load_model(folder / "subclassed.keras"), row["weights"], 0);

    CHECK(model.train_on_batch(x, y)["loss"] == doctest::Approx(row["next"]["loss"].as_double()).epsilon(1e-5));
    check_weights(model, row["next"]["weights"], 1e-5);
    const std::string file = temporary.path / "weights.weights.h5";
    const auto recorded = golden.file(row["weights_h5"]);
    const auto bytes = recorded.bytes();
    std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    model.load_weights(file);
    check_weights(model, row["weights"], 0);
}
