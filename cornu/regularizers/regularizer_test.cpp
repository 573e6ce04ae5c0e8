#include "cornu/regularizers/regularizer.h"

#include <doctest/doctest.h>

#include "cornu/autodiff/tape.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"

using namespace cornu;

TEST_CASE("regularizers and their gradients are Keras's") {
    const testing::Golden golden(std::string(CORNU_SOURCE_DIR) + "/tests/golden/parts.zip");
    int checked = 0;
    for (const Json& item : golden.cases()) {
        if (item["kind"] != Json("regularizer")) continue;
        INFO(item["name"].as_string());
        Regularizer regularizer;
        Codec<Regularizer>::decode(item["config"], regularizer);
        CHECK(Codec<Regularizer>::encode(regularizer) == item["config"]);
        const Tensor x = golden.tensor(item["x"]);
        GradientTape tape;
        const Tensor value = regularizer(x);
        CHECK_MESSAGE(testing::near(value, golden.tensor(item["value"]), 1e-5), testing::difference(value, golden.tensor(item["value"]), 1e-5));
        Tensor gradient = tape.gradient(value, Tensors{x})[0];
        if (!gradient.defined()) gradient = Tensor::full(x.shape(), 0);
        CHECK_MESSAGE(testing::near(gradient, golden.tensor(item["gradient"]), 1e-5), testing::difference(gradient, golden.tensor(item["gradient"]), 1e-5));
        ++checked;
    }
    CHECK(checked == 8);
}

TEST_CASE("regularizers by name; mistakes are explained") {
    CHECK(Regularizer("l1_l2").shared()->class_name() == "L1L2");
    CHECK_FALSE(Regularizer().function());
    CHECK_THROWS_WITH_AS(Regularizer("l3"), doctest::Contains("could not interpret regularizer identifier: l3"), ValueError);
    CHECK_THROWS_WITH_AS(regularizers::L2({.l2 = -1}), doctest::Contains("Received: l2=-1"), ValueError);
    CHECK_THROWS_AS(regularizers::OrthogonalRegularizer({.mode = "both"}), ValueError);
    CHECK_THROWS_AS(regularizers::OrthogonalRegularizer()(Tensor::full({2, 2, 2}, 1)), ShapeError);
}
