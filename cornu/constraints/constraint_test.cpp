#include "cornu/constraints/constraint.h"

#include <doctest/doctest.h>

#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"

using namespace cornu;

TEST_CASE("constraints are Keras's") {
    const testing::Golden golden(std::string(CORNU_SOURCE_DIR) + "/tests/golden/parts.zip");
    int checked = 0;
    for (const Json& item : golden.cases()) {
        if (item["kind"] != Json("constraint")) continue;
        INFO(item["name"].as_string());
        Constraint constraint;
        Codec<Constraint>::decode(item["config"], constraint);
        CHECK(Codec<Constraint>::encode(constraint) == item["config"]);
        const Tensors x = golden.tensors(item["x"]), expected = golden.tensors(item["outputs"]);
        for (size_t i = 0; i < x.size(); ++i)
            CHECK_MESSAGE(testing::near(constraint(x[i]), expected[i], 1e-5), testing::difference(constraint(x[i]), expected[i], 1e-5));
        ++checked;
    }
    CHECK(checked == 10);
}

TEST_CASE("constraints by name; mistakes are explained") {
    CHECK(Constraint("min_max_norm").shared()->class_name() == "MinMaxNorm");
    CHECK_FALSE(Constraint().function());
    CHECK_THROWS_WITH_AS(Constraint("tight"), doctest::Contains("could not interpret constraint identifier: tight"), ValueError);
    CHECK_THROWS_AS(constraints::MaxNorm({.max_value = -1}), ValueError);
}
