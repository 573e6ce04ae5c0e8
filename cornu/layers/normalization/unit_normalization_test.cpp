#include "cornu/layers/normalization/unit_normalization.h"

#include <doctest/doctest.h>

#include "cornu/ops/creation.h"

using namespace cornu;

TEST_CASE("UnitNormalization refuses axes that are not there") {
    CHECK_THROWS_WITH_AS(layers::UnitNormalization({.axis = {}}), doctest::Contains("Received: axis=None"), ValueError);
    const layers::UnitNormalization layer({.axis = 3});
    CHECK_THROWS_WITH_AS(layer(ops::ones({2, 3})), doctest::Contains("layers.UnitNormalization"), ValueError);
}
