// Engines as plugins of the shared library: found, opened, and as good as the native engine. What
// needs an engine that was not built, or whose runtime is not installed, is left out and says so.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "cornu/autodiff/control_flow.h"
#include "cornu/autodiff/tape.h"
#include "cornu/backend/backend.h"
#include "cornu/backend/determinism.h"
#include "cornu/backend/jit.h"
#include "cornu/base/scope.h"
#include "cornu/graph/recorder.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/linalg.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/optimizers/adam.h"
#include "cornu/random/functional.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/near.h"
#include "tests/integration/engines_for_tests.h"

using namespace cornu;

namespace {

// A classifier with one hidden layer and its training step. Made on the host, so that every engine
// starts from the same numbers.
struct Sizes {
    int64_t batch = 64, inputs = 20, hidden = 32;
};
struct Classifier {
    Variable w1, b1, w2, b2;
    optimizers::Adam adam{{.learning_rate = 0.01}};

    Classifier(uint64_t seed, Sizes n) {
        const Tensors keys = random::split(random::key(seed), 2);
        w1 = Variable(
            random::uniform(keys[0], {n.inputs, n.hidden}, DType::float32, -0.3, 0.3).to_host(),
            {.name = "w1"});
        b1 = Variable(Tensor::full({n.hidden}, 0), {.name = "b1"});
        w2 = Variable(random::uniform(keys[1], {n.hidden, 5}, DType::float32, -0.3, 0.3).to_host(),
                      {.name = "w2"});
        b2 = Variable(Tensor::full({5}, 0), {.name = "b2"});
    }
    Variables weights() const { return {w1, b1, w2, b2}; }

    Tensor step(const Tensor& x, const Tensor& labels) {
        const auto [loss, grads] = value_and_grad(
            [&] {
                const Tensor hidden = ops::relu(ops::matmul(x, w1) + Tensor(b1));
                const Tensor logits = ops::matmul(hidden, w2) + Tensor(b2);
                return ops::mean(ops::sparse_categorical_crossentropy(labels, logits, true));
            },
            weights());
        adam.apply_gradients(grads, weights());
        return loss;
    }
};

struct Batch {
    Tensor x, labels;
};
Batch make_batch(uint64_t seed, Sizes n) {
    const Tensors keys = random::split(random::key(seed), 2);
    return {random::uniform(keys[0], {n.batch, n.inputs}, DType::float32, -1, 1).to_host(),
            random::randint(keys[1], {n.batch}, 0, 5).to_host()};
}

enum class Run { line_by_line, compiled };

// Losses of ten steps, then the weights.
Tensors train(const std::string& engine, uint64_t seed, Run run, Sizes sizes = {}) {
    Context context;
    const Context::Use use(context);
    const Batch batch = make_batch(seed + 1, sizes);
    config::set_backend("native");
    Classifier model(seed, sizes);
    config::set_backend(engine);
    const auto compiled =
        jit([&](const Tensor& x, const Tensor& labels) { return model.step(x, labels); });
    Tensors out;
    for (int i = 0; i < 10; ++i)
        out.push_back((run == Run::compiled ? compiled(batch.x, batch.labels)
                                            : model.step(batch.x, batch.labels))
                          .to_host());
    for (const Variable& weight : model.weights()) out.push_back(weight.value().to_host());
    return out;
}

void check_close(const Tensors& found, const Tensors& expected, double t) {
    REQUIRE(found.size() == expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
        const std::string problem = testing::difference(found[i], expected[i], t);
        CHECK_MESSAGE(problem.empty(), "value ", i, ": ", problem);
    }
}

}  // namespace

TEST_CASE("the stub engine is found, loaded, and trains") {
    const auto stub = find_backend("stub");
    CHECK(stub->info().name == "stub");
    CHECK(find_backend("stub") == stub);
    // It has two ops: the others run on the host, where only a call by itself can be sent.
    check_close(train("stub", 1, Run::line_by_line), train("native", 1, Run::compiled), 1e-5);
}

