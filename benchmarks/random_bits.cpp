// Numbers drawn per second, on one thread: build/bench_random_bits [million numbers a call]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "cornu/backend/jit.h"
#include "cornu/base/parallel.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/random_bits.h"
#include "cornu/random/functional.h"

using namespace cornu;

namespace {

// The best of several warm runs of a compiled program: what a training step pays.
void measure(const char* what, int64_t count, const std::function<Tensor(const Tensor& key)>& draw) {
    const Tensor key = random::key(42);
    Program program([&](const Tensors& in) -> Tensors { return {draw(in[0])}; }, {key.spec()}, *current_backend());
    Tensor result;
    const Tensor* in[] = {&key};
    Tensor* out[] = {&result};
    double best = 1e9;
    for (int run = 0; run < 20; ++run) {
        const auto start = std::chrono::steady_clock::now();
        program.run(in, out);
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::printf("%-22s %6.2f G numbers/s\n", what, static_cast<double>(count) / best * 1e-9);
}

}  // namespace

int main(int argc, char** argv) {
    // By default what fits in a second-level cache, so that the generator is measured, not memory.
    const int64_t count = argc > 1 ? static_cast<int64_t>(std::atof(argv[1]) * 1e6) : 1 << 17;
    if (count < 1) return std::fprintf(stderr, "%s [million numbers a call]\n", argv[0]), 2;
    set_threads(1);
    std::printf("%s, one thread\n", current_backend()->info().detail.c_str());
    measure("32-bit words", count, [&](const Tensor& key) { return prim::threefry_bits(key, {count}); });
    measure("64-bit words", count, [&](const Tensor& key) { return prim::threefry_bits(key, {count}, DType::uint64); });
    measure("uniform float32", count, [&](const Tensor& key) { return random::uniform(key, {count}); });
    measure("bernoulli masks", count, [&](const Tensor& key) { return random::bernoulli(key, Tensor(0.9), {count}); });
    measure("normal float32", count, [&](const Tensor& key) { return random::normal(key, {count}); });
}
