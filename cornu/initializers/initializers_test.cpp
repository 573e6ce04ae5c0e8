// Initializers, seeds and their order of draws against what Keras on JAX recorded.
#include "cornu/initializers/initializers.h"

#include <doctest/doctest.h>

#include "cornu/random/seed_generator.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"

using namespace cornu;

namespace {

const testing::Golden& golden() {
    static const testing::Golden recorded(std::string(CORNU_SOURCE_DIR) + "/tests/golden/random.zip");
    return recorded;
}

Initializer read(const Json& config) {
    Initializer initializer;
    Codec<Initializer>::decode(config, initializer);
    initializer.resolve();
    return initializer;
}

Shape shape_of(const Json& json) {
    Shape shape;
    Codec<Shape>::decode(json, shape);
    return shape;
}

// Bit for bit, but for what a QR decomposition or cosines make.
double tolerance(const std::string& name) { return name == "Orthogonal" || name == "STFT" ? 1e-6 : 0; }

struct Fresh {
    explicit Fresh(int64_t seed) : use(context) { random::set_random_seed(seed); }
    Context context;
    Context::Use use;
};

}  // namespace

TEST_CASE("initializers give the values that Keras gives") {
    int checked = 0;
    for (const Json& item : golden().cases()) {
        if (item["kind"] != Json("initializer")) continue;
        const std::string& name = item["config"]["class_name"].as_string();
        if (item["name"] == Json("Identity_4_None_float32")) continue;   // its config lost the gain
        const Fresh fresh(0);
        const Initializer initializer = read(item["config"]);
        const DType dtype = parse_dtype(item["dtype"].as_string());
        const auto& shapes = item["shapes"].as_array();
        const Tensors outputs = golden().tensors(item["outputs"]);
        for (size_t i = 0; i < shapes.size(); ++i) {
            const Tensor values = initializer(shape_of(shapes[i]), dtype);
            CHECK(values.dtype() == dtype);
            CHECK_MESSAGE(testing::near(values, outputs[i], tolerance(name)),
                          item["name"].as_string(), ": ", testing::difference(values, outputs[i], tolerance(name)));
        }
        CHECK(Codec<Initializer>::encode(initializer) == item["config"]);
        ++checked;
    }
    CHECK(checked > 60);
}

TEST_CASE("unseeded initializers draw their seeds when they are made, in order") {
    for (const Json& item : golden().cases()) {
        if (item["kind"] != Json("default_seed")) continue;
        const Fresh fresh(item["random_seed"].as_int());
        const Json config = Json::object({{"class_name", item["class_name"]}, {"config", item["config"]}});
        const Initializer first = read(config), second = read(config);
        const Shape shape = shape_of(item["shape"]);
        const std::string& name = item["class_name"].as_string();
        const double t = tolerance(name);
        CHECK_MESSAGE(testing::near(first(shape), golden().tensor(item["first"]), t), item["name"].as_string());
        CHECK_MESSAGE(testing::near(first(shape), golden().tensor(item["again"]), t), item["name"].as_string());
        CHECK_MESSAGE(testing::near(second(shape), golden().tensor(item["second"]), t), item["name"].as_string());
    }
}

TEST_CASE("seed generators move on as Keras's") {
    for (const Json& item : golden().cases()) {
        if (item["kind"] == Json("seed_generator")) {
            const Fresh fresh(item["seed"].as_int());
            const random::SeedGenerator generator(item["seed"].as_int());
            for (const Json& expected : item["ordered"].as_array())
                CHECK(generator.next().to_vector<uint32_t>() == golden().tensor(expected).to_vector<uint32_t>());
        }
        if (item["kind"] == Json("set_random_seed")) {
            Fresh fresh(item["seed"].as_int());
            for (const Json& expected : item["randint_1_to_1e9"].as_array()) CHECK(random::make_default_seed() == expected.as_int());
        }
    }
}

TEST_CASE("names find initializers, mistakes are explained") {
    Initializer initializer = "he_normal";
    initializer.resolve();
    CHECK(initializer.shared()->class_name() == "HeNormal");
    CHECK_THROWS_WITH_AS(Initializer("nonsense").resolve(), doctest::Contains("could not interpret initializer identifier: nonsense"), ValueError);
    CHECK_THROWS_AS(initializers::VarianceScaling({.scale = -1}), ValueError);
    CHECK_THROWS_AS(initializers::VarianceScaling({.mode = "fan_out_in"}), ValueError);
    CHECK(initializers::Identity({.gain = 0.5})({1, 2}).to_vector<float>() == std::vector<float>{0.5f, 0});
    CHECK_THROWS_AS(initializers::Identity()({2, 3, 4}), ShapeError);
    CHECK_THROWS_AS(initializers::Orthogonal({.seed = 1})({4}), ShapeError);
    CHECK_THROWS_AS(initializers::RandomUniform({.seed = 1})({4}, DType::int32), DTypeError);
    CHECK_THROWS_AS(initializers::STFT()({8, 5}), ShapeError);
    CHECK_THROWS_WITH_AS(initializers::STFT({.window = "kaiser"}), doctest::Contains("window"), ValueError);
    CHECK_THROWS_AS(initializers::STFT({.side = "both"}), ValueError);
    CHECK_THROWS_AS(random::set_random_seed(-1), ValueError);
}

TEST_CASE("the config of an unseeded initializer draws nothing") {
    const Fresh fresh(42);
    Codec<Initializer>::encode("glorot_uniform");
    const int64_t seed = random::make_default_seed();
    random::set_random_seed(42);
    CHECK(seed == random::make_default_seed());
}