TEST_CASE("two contexts train on two engines in two threads at once") {
    Tensors first, second;
    std::thread other([&] { first = train("stub", 2, Run::line_by_line); });
    second = train("native", 3, Run::compiled);
    other.join();
    check_close(first, train("native", 2, Run::compiled), 1e-5);
    check_close(second, train("native", 3, Run::compiled), 0);
    CHECK_FALSE(testing::near(first[0], second[0], 1e-3));
}

TEST_CASE("xla keeps the state of a step on the device and takes its memory over") {
    const auto xla = engine_or_skip("xla");
    if (!xla) return;
    Variable weight(Tensor::full({64, 64}, 1)), seen(Tensor::full({}, 0, DType::int32));
    const Tensor first = weight.stored();
    Program step(
        [&](const Tensors& in) -> Tensors {
            weight.assign(Tensor(weight) + in[0]);
            seen.assign(Tensor(seen) + Tensor::full({}, 1, DType::int32));
            return {ops::sum(weight)};
        },
        {{{64, 64}, DType::float32}}, *xla);
    const std::string text = step.executable().to_string();
    CHECK(text.find("tf.aliasing_output = 1") != text.npos);
    CHECK(text.find("tf.aliasing_output = 2") != text.npos);
    const Tensors two{Tensor::full({64, 64}, 2)};
    CHECK(step(two)[0].item<float>() == 3 * 64 * 64);
    CHECK(first.to_vector<float>()[0] == 1);  // the host's own value is another
    CHECK(weight.stored().buffer()->backend() == xla.get());
    CHECK_THROWS_WITH_AS(weight.stored().raw(), doctest::Contains("to_host"), ValueError);
    // Memory that somebody else looks at is left alone.
    const Tensor kept = weight.stored();
    CHECK(step(two)[0].item<float>() == 5 * 64 * 64);
    CHECK(kept.to_vector<float>()[100] == 3);
    for (int i = 0; i < 20; ++i) step(two);
    CHECK(weight.value().to_vector<float>()[7] == 45);
    CHECK(seen.value().item<int>() == 22);
    // Values of the device go in as they are, and into the native engine through the host.
    CHECK(step({xla->upload(two[0], "")})[0].item<float>() == 47 * 64 * 64);
    CHECK_THROWS_WITH_AS(step({Tensor::full({64}, 2)}),
                         doctest::Contains("must be float32(64, 64)"), ShapeError);
}

TEST_CASE("torch computes in memory of its own, and the host reads it where it lies") {
    const auto torch = engine_or_skip("torch");
    if (!torch || torch->info().devices[0] != "cpu") return;
    const Spec spec{{64, 64}, DType::float32};
    const auto fn = [](const Tensors& in) -> Tensors {
        const Tensor sum = in[0] + in[1];
        return {sum, ops::transpose(sum), ops::reshape(in[0], {4096}), in[1], ops::exp(sum) * 0};
    };
    const Tensors in{Tensor::full({64, 64}, 1), Tensor::full({64, 64}, 2)};
    const Tensors out = (*compile(trace(fn, {spec, spec}), *torch))(in);
    for (const Tensor& y : out) CHECK(y.buffer()->on_host());
    // Each result may be written to by its owner: none shares memory with an input or another one.
    for (size_t i = 0; i < out.size(); ++i) {
        for (const Tensor& x : in) CHECK(out[i].raw() != x.raw());
        for (size_t j = 0; j < i; ++j) CHECK(out[i].raw() != out[j].raw());
    }
    CHECK(in[0].to_vector<float>()[9] == 1);
    CHECK(in[1].to_vector<float>()[9] == 2);
    CHECK(out[0].to_vector<float>()[9] == 3);
    CHECK(out[2].to_vector<float>()[9] == 1);
    // A result goes in again as it is.
    CHECK((*compile(trace(fn, {spec, spec}), *torch))({out[0], in[1]})[1].to_vector<float>()[9] == 5);
    CHECK(out[0].to_vector<float>()[9] == 3);
}

