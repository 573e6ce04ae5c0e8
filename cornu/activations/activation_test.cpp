#include "cornu/activations/activation.h"

#include <doctest/doctest.h>

#include "cornu/autodiff/tape.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"

using namespace cornu;

TEST_CASE("activations by name and their gradients are Keras's") {
    const testing::Golden golden(std::string(CORNU_SOURCE_DIR) + "/tests/golden/parts.zip");
    const auto names = activations::names();
    int checked = 0;
    for (const Json& item : golden.cases()) {
        if (item["kind"] != Json("activation") || item["arguments"].size() > 0) continue;
        const std::string& name = item["function"].as_string();
        if (std::find(names.begin(), names.end(), name) == names.end()) continue;
        INFO(item["name"].as_string());
        const Activation activation(name);
        const Tensor x = golden.tensor(item["x"]), expected = golden.tensor(item["output"]);
        GradientTape tape;
        const Tensor y = activation(x);
        CHECK_MESSAGE(testing::near(y, expected, 1e-5), testing::difference(y, expected, 1e-5));
        const Tensor gradient = activation.linear() ? golden.tensor(item["cotangent"]) : tape.gradient(Tensors{y}, {x}, {golden.tensor(item["cotangent"])})[0];
        CHECK_MESSAGE(testing::near(gradient, golden.tensor(item["gradient"]), 1e-5), testing::difference(gradient, golden.tensor(item["gradient"]), 1e-5));
        ++checked;
    }
    CHECK(checked >= 50);
}

TEST_CASE("activations in configs") {
    CHECK(Codec<Activation>::encode(Activation()) == Json("linear"));
    CHECK(Codec<Activation>::encode("swish") == Json("silu"));
    Activation activation;
    Codec<Activation>::decode(Json("relu"), activation);
    CHECK(activation.name() == "relu");
    Codec<Activation>::decode(Json(), activation);
    CHECK(activation.linear());
    CHECK_THROWS_WITH_AS(Activation("warp"), doctest::Contains("Could not interpret activation function identifier: warp"), ValueError);
    CHECK_THROWS_AS(Codec<Activation>::encode(Activation([](const Tensor& x) { return x; })), ValueError);
}

TEST_CASE("an activation of one's own is found by its registered name") {
    CHECK_THROWS_AS(activations::register_activation("twice", {}), ValueError);
    activations::register_activation("mine>same", [](const Tensor& x) { return x; });
    const Json json = Codec<Activation>::encode(Activation("mine>same"));
    Activation read;
    Codec<Activation>::decode(json, read);
    CHECK(read.name() == "mine>same");
    CHECK_FALSE(read.linear());
}
