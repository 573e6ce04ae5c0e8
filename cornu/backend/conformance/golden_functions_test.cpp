// Functions that make tensors from numbers, or take functions, against what Keras on JAX computed:
// they are no records of the catalogue, so each is called here by its name.
#include <doctest/doctest.h>

#include <functional>
#include <map>

#include "cornu/autodiff/mapping.h"
#include "cornu/ops/ops.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"

using namespace cornu;

namespace {

struct Arguments {
    const Json& kwargs;
    Tensors inputs;

    double number(const char* key, double otherwise = 0) const { return has(key) ? kwargs[key].as_double() : otherwise; }
    int64_t whole(const char* key, int64_t otherwise = 0) const { return has(key) ? kwargs[key].as_int() : otherwise; }
    bool flag(const char* key, bool otherwise) const { return has(key) ? kwargs[key].as_bool() : otherwise; }
    std::optional<int64_t> maybe(const char* key) const { return has(key) ? std::optional(kwargs[key].as_int()) : std::nullopt; }
    OptionalDType dtype() const { return has("dtype") ? OptionalDType(kwargs["dtype"].as_string()) : OptionalDType(); }
    Shape shape() const {
        Shape out;
        for (const Json& dim : kwargs["shape"].as_array()) out.push_back(dim.as_int());
        return out;
    }
    bool has(const char* key) const { return kwargs.find(key) != nullptr; }
};

// Keras takes whole and other numbers apart by their type, C++ by the function.
Tensor arange(const Arguments& a) {
    const bool floats = !a.kwargs["start"].is_int();
    return ops::arange(a.number("start"), a.has("stop") ? std::optional(a.number("stop")) : std::nullopt, a.number("step", 1),
                       a.has("dtype") ? a.dtype() : floats ? OptionalDType("float32") : OptionalDType());
}
const std::map<std::string, std::function<Tensor(const Arguments&)>> functions{
    {"arange", arange},
    {"associative_scan", [](const Arguments& a) {
        return ops::associative_scan([](const Tensor& x, const Tensor& y) { return x + y; }, a.inputs[0], a.flag("reverse", false), a.whole("axis"));
    }},
    {"bartlett", [](const Arguments& a) { return ops::bartlett(a.whole("x")); }},
    {"blackman", [](const Arguments& a) { return ops::blackman(a.whole("x")); }},
    {"eye", [](const Arguments& a) { return ops::eye(a.whole("N"), a.maybe("M"), a.whole("k"), a.dtype()); }},
    {"fori_loop", [](const Arguments& a) {
        return ops::fori_loop(a.whole("lower"), a.whole("upper"), [](const Tensor& i, const Tensor& x) { return x + ops::cast(i, x.dtype()); }, a.inputs[0]);
    }},
    {"full", [](const Arguments& a) { return ops::full(a.shape(), a.number("fill_value"), a.dtype()); }},
    {"geomspace", [](const Arguments& a) { return ops::geomspace(a.number("start"), a.number("stop"), a.whole("num")); }},
    {"hamming", [](const Arguments& a) { return ops::hamming(a.whole("x")); }},
    {"hanning", [](const Arguments& a) { return ops::hanning(a.whole("x")); }},
    {"identity", [](const Arguments& a) { return ops::identity(a.whole("n")); }},
    {"kaiser", [](const Arguments& a) { return ops::kaiser(a.whole("x"), a.number("beta")); }},
    {"linspace", [](const Arguments& a) { return ops::linspace(a.number("start"), a.number("stop"), a.whole("num"), a.flag("endpoint", true)); }},
    {"logspace", [](const Arguments& a) { return ops::logspace(a.number("start"), a.number("stop"), a.whole("num")); }},
    {"map", [](const Arguments& a) { return ops::map([](const Tensor& x) { return x * 2; }, a.inputs[0]); }},
    {"ones", [](const Arguments& a) { return ops::ones(a.shape(), a.dtype()); }},
    {"tri", [](const Arguments& a) { return ops::tri(a.whole("N"), a.maybe("M"), a.whole("k")); }},
    {"zeros", [](const Arguments& a) { return ops::zeros(a.shape(), a.dtype()); }}};

}  // namespace

TEST_CASE("functions without a record compute what Keras on JAX computes") {
    const testing::Golden golden(golden_path("ops.zip"));
    std::map<std::string, int> compared;
    for (const Json& row : golden.cases()) {
        if (row["kind"].as_string() != "values") continue;
        const auto function = functions.find(row["op"].as_string());
        if (function == functions.end()) continue;
        INFO(row["name"].as_string());
        const Tensor y = function->second({row["kwargs"], golden.tensors(row["args"])});
        const std::string problem = testing::difference(y, golden.tensor(row["outputs"][0]), 1e-6);
        CHECK_MESSAGE(problem.empty(), problem);
        ++compared[function->first];
    }
    CHECK(compared.size() == functions.size());
}

TEST_CASE("ranges and windows refuse what makes none") {
    CHECK_THROWS_AS(ops::geomspace(0, 1), ValueError);
    CHECK_THROWS_AS(ops::geomspace(-1, 1), ValueError);
    CHECK_THROWS_AS(ops::logspace(0, 1, -1), ValueError);
    CHECK_THROWS_AS(ops::hanning(-1), ValueError);
    CHECK(ops::hanning(0).shape() == Shape{0});
    CHECK(ops::kaiser(1, 3).item<float>() == 1);
    CHECK(ops::geomspace(-1, -100, 3).to_vector<float>() == std::vector<float>{-1, -10, -100});
}
