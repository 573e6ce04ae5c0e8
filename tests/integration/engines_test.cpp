// Engines as plugins of the shared library: found, opened, and as good as the native engine. What
// needs an engine that was not built, or whose runtime is not installed, is left out and says so.
#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>
#include <thread>

#include "cornu/autodiff/tape.h"
#include "cornu/backend/backend.h"
#include "cornu/backend/jit.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/optimizers/adam.h"
#include "cornu/random/functional.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/near.h"

using namespace cornu;

namespace {

// The engine, or null with the reason printed.
std::shared_ptr<Backend> engine_or_skip(const std::string& name) {
    try {
        return find_backend(name);
    } catch (const BackendError& error) {
        std::cout << "left out: " << error.what() << "\n";
        MESSAGE("left out: ", error.what());
        return nullptr;
    }
}

// A classifier with one hidden layer and its training step. Made on the host, so that every engine
// starts from the same numbers.
struct Classifier {
    Variable w1, b1, w2, b2;
    optimizers::Adam adam{{.learning_rate = 0.01}};

    explicit Classifier(uint64_t seed) {
        const Tensors keys = random::split(random::key(seed), 2);
        w1 = Variable(random::uniform(keys[0], {20, 32}, DType::float32, -0.3, 0.3).to_host(), {.name = "w1"});
        b1 = Variable(Tensor::full({32}, 0), {.name = "b1"});
        w2 = Variable(random::uniform(keys[1], {32, 5}, DType::float32, -0.3, 0.3).to_host(), {.name = "w2"});
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
Batch make_batch(uint64_t seed) {
    const Tensors keys = random::split(random::key(seed), 2);
    return {random::uniform(keys[0], {64, 20}, DType::float32, -1, 1).to_host(),
            random::randint(keys[1], {64}, 0, 5).to_host()};
}

enum class Run { line_by_line, compiled };

// Losses of ten steps, then the weights.
Tensors train(const std::string& engine, uint64_t seed, Run run) {
    Context context;
    const Context::Use use(context);
    const Batch batch = make_batch(seed + 1);
    config::set_backend("native");
    Classifier model(seed);
    config::set_backend(engine);
    const auto compiled = jit([&](const Tensor& x, const Tensor& labels) { return model.step(x, labels); });
    Tensors out;
    for (int i = 0; i < 10; ++i)
        out.push_back((run == Run::compiled ? compiled(batch.x, batch.labels) : model.step(batch.x, batch.labels)).to_host());
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
    check_close(train("stub", 1, Run::line_by_line), train("native", 1, Run::compiled), 1e-6);
}

TEST_CASE("two contexts train on two engines in two threads at once") {
    Tensors first, second;
    std::thread other([&] { first = train("stub", 2, Run::line_by_line); });
    second = train("native", 3, Run::compiled);
    other.join();
    check_close(first, train("native", 2, Run::compiled), 1e-6);
    check_close(second, train("native", 3, Run::compiled), 0);
    CHECK_FALSE(testing::near(first[0], second[0], 1e-3));
}

TEST_CASE("xla trains as native does") {
    if (!engine_or_skip("xla")) return;
    check_close(train("xla", 4, Run::compiled), train("native", 4, Run::compiled), 1e-5);
}
