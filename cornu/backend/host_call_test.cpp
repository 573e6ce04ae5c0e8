// C++ functions within compiled graphs.
#include "cornu/ops/host_call.h"

#include <doctest/doctest.h>

#include "cornu/autodiff/tape.h"
#include "cornu/backend/jit.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"

using namespace cornu;

namespace {

// The length of each text; or of numbers, twice each.
struct Measure final : HostFunction {
    std::string name() const override { return "Measure"; }
    Specs infer(std::span<const Spec> in) const override { return {{in[0].shape, DType::float32}}; }
    Tensors run(const Tensors& in) const override {
        std::vector<float> out;
        if (in[0].dtype() == DType::string)
            for (const std::string& text : in[0].data<std::string>()) out.push_back(static_cast<float>(text.size()));
        else
            for (const float x : in[0].to_vector<float>()) out.push_back(2 * x);
        return {Tensor::from(out, in[0].shape())};
    }
};

// x squared, whose derivative is known, but not the derivative of that.
struct Square final : HostFunction {
    struct Slope final : HostFunction {
        std::string name() const override { return "Slope"; }
        Specs infer(std::span<const Spec> in) const override { return {in[0]}; }
        Tensors run(const Tensors& in) const override { return {in[0] * in[1] * 2}; }
        Tensors vjp(const Vjp&) const override { throw UnsupportedError("once only"); }
    };
    std::string name() const override { return "Square"; }
    Specs infer(std::span<const Spec> in) const override { return {in[0]}; }
    Tensors run(const Tensors& in) const override { return {in[0] * in[0]}; }
    Tensors vjp(const Vjp& v) const override { return host_call(std::make_shared<Slope>(), {v.x(), v.g()}); }
};

// As many zeros as the input says.
struct Zeros final : HostFunction {
    std::string name() const override { return "Zeros"; }
    Specs infer(std::span<const Spec>) const override { return {{Shape{None}, DType::float32}}; }
    Tensors run(const Tensors& in) const override { return {Tensor::full(Shape{in[0].item<int64_t>()}, 0)}; }
};

Tensor measure(const Tensor& x) { return host_call(std::make_shared<Measure>(), {x})[0]; }

}  // namespace

TEST_CASE("a host call is one in every mode") {
    const Tensor text = Tensor::from(std::vector<std::string>{"a", "bcd"}), x = Tensor::from(std::vector<float>{1, 2});
    const auto f = [](const Tensor& text, const Tensor& x) { return measure(ops::square(x)) + measure(text) * x; };   // one early, one in the middle
    const std::vector<float> expected{3, 14};
    CHECK(f(text, x).to_vector<float>() == expected);
    auto compiled = jit(f);
    CHECK(compiled(text, x).to_vector<float>() == expected);
    CHECK(compiled(text, x).to_vector<float>() == expected);
    GradientTape tape;
    const Tensor y = ops::sum(f(text, x));
    CHECK(tape.gradient({y}, {x})[0].to_vector<float>() == std::vector<float>{1, 3});   // none goes through the function
}

TEST_CASE("a host call's own derivative is taken, at once and in a program") {
    const auto function = std::make_shared<Square>();
    const auto slope = [&](const Tensor& x) {
        GradientTape tape;
        const Tensor y = ops::sum(host_call(function, {ops::square(x)})[0]);
        return tape.gradient({y}, {x})[0];
    };
    const Tensor x = Tensor::from(std::vector<float>{1, 2});
    CHECK(slope(x).to_vector<float>() == std::vector<float>{4, 32});
    CHECK(jit(slope)(x).to_vector<float>() == std::vector<float>{4, 32});
    GradientTape tape;
    const Tensor total = ops::sum(slope(x));
    CHECK_THROWS_WITH_AS(tape.gradient({total}, {x}), doctest::Contains("once only"), UnsupportedError);
}

TEST_CASE("state around a host call is updated where it stands") {
    Variable w(Tensor::from(std::vector<float>{1, 1}));
    Program program([&](const Tensors& in) { w.assign(w.value() + measure(in[0])); return Tensors{ops::sum(w.value())}; },
                    {{{2}, DType::string}}, *current_backend());
    const Tensor text = Tensor::from(std::vector<std::string>{"a", "bcd"});
    CHECK(program({text})[0].item<float>() == 6);
    const Tensor held = w.value();   // somebody looks on: a copy is made
    CHECK(program({text})[0].item<float>() == 10);
    CHECK(held.to_vector<float>() == std::vector<float>{2, 4});
    const void* place = w.stored().raw();
    CHECK(program({text})[0].item<float>() == 14);
    CHECK(w.stored().raw() == place);
    CHECK(w.value().to_vector<float>() == std::vector<float>{4, 10});
}

TEST_CASE("a size that depends on values can only be had line by line") {
    const auto f = [](const Tensor& n) { return host_call(std::make_shared<Zeros>(), {n})[0] + 1; };
    const Tensor three = Tensor::from(std::vector<int64_t>{3});
    CHECK(f(three).shape() == Shape{3});
    CHECK_THROWS_AS(jit(f)(three), NeedsValuesError);
}