TEST_CASE("torch updates the state of a step where it lies, unless somebody looks at it") {
    const auto torch = engine_or_skip("torch");
    if (!torch || torch->info().devices[0] != "cpu") return;
    // Not a multiple of the blocks that long chains of element-wise calls are run by.
    const Shape shape{700, 501};
    Variable weight(Tensor::full(shape, 1)), other(Tensor::full(shape, 2));
    Program step(
        [&](const Tensors& in) -> Tensors {
            const Tensor before = ops::reshape(Tensor(weight), {shape.size()});
            const Tensor moved = ops::sqrt(ops::square(Tensor(weight) * 2 + in[0]) + 0.0) * in[1];
            weight.assign(moved);
            other.assign(Tensor(other) + moved);
            return {ops::sum(moved), before + 0};
        },
        {{shape, DType::float32}, {{}, DType::float32}}, *torch);
    CHECK(step.executable().to_string().find("by blocks") != std::string::npos);
    const Tensors in{Tensor::full(shape, 3), Tensor::full({}, 2)};
    float w = 1, o = 2;
    const auto check = [&](const Tensors& out) {
        const auto all = [&](float value) {
            return std::vector<float>(static_cast<size_t>(shape.size()), value);
        };
        CHECK((out[1].to_vector<float>() == all(w)));
        w = (w * 2 + 3) * 2;
        o += w;
        CHECK((weight.value().to_vector<float>() == all(w)));
        CHECK((other.value().to_vector<float>() == all(o)));
    };
    check(step(in));
    const Tensor kept = weight.stored();
    const void* place = other.stored().raw();
    check(step(in));
    CHECK(kept.to_vector<float>()[shape.size() - 1] == 10);
    CHECK(weight.stored().raw() != kept.raw());
    CHECK(other.stored().raw() == place);
}

TEST_CASE("torch repeats sums bit by bit in deterministic mode") {
    if (!engine_or_skip("torch")) return;
    Context context;
    const Context::Use use(context);
    config::enable_determinism();
    config::set_backend("torch");
    const auto draw = [] {
        const Tensor x = random::uniform(random::key(8), {64, 64}), at = random::randint(random::key(9), {500}, 0, 64);
        const auto summed = jit([](const Tensor& x, const Tensor& at) {
            return ops::segment_sum(ops::take(ops::matmul(x, x), at, 0), ops::mod(at, 7), 7);
        });
        return summed(x, at).to_host();
    };
    const Tensor first = draw(), second = draw();
    CHECK(testing::difference(first, second, 0).empty());
    config::enable_determinism(false);
    CHECK(testing::difference(draw(), first, 1e-6).empty());
}

TEST_CASE("engines run loops, branches and scans with gradients as native does") {
    for (const char* name : {"xla", "torch"}) {
        const auto engine = engine_or_skip(name);
        if (!engine) continue;
        CAPTURE(name);
        const auto fn = [](const Tensors& in) -> Tensors {
            const Tensor& x = in[0];
            const Tensors looped =
                ops::while_loop([](const Tensors& v) { return ops::sum(v[0]) < 100; },
                                [&](const Tensors& v) -> Tensors {
                                    return {v[0] * 1.5 + x, v[1] + 1};
                                },
                                {x, Tensor::full({}, 0, DType::int32)});
            const Tensors chosen = ops::cond(
                ops::sum(x) > 3, [&] { return Tensors{x * 2}; }, [&] { return Tensors{x - 1}; });
            GradientTape tape;
            const Tensor start = (x + 0).with_new_identity();
            const ops::ScanResult scanned = ops::scan(
                [&](const Tensors& carry, const Tensors& slice) -> ops::ScanResult {
                    const Tensor next = ops::tanh(carry[0] * 0.5 + slice[0]);
                    return {{next}, {next * next}};
                },
                {start}, {in[1]}, {}, true);
            const Tensor loss = ops::sum(scanned.carry[0]) + ops::sum(scanned.ys[0]);
            return {looped[0],        looped[1],     chosen[0],
                    scanned.carry[0], scanned.ys[0], tape.gradient(loss, Tensors{start})[0]};
        };
        const Tensors in{Tensor::from(std::vector<float>{1, 2, 0.5f}),
                         random::uniform(random::key(5), {6, 3})};
        const Graph graph = trace(fn, specs_of(in));
        const Tensors expected = (*compile(graph, *find_backend("native")))(in),
                      found = (*compile(graph, *engine))(in);
        REQUIRE(found.size() == expected.size());
        for (size_t i = 0; i < found.size(); ++i) {
            const std::string problem = testing::difference(found[i].to_host(), expected[i], 1e-5);
            CHECK_MESSAGE(problem.empty(), "value ", i, ": ", problem);
        }
    }
}

