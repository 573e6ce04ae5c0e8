// Every layer against the cases recorded from Keras: one call each.
#include <doctest/doctest.h>

#include <cstdlib>
#include <map>

#include "cornu/layers/core/lambda.h"
#include "cornu/layers/core/wrapper.h"
#include "cornu/layers/registry.h"
#include "cornu/ops/elementwise.h"
#include "cornu/testing/recorded_layer.h"
#include "tests/golden.h"

using namespace cornu;

namespace {

// What is not there yet. A case that passes all the same must leave this list.
const std::map<std::string, const char*> missing = {
    {"layers.zip SimpleRNN_10", "training outputs"},   // Keras's config of SimpleRNN lacks the seed
    {"recurrent.zip Bidirectional_14", "training outputs"},   // dropout without a seed in the file: each side draws its own
    {"recurrent.zip Bidirectional_28", "training outputs"},
    {"recurrent.zip Bidirectional_42", "training outputs"},
};

}  // namespace

namespace {

// What the cases of Lambda and Wrapper were recorded with.
struct Doubling : layers::CustomWrapper {
    explicit Doubling(layers::WrapperConfig config) : CustomWrapper("Doubling", std::move(config)) {}
    using CustomLayer::call;
    Tensor call(const Tensor& x, const Call&) override { return layer()(x) * 2; }
};

void register_own() {
    layers::register_layer<Doubling>("cases>Doubling");
    layers::register_function("cases>doubled", [](const Tensor& x) { return x * 2; });
    layers::register_function("cases>scaled", [](const Tensor& x, const Json& arguments) { return x * arguments["factor"].as_double(); });
}

void check_recorded(const char* file) {
    const testing::Golden golden(golden_path(file));
    const char* only = std::getenv("CORNU_TEST_LAYER");   // a class, for work on it
    int checked = 0;
    for (const Json& recorded : golden.cases()) {
        const std::string &layer = recorded["layer"].as_string(), &name = recorded["name"].as_string();
        if ((only && layer != only) || recorded.find("calls")) continue;   // calls: rnn/rnn_test.cpp
        if (!layers::find_layer_class({.module = "keras.layers", .class_name = layer, .registered_name = {}})) continue;
        ++checked;
        CAPTURE(name);
        const auto problems = testing::check_recorded_layer(golden, recorded, register_own);
        if (const auto known = missing.find(str(file, " ", name)); known != missing.end()) {
            REQUIRE_MESSAGE(!problems.empty(), name, " passes: take it off the list");
            CHECK_MESSAGE(problems[0].find(known->second) != std::string::npos, problems[0]);
            continue;
        }
        std::string all;
        for (const std::string& problem : problems) all += problem + "\n";
        CHECK_MESSAGE(all.empty(), all);
    }
    CHECK((checked > 0 || only));
}

}  // namespace

TEST_CASE("layers do what Keras recorded of them") { check_recorded("layers.zip"); }
TEST_CASE("recurrent layers do what Keras recorded of them") { check_recorded("recurrent.zip"); }
