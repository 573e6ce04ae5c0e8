// Every layer against the cases recorded from Keras: one call each.
#include <doctest/doctest.h>

#include <cstdlib>

#include "cornu/layers/registry.h"
#include "cornu/testing/recorded_layer.h"

using namespace cornu;

TEST_CASE("layers do what Keras recorded of them") {
    const testing::Golden golden(std::string(CORNU_SOURCE_DIR) + "/tests/golden/layers.zip");
    const char* only = std::getenv("CORNU_TEST_LAYER");   // a class, for work on it
    int checked = 0;
    for (const Json& recorded : golden.cases()) {
        const std::string& layer = recorded["layer"].as_string();
        if (only && layer != only) continue;
        if (!layers::find_layer_class({.module = "keras.layers", .class_name = layer, .registered_name = {}})) continue;
        ++checked;
        const auto problems = testing::check_recorded_layer(golden, recorded);
        for (const std::string& problem : problems) CHECK_MESSAGE(false, problem);
    }
    CHECK(checked > 0);
}