TEST_CASE("what no engine can compile is refused with the layer's name") {
    for (const char* name : {"xla", "torch"}) {
        const auto engine = engine_or_skip(name);
        if (!engine) continue;
        CAPTURE(name);
        const auto fn = [](const Tensors& in) -> Tensors {
            const Scope scope("layers.Dense", "dense_1");
            return {ops::abs(in[0])};
        };
        const Graph graph = trace(fn, {{{3}, DType::int4}});
        CHECK_THROWS_WITH_AS(compile(graph, *engine), doctest::Contains("dense_1"), BackendError);
    }
}

TEST_CASE("what the engine itself refuses comes back with the layer's name") {
    const auto fills = [](int64_t n) {
        return trace(
            [n](const Tensors& in) -> Tensors {
                const Scope scope("layers.Dense", "dense_1");
                return {ops::exp(ops::broadcast_to(in[0], {n}))};
            },
            {{{}, DType::float32}});
    };
    // More bytes than a process has addresses, then more than can be counted.
    for (const char* name : {"xla", "torch"}) {
        const auto engine = engine_or_skip(name);
        if (!engine) continue;
        CAPTURE(name);
        const auto large = compile(fills(int64_t{1} << 46), *engine);
        CHECK_THROWS_WITH_AS((*large)({Tensor::full({}, 1)}), doctest::Contains("dense_1"),
                             BackendError);
        CHECK_THROWS_AS((*compile(fills(int64_t{1} << 61), *engine))({Tensor::full({}, 1)}),
                        BackendError);
    }
}

TEST_CASE("engines keep NaN through maxima, and constants of every size") {
    for (const char* name : {"xla", "torch"}) {
        const auto engine = engine_or_skip(name);
        if (!engine) continue;
        CAPTURE(name);
        std::vector<float> many(5000);
        for (size_t i = 0; i < many.size(); ++i) many[i] = static_cast<float>(i);
        const Tensor large = Tensor::from(many);
        const float nan = std::numeric_limits<float>::quiet_NaN();
        const auto fn = [&](const Tensors& in) -> Tensors {
            return {ops::maximum(in[0], 0.0), ops::max(in[0]), in[1] + large, ops::relu(in[0])};
        };
        const Tensors in{Tensor::from(std::vector<float>{1, nan, -2}), Tensor::full({5000}, 1)};
        const Tensors out = (*compile(trace(fn, specs_of(in)), *engine))(in);
        CHECK(std::isnan(out[0].to_vector<float>()[1]));
        CHECK(std::isnan(out[1].item<float>()));
        CHECK(out[2].to_vector<float>()[4999] == 5000);
        CHECK(std::isnan(out[3].to_vector<float>()[1]));
    }
}

