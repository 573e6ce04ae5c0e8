#include <doctest/doctest.h>

#include "cornu/autodiff/control_flow.h"
#include "cornu/autodiff/tape.h"
#include "cornu/backend/jit.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

using namespace cornu;

namespace {
Tensor ramp(const Shape& shape, double from = -1, double step = 0.1) {
    std::vector<double> values;
    for (int64_t i = 0; i < shape.size(); ++i) values.push_back(from + step * static_cast<double>(i));
    return Tensor::from(values, shape);
}
}  // namespace

TEST_CASE("gradients of a small network, and gradients of gradients") {
    const Tensor x = ramp({2, 3});
    Variable w(ramp({3, 2}, 0.3, -0.2)), b(ramp({2}));
    const auto loss = [&] { return ops::sum(ops::square(ops::tanh(ops::matmul(x, w) + b))); };
    const auto [value, grads] = value_and_grad(loss, {w, b});
    const double h = 1e-6;
    const Tensor w0 = w.value();
    std::vector<double> moved = w0.to_vector<double>();
    moved[3] += h;
    w.assign(Tensor::from(moved, {3, 2}));
    const double up = loss().item<double>();
    moved[3] -= 2 * h;
    w.assign(Tensor::from(moved, {3, 2}));
    const double down = loss().item<double>();
    w.assign(w0);
    CHECK(grads[0].to_vector<double>()[3] == doctest::Approx((up - down) / (2 * h)).epsilon(1e-6));

    // d²(x³)/dx² = 6x
    Variable v(Tensor::full({}, 2, DType::float64));
    GradientTape outer;
    GradientTape inner;
    const Tensor y = v * v * Tensor(v);
    const Tensor dy = inner.gradient(y, Variables{v})[0];
    CHECK(dy.item<double>() == doctest::Approx(12));
    CHECK(outer.gradient(dy, Variables{v})[0].item<double>() == doctest::Approx(12));
}

TEST_CASE("a jitted training step updates variables in place and agrees with the eager one") {
    const Tensor x = ramp({4, 3}), t = ramp({4, 2}, 0.5, -0.05);
    const auto make = [] { return Variable(ramp({3, 2}, 0.1, 0.07)); };
    Variable eager = make(), compiled = make();
    const auto step = [&](Variable& w) {
        const auto [loss, grads] = value_and_grad([&] { return ops::mean(ops::square(ops::matmul(x, w) - t)); }, {w});
        w.assign(Tensor(w) - 0.1 * grads[0]);
        return loss;
    };
    const auto fast = jit([&](const Tensor&) { return step(compiled); });
    fast(x);
    const void* memory = compiled.stored().raw();
    step(eager);
    for (int i = 0; i < 5; ++i) {
        const double a = step(eager).item<double>(), b = fast(x).item<double>();
        CHECK(a == doctest::Approx(b).epsilon(1e-12));
    }
    CHECK(compiled.stored().raw() == memory);
    CHECK(eager.value().to_vector<double>() == compiled.value().to_vector<double>());
    const Tensor held = compiled.value();  // somebody looks at the weights: the next step may not change them
    const std::vector<double> before = held.to_vector<double>();
    fast(x);
    CHECK(held.to_vector<double>() == before);
    CHECK(compiled.value().to_vector<double>() != before);
}

TEST_CASE("while_loop updates a donated buffer in place") {
    Variable cache(Tensor::full({1000, 8}, 0, DType::float32));
    const auto fill = jit([&](const Tensor& row) {
        const Tensor zero = Tensor::full({}, 0, DType::int32);
        const Tensors out = ops::while_loop([&](const Tensors& v) { return v[0] < 10; },
                                            [&](const Tensors& v) {
                                                return Tensors{v[0] + 1, prim::dynamic_update_slice(v[1], row + ops::cast(v[0], DType::float32), {v[0], zero})};
                                            }, {zero, cache.value()});
        cache.assign(out[1]);
        return out[0];
    });
    const Tensor row = Tensor::full({1, 8}, 1);
    CHECK(fill(row).item<int>() == 10);
    const void* memory = cache.stored().raw();
    fill(row);
    CHECK(cache.stored().raw() == memory);
    CHECK(cache.value().to_vector<float>()[9 * 8] == 10);
    CHECK(cache.value().to_vector<float>()[10 * 8] == 0);
}

