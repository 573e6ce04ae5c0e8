#include "cornu/backends/native/fusion.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string_view>

#include "cornu/backend/backend.h"
#include "cornu/backends/native/plan.h"
#include "cornu/graph/recorder.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/testing/near.h"

using namespace cornu;

namespace {

size_t chains(const Graph& graph) {
    return static_cast<size_t>(std::count_if(graph.nodes.begin(), graph.nodes.end(), [](const Graph::Node& n) { return std::string_view(n.op->name) == "chain"; }));
}

Graph prepared(const std::function<Tensors(const Tensors&)>& fn, const Tensors& inputs) {
    return prepare(trace(fn, specs_of(inputs)), *find_backend("native"));
}

Tensor noise(const Shape& shape, std::mt19937& random) {
    std::uniform_real_distribution<float> values(-1, 1);
    Tensor x = Tensor::uninitialized(shape, DType::float32);
    for (float& v : std::span(static_cast<float*>(x.mutable_raw()), static_cast<size_t>(shape.size()))) v = values(random);
    return x;
}

// A program of random calls, the same each time it is run: elements, rows, columns, sums of both,
// slices, casts, and now and then a transposition, which no chain can hold.
struct Program {
    uint32_t seed;
    Tensors operator()(const Tensors& inputs) const {
        std::mt19937 random(seed);
        Tensors made = inputs;
        const Shape full = inputs[0].shape();
        const auto any = [&] { return made[random() % made.size()]; };
        for (int step = 0; step < 24; ++step) {
            const Tensor a = any(), b = any();
            const bool matrix = a.shape() == full;
            switch (random() % 14) {
                case 13: if (matrix) made.push_back(ops::mean(a)); break;
                case 0: made.push_back(a + b); break;
                case 1: made.push_back(a * b); break;
                case 2: made.push_back(a - b); break;
                case 3: made.push_back(ops::tanh(a)); break;
                case 4: made.push_back(ops::where(a > b, a, b * 0.5)); break;
                case 5: made.push_back(ops::relu(a)); break;
                case 6: made.push_back(ops::maximum(a, 0.25) / (ops::square(b) + 1)); break;
                case 7: if (matrix) made.push_back(ops::mean(a, -1, true)); break;
                case 8: if (matrix) made.push_back(ops::max(a, -1, true)); break;
                case 9: if (matrix) made.push_back(ops::mean(a, 0)); break;
                case 10: if (matrix) made.push_back(ops::cast(a > 0, DType::float32)); break;
                case 11: if (matrix) made.push_back(ops::transpose(ops::transpose(a * 0.5, {1, 0}) + 1, {1, 0})); break;
                default: made.push_back(ops::broadcast_to(ops::tanh(b), *broadcast_shapes(b.shape(), full))); break;
            }
        }
        return {made.back(), made[made.size() / 2], made[inputs.size() + random() % (made.size() - inputs.size())]};
    }
};

}  // namespace

TEST_CASE("fused graphs compute what single calls compute") {
    std::mt19937 random(7);
    size_t fused = 0;
    const Shape shapes[] = {{6, 5}, {33, 70}, {4, 300}, {9, 9}, {1, 8}, {300, 3}};
    for (uint32_t round = 0; round < 150; ++round) {
        const Shape full = shapes[round % 6];
        CAPTURE(round);
        CAPTURE(full);
        const Tensors inputs{noise(full, random), noise(full, random), noise({full[0], 1}, random), noise({full[1]}, random), noise({}, random)};
        const Program program{round + 1};
        const Graph graph = prepared(program, inputs);
        fused += chains(native::fuse(graph));
        native::NativeExecutable executable(graph);
        const Tensors got = executable(inputs), wanted = program(inputs);
        for (size_t i = 0; i < wanted.size(); ++i) CHECK(testing::difference(got[i], wanted[i], 1e-5) == "");
    }
    CHECK(fused > 300);
}

TEST_CASE("a normalization and its neighbours are one call") {
    std::mt19937 random(1);
    const Tensors inputs{noise({8, 128}, random), noise({8, 128}, random), noise({128}, random), noise({128}, random)};
    const Graph graph = native::fuse(prepared([](const Tensors& in) {
        return Tensors{ops::relu(ops::layer_normalization(in[0] + in[1], in[2], in[3], -1, 1e-3))};
    }, inputs));
    CHECK(chains(graph) == 1);
    CHECK(graph.nodes.size() == 1);
}

TEST_CASE("what is far away is worked out again rather than kept") {
    std::mt19937 random(2);
    const Tensors inputs{noise({64, 128}, random), noise({128, 128}, random)};
    // `shifted` is wanted before and after the products; the second time from the input, which must stay anyway.
    const Graph graph = native::fuse(prepared([](const Tensors& in) {
        const Tensor shifted = in[0] - 0.5;
        Tensor y = ops::tanh(shifted);
        for (int i = 0; i < 30; ++i) y = ops::tanh(ops::matmul(y, in[1]));
        return Tensors{y * shifted};
    }, inputs));
    for (const Graph::Node& node : graph.nodes)
        if (node.out.size() > 1) CHECK(false);
}

TEST_CASE("a sum of columns is finished before anything reads it") {
    std::mt19937 random(3);
    const Tensors inputs{noise({40, 16}, random)};
    const auto centre = [](const Tensors& in) {
        const Tensor x = in[0] * 2, mean = ops::mean(x, 0);
        return Tensors{(x - mean) * ops::square(mean)};
    };
    const Graph graph = prepared(centre, inputs);
    native::NativeExecutable executable(graph);
    CHECK(testing::difference(executable(inputs)[0], centre(inputs)[0], 1e-6) == "");
    CHECK(chains(native::fuse(graph)) == 3);   // before the sum, of the means alone, after it
}

TEST_CASE("a chain updates donated memory where it stands") {
    std::mt19937 random(4);
    Graph graph = prepared([](const Tensors& in) {
        const Tensor m = in[1] + (in[2] - in[1]) * 0.1, v = in[3] + (ops::square(in[2]) - in[3]) * 0.001;
        return Tensors{in[0] - m / (ops::sqrt(v) + 1e-7), m, v};
    }, {noise({1000}, random), noise({1000}, random), noise({1000}, random), ops::square(noise({1000}, random))});
    graph.donated = {0, 1, 3};
    const native::Plan plan(graph);
    CHECK(plan.steps() == 1);
    CHECK(plan.arena_bytes() == 0);
    CHECK(plan.to_string().find("copy") == std::string::npos);
}