TEST_CASE("engines see what the host changes, though they may keep values that come again") {
    for (const char* name : {"xla", "torch"}) {
        const auto engine = engine_or_skip(name);
        if (!engine) continue;
        CAPTURE(name);
        Variable weight(Tensor::full({4}, 1));
        const Spec spec{{4}, DType::float32};
        const auto sum = compile(
            trace([](const Tensors& in) -> Tensors { return {in[0] + in[1]}; }, {spec, spec}), *engine);
        Program update(
            [&](const Tensors& in) -> Tensors {
                return weight.assign(in[0] * 2 + Tensor(weight)), Tensors{};
            },
            {spec}, *find_backend("native"));
        const Tensor x = Tensor::full({4}, 10);
        for (int round = 0; round < 3; ++round) {
            for (int again = 0; again < 3; ++again)
                CHECK((*sum)({x, weight.stored()})[0].to_vector<float>()[3] == 11 + 20 * round);
            update({x});
        }
    }
}

TEST_CASE("threads share an engine's program, and contexts the engine") {
    for (const char* name : {"xla", "torch"}) {
        const auto engine = engine_or_skip(name);
        if (!engine) continue;
        CAPTURE(name);
        const Spec spec{{256}, DType::float32};
        const auto twice =
            compile(trace([](const Tensors& in) -> Tensors { return {in[0] + in[0]}; }, {spec}), *engine);
        std::vector<char> ok(4, 0);
        std::vector<std::thread> threads;
        for (size_t t = 0; t < ok.size(); ++t)
            threads.emplace_back([&, t] {
                const Tensor x = Tensor::full({256}, static_cast<double>(t));
                ok[t] = 1;
                for (int i = 0; i < 50; ++i)
                    if ((*twice)({x})[0].to_vector<float>()[255] != 2 * static_cast<float>(t))
                        ok[t] = 0;
            });
        Tensors trained;
        std::thread trainer([&] { trained = train(name, 6, Run::compiled); });
        const Tensors expected = train("native", 6, Run::compiled);
        trainer.join();
        for (std::thread& thread : threads) thread.join();
        for (const char fine : ok) CHECK(fine);
        check_close(trained, expected, 1e-5);
    }
}

TEST_CASE("engines train as native does") {
    for (const char* name : {"xla", "torch"}) {
        if (!engine_or_skip(name)) continue;
        CAPTURE(name);
        check_close(train(name, 4, Run::compiled), train("native", 4, Run::compiled), 1e-5);
        // Libraries keep packed copies of matrices of this size, which must follow the weights.
        const Sizes large{.batch = 128, .inputs = 784, .hidden = 512};
        check_close(train(name, 5, Run::compiled, large), train("native", 5, Run::compiled, large), 1e-4);
    }
}

TEST_CASE("a step with calls that only the host can run trains as on native, loops included") {
    for (const char* name : {"xla", "torch"}) {
        if (!engine_or_skip(name)) continue;
        CAPTURE(name);
        const auto trained = [](const std::string& engine) {
            Context context;
            const Context::Use use(context);
            config::set_backend("native");
            Variable weight(random::uniform(random::key(3), {6, 4}, DType::float32, -1, 1),
                            {.name = "w"});
            optimizers::Adam adam{{.learning_rate = 0.05}};
            const Tensor x = random::uniform(random::key(4), {3, 5, 6}, DType::float32, -1, 1);
            config::set_backend(engine);
            const auto step = jit([&](const Tensor& batches) {
                const auto [loss, grads] = value_and_grad(
                    [&] {
                        // Singular values once in the open, and once in the body of a loop.
                        const Tensor open = ops::svdvals(ops::matmul(batches, weight));
                        const ops::ScanResult scanned = ops::scan(
                            [&](const Tensors& carry, const Tensors& slice) -> ops::ScanResult {
                                const Tensor y = ops::matmul(slice[0], weight);
                                return {{carry[0] + ops::sum(ops::svdvals(y))}, {}};
                            },
                            {Tensor::full({}, 0)}, {batches});
                        return ops::sum(ops::square(open - 1)) + ops::square(scanned.carry[0]) * 0.01;
                    },
                    {weight});
                adam.apply_gradients(grads, {weight});
                return loss;
            });
            Tensors out;
            for (int i = 0; i < 5; ++i) out.push_back(step(x).to_host());
            out.push_back(weight.value().to_host());
            return out;
        };
        check_close(trained(name), trained("native"), 1e-4);
    }
}