TEST_CASE("scan and cond have gradients, eager and traced alike") {
    const Tensor xs = ramp({5, 2});
    Variable w(ramp({2}, 0.4, 0.2));
    const auto loss = [&] {
        const ops::ScanResult r = ops::scan(
            [&](const Tensors& c, const Tensors& x) -> ops::ScanResult {
                const Tensor h = ops::tanh(c[0] * w + x[0]);
                return {{h}, {h * h}};
            }, {ops::zeros({2}, DType::float64)}, {xs});
        const Tensors picked = ops::cond(ops::sum(r.carry[0]) > 0, [&] { return Tensors{ops::sum(r.ys[0] * w)}; }, [&] { return Tensors{ops::sum(r.ys[0]) * 3}; });
        return picked[0] + ops::sum(r.carry[0]);
    };
    const auto eager = value_and_grad(loss, {w});
    Variable g(ops::zeros({2}, DType::float64));
    const auto traced = jit([&](const Tensor&) {
        const auto [value, grads] = value_and_grad(loss, {w});
        g.assign(grads[0]);
        return value;
    });
    CHECK(traced(xs).item<double>() == doctest::Approx(eager.first.item<double>()).epsilon(1e-12));
    for (size_t i = 0; i < 2; ++i)
        CHECK(g.value().to_vector<double>()[i] == doctest::Approx(eager.second[0].to_vector<double>()[i]).epsilon(1e-10));
}

TEST_CASE("a scan's weights: sums of products after the loop, others within it; second derivatives") {
    const Tensor xs = ramp({5, 3, 2});
    Variable w(ramp({2, 2}, 0.4, 0.2)), u(ramp({2, 4}, 0.3, 0.1)), bias(ramp({2}, 0.1, 0.3)), scale(ramp({3, 2}, 0.5, 0.1));
    for (const bool reverse : {false, true}) {
        // w and u are multiplied (u through a split), the bias is added, the scale takes part element by element.
        const auto loss = [&] {
            const ops::ScanResult r = ops::scan(
                [&](const Tensors& c, const Tensors& x) -> ops::ScanResult {
                    const Tensors z = ops::split(ops::matmul(x[0], u), 2, -1);
                    const Tensor h = ops::tanh(ops::matmul(c[0], w) + z[0] + bias) * scale;
                    return {{h, c[1] + 1}, {h * ops::sigmoid(z[1])}};
                }, {ops::zeros({3, 2}, DType::float64), ops::zeros({}, DType::int32)}, {xs}, {}, reverse);
            return ops::sum(ops::square(r.ys[0])) + ops::sum(r.carry[0]);
        };
        const Variables variables{w, u, bias, scale};
        const auto eager = value_and_grad(loss, variables);
        Variables results;
        for (const Variable& v : variables) results.push_back(Variable(ops::zeros(v.shape(), DType::float64)));
        const auto traced = jit([&](const Tensor&) {
            const auto [value, grads] = value_and_grad(loss, variables);
            for (size_t i = 0; i < grads.size(); ++i) results[i].assign(grads[i]);
            return value;
        });
        CHECK(traced(xs).item<double>() == doctest::Approx(eager.first.item<double>()).epsilon(1e-12));
        for (size_t i = 0; i < variables.size(); ++i)
            for (size_t k = 0; k < static_cast<size_t>(variables[i].shape().size()); ++k)
                CHECK(results[i].value().to_vector<double>()[k] == doctest::Approx(eager.second[i].to_vector<double>()[k]).epsilon(1e-10));

        const auto penalty = [&] {
            const Tensors first = value_and_grad(loss, {w, scale}).second;
            return ops::sum(ops::square(first[0])) + ops::sum(first[1]);
        };
        const auto second = value_and_grad(penalty, {u});
        Variable result(ops::zeros(u.shape(), DType::float64));
        const auto second_traced = jit([&](const Tensor&) {
            const auto [value, grads] = value_and_grad(penalty, {u});
            result.assign(grads[0]);
            return value;
        });
        CHECK(second_traced(xs).item<double>() == doctest::Approx(second.first.item<double>()).epsilon(1e-10));
        for (size_t k = 0; k < 8; ++k) CHECK(result.value().to_vector<double>()[k] == doctest::Approx(second.second[0].to_vector<double>()[k]).epsilon(1e-9));
    }
}
