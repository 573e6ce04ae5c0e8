// The same seed on every engine: draws, against what Keras on JAX recorded, and a seeded run.
#include <doctest/doctest.h>

#include "cornu/models/model.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/random_bits.h"
#include "cornu/random/random.h"
#include "cornu/saving/keras_file.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"
#include "tests/integration/engines_for_tests.h"

using namespace cornu;

namespace {

void check(const Tensor& got, const Tensor& expected, double t) {
    const std::string problem = testing::difference(got.to_host(), expected, t);
    CHECK_MESSAGE(problem.empty(), problem);
}

Shape shape_of(const Json& json) {
    Shape shape;
    Codec<Shape>::decode(json, shape);
    return shape;
}

// Bits, Bernoulli masks and permutations under one key.
void check_bits(const testing::Golden& golden, const Json& row) {
    const Json& k = row["key"];
    const Tensor key = Tensor::from(std::vector<uint32_t>{static_cast<uint32_t>(k[0].as_int()), static_cast<uint32_t>(k[1].as_int())});
    for (const auto& [dtype, outputs] : row["outputs"].as_object())
        for (size_t i = 0; i < outputs.size(); ++i)
            check(prim::threefry_bits(key, shape_of(row["shapes"][i]), parse_dtype(dtype)), golden.tensor(outputs[i]), 0);
    for (const auto& [p, drawn] : row["bernoulli"].as_object()) {
        const Tensor expected = golden.tensor(drawn);
        check(random::bernoulli(key, Tensor(std::stod(p)), expected.shape()), expected, 0);
    }
    const Tensor order = golden.tensor(row["permutation"]["9"]);
    check(random::permutation(key, Tensor::from(std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8})), order, 0);
}

bool check_function(const testing::Golden& golden, const Json& row) {
    const std::string function = row["function"].as_string();
    const Json& a = row["arguments"];
    const Tensor expected = golden.tensor(row["output"]);
    if (expected.dtype() != DType::float32 && !is_integer(expected.dtype())) return false;
    const random::Seed seed = row["seed"].as_int();
    const auto number = [&](const char* name, double fallback) { return a.find(name) ? a[name].as_double() : fallback; };
    const auto parameter = [&](const char* name) { return a[name].is_object() ? golden.tensor(a[name]) : Tensor(a[name].as_double()); };
    if (function == "uniform") check(random::uniform(expected.shape(), number("minval", 0), number("maxval", 1), {}, seed), expected, 0);
    else if (function == "randint") check(random::randint(expected.shape(), a["minval"].as_int(), a["maxval"].as_int(), expected.dtype(), seed), expected, 0);
    else if (function == "normal") check(random::normal(expected.shape(), number("mean", 0), number("stddev", 1), {}, seed), expected, 1e-5);
    else if (function == "truncated_normal") check(random::truncated_normal(expected.shape(), number("mean", 0), number("stddev", 1), {}, seed), expected, 1e-5);
    else if (function == "gamma") check(random::gamma(expected.shape(), parameter("alpha"), {}, seed), expected, 1e-5);
    else return false;
    return true;
}

}  // namespace

TEST_CASE("draws are the same on every engine") {
    const testing::Golden golden(golden_path("random.zip"));
    for (const char* name : {"stub", "xla", "torch"}) {
        if (!engine_or_skip(name)) continue;
        CAPTURE(name);
        Context context;
        const Context::Use use(context);
        config::set_backend(name);
        int checked = 0;
        for (const Json& row : golden.cases()) {
            const std::string row_name = row["name"].as_string();
            CAPTURE(row_name);
            if (row["kind"].as_string() == "bits") check_bits(golden, row), ++checked;
            // One of the three recorded seeds: an engine compiles each call.
            if (row["kind"].as_string() == "function" && row["seed"].as_int() == 42) checked += check_function(golden, row);
        }
        CHECK(checked >= 30);
    }
}

TEST_CASE("a seeded run is the same on every engine") {
    const testing::Golden golden(golden_path("seeded.zip"));
    for (const char* name : {"stub", "xla", "torch"}) {
        if (!engine_or_skip(name)) continue;
        for (const char* run : {"run_1_mlp", "run_6_cnn"}) {
            CAPTURE(name);
            CAPTURE(run);
            const Json& row = golden.find(run);
            Context context;
            const Context::Use use(context);
            config::set_backend(name);
            random::set_random_seed(row["seed"].as_int());
            const Model model = saving::load_model(golden.file(row["model"]));
            const History history = model.fit(golden.tensors(row["x"])[0], golden.tensor(row["y"]),
                                              {.batch_size = 8, .epochs = 3, .verbose = Verbose::silent, .validation_split = 0.25});
            for (const auto& [figure, values] : row["history"].as_object()) {
                CAPTURE(figure);
                for (size_t i = 0; i < values.size(); ++i) CHECK(history[figure][i] == doctest::Approx(values[i].as_double()).epsilon(1e-4));
            }
        }
    }
}
