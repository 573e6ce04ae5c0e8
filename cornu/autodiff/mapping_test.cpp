#include "cornu/autodiff/mapping.h"

#include <doctest/doctest.h>

#include "cornu/autodiff/tape.h"
#include "cornu/graph/recorder.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"

using namespace cornu;

namespace {

using Floats = std::vector<float>;
Tensor vector(Floats values) { return Tensor::from(values); }

}  // namespace

TEST_CASE("an associative scan keeps the order of what does not commute") {
    // (a, b) then (c, d): x -> c (a x + b) + d.
    const auto compose = [](const Tensors& first, const Tensors& then) { return Tensors{first[0] * then[0], then[0] * first[1] + then[1]}; };
    for (int64_t n = 1; n <= 9; ++n) {
        Floats a, b, expected_a, expected_b;
        for (int64_t i = 0; i < n; ++i) {
            a.push_back(static_cast<float>(i + 2));
            b.push_back(static_cast<float>(1 - i));
            expected_a.push_back(i ? expected_a.back() * a.back() : a.back());
            expected_b.push_back(i ? a.back() * expected_b.back() + b.back() : b.back());
        }
        const Tensors y = ops::associative_scan(compose, {vector(a), vector(b)});
        CHECK(y[0].to_vector<float>() == expected_a);
        CHECK(y[1].to_vector<float>() == expected_b);
        std::reverse(a.begin(), a.end());
        std::reverse(b.begin(), b.end());
        std::reverse(expected_b.begin(), expected_b.end());
        CHECK(ops::associative_scan(compose, {vector(a), vector(b)}, true)[1].to_vector<float>() == expected_b);
    }
    CHECK(ops::associative_scan([](const Tensor& x, const Tensor& y) { return ops::maximum(x, y); }, vector({}), false).shape() == Shape{0});
    CHECK_THROWS_AS(ops::associative_scan(compose, {vector({1}), vector({1, 2})}), ShapeError);
    CHECK_THROWS_AS(ops::associative_scan(compose, {Tensor(1.0f)}), ShapeError);
}

TEST_CASE("map and loops, at once and traced") {
    const Tensor x = Tensor::from(Floats{1, 2, 3, 4, 5, 6}, {3, 2});
    const auto f = [](const Tensors& in) -> Tensors {
        const Tensor sums = ops::map([](const Tensor& row) { return ops::sum(row) * row; }, in[0]);
        const Tensor powers = ops::fori_loop(1, 4, [](const Tensor& i, const Tensor& v) { return v * ops::cast(i, v.dtype()); }, in[0]);
        return {sums, powers, ops::vectorize([](const Tensors& s) { return s[0] * s[1]; })({in[0], Tensor::from(Floats{10, 100})})};
    };
    const Graph graph = trace(f, {x.spec()});
    const Tensors now = f({x}), later = replay(graph, {x});
    CHECK(now[0].to_vector<float>() == Floats{3, 6, 21, 28, 55, 66});
    CHECK(now[1].to_vector<float>() == Floats{6, 12, 18, 24, 30, 36});
    CHECK(now[2].to_vector<float>() == Floats{10, 200, 30, 400, 50, 600});
    for (size_t i = 0; i < now.size(); ++i) CHECK(later[i].to_vector<float>() == now[i].to_vector<float>());
    CHECK(ops::fori_loop(3, 1, [](const Tensor&, const Tensor& v) { return v + 1; }, x).to_vector<float>() == x.to_vector<float>());
}

TEST_CASE("switch takes the branch of its number, or the nearest") {
    const std::vector<ops::Body> branches{[](const Tensors& x) { return Tensors{x[0] + 1}; }, [](const Tensors& x) { return Tensors{x[0] * 10}; },
                                          [](const Tensors& x) { return Tensors{-x[0]}; }};
    const Graph graph = trace([&](const Tensors& in) { return ops::switch_(in[0], branches, {in[1]}); }, {{{}, DType::int32}, {{1}, DType::float32}});
    const float expected[] = {4, 4, 30, -3, -3};
    for (int32_t i = -1; i < 4; ++i) {
        const Tensor index = Tensor::from(std::vector<int32_t>{i}, {}), x = vector({3});
        CHECK(ops::switch_(index, branches, {x})[0].item<float>() == expected[i + 1]);
        CHECK(replay(graph, {index, x})[0].item<float>() == expected[i + 1]);
    }
    CHECK_THROWS_AS(ops::switch_(Tensor(1.5f), branches, {vector({3})}), ShapeError);
    CHECK_THROWS_AS(ops::switch_(Tensor(0), {}), ValueError);
}

TEST_CASE("a custom gradient is what tapes see") {
    const auto doubled = ops::custom_gradient([](const Tensors& x) -> WithGradient {
        return {{ops::exp(x[0])}, [x](const Tensors& upstream) { return Tensors{upstream[0] * x[0] * 7}; }};
    });
    const Tensor x = vector({2, 3});
    GradientTape outer;
    GradientTape tape;
    const Tensor y = doubled({x})[0];
    const Tensor slope = tape.gradient(y, Tensors{x})[0];
    CHECK(slope.to_vector<float>() == Floats{14, 21});
    CHECK(outer.gradient(slope, Tensors{x})[0].to_vector<float>() == Floats{7, 7});
    const auto wrong = ops::custom_gradient([](const Tensors& in) -> WithGradient { return {in, [](const Tensors&) { return Tensors{}; }}; });
    GradientTape another;
    const Tensor z = wrong({x})[0];
    CHECK_THROWS_AS(another.gradient(z, Tensors{x}), ValueError);
}

TEST_CASE("jvp goes along a direction") {
    const Tensor x = Tensor::from(std::vector<double>{1, 2}), y = Tensor::from(std::vector<double>{3, 5});
    const auto [values, changes] = jvp([](const Tensors& in) { return Tensors{in[0] * in[1], ops::sum(ops::square(in[0])), in[1]}; }, {x, y},
                                       {Tensor::from(std::vector<double>{1, 10}), Tensor::from(std::vector<double>{0, 1})});
    CHECK(values[0].to_vector<double>() == std::vector<double>{3, 10});
    CHECK(changes[0].to_vector<double>() == std::vector<double>{3, 52});
    CHECK(changes[1].item<double>() == 42);
    CHECK(changes[2].to_vector<double>() == std::vector<double>{0, 1});
    CHECK_THROWS_AS(jvp([](const Tensors& in) { return in; }, {x}, {Tensor(1.0)}), ShapeError);
}
