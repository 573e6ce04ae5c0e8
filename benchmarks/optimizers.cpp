// One update of a large variable by each optimizer, against copying as many bytes:
//   build/bench_optimizers [million parameters]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "cornu/backend/jit.h"
#include "cornu/base/parallel.h"
#include "cornu/optimizers/optimizers.h"
#include "cornu/random/functional.h"

using namespace cornu;

namespace {

double best_of(int runs, const std::function<void()>& run) {
    double best = 1e9;
    for (int i = 0; i < runs; ++i) {
        const auto start = std::chrono::steady_clock::now();
        run();
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
}

// Bytes a second through memory when all threads copy: each byte is read once and written once.
double bandwidth(size_t bytes) {
    std::vector<char> from(bytes, 1), to(bytes, 2);
    const double seconds = best_of(10, [&] {
        parallel_for(static_cast<int64_t>(bytes), 1 << 20, [&](int64_t begin, int64_t end) {
            std::memcpy(to.data() + begin, from.data() + begin, static_cast<size_t>(end - begin));
        });
    });
    return 2 * static_cast<double>(bytes) / seconds;
}

}  // namespace

int main(int argc, char** argv) {
    const auto count = static_cast<int64_t>((argc > 1 ? std::atof(argv[1]) : 10) * 1e6);
    if (count < 1) return std::fprintf(stderr, "%s [million parameters]\n", argv[0]), 2;
    const std::pair<const char*, Optimizer> optimizers[] = {
        {"SGD", optimizers::SGD()}, {"SGD, momentum", optimizers::SGD({.learning_rate = 0.01, .momentum = 0.9})},
        {"RMSprop", optimizers::RMSprop()}, {"Adam", optimizers::Adam()}, {"AdamW", optimizers::AdamW()},
        {"Adagrad", optimizers::Adagrad()}, {"Adadelta", optimizers::Adadelta()}, {"Adamax", optimizers::Adamax()},
        {"Nadam", optimizers::Nadam()}, {"Ftrl", optimizers::Ftrl()}, {"Lion", optimizers::Lion()}, {"Lamb", optimizers::Lamb()}};
    const double bytes_a_second = bandwidth(static_cast<size_t>(count) * sizeof(float));
    std::printf("%.1f million parameters, %d threads, copying at %.1f GB/s\n", static_cast<double>(count) * 1e-6, threads(), bytes_a_second * 1e-9);
    std::printf("%-14s %9s %9s %7s\n", "optimizer", "ms", "at best", "ratio");
    for (auto [name, optimizer] : optimizers) {
        Variable weights(random::normal(random::key(1), {count}, DType::float32));
        const Tensor gradient = random::normal(random::key(2), {count}, DType::float32);
        optimizer.build({weights});
        Program program([&](const Tensors& in) -> Tensors {
            optimizer.apply_gradients({in[0]}, {weights});
            return {};
        }, {gradient.spec()}, *current_backend());
        const Tensor* in[] = {&gradient};
        program.run(in, {});
        const double seconds = best_of(15, [&] { program.run(in, {}); });
        // What is read and written once whatever the order of work: the gradient, and each large variable of the state twice.
        double bytes = static_cast<double>(count) * sizeof(float);
        for (const Variable& v : program.state())
            if (v.shape().size() == count) bytes += 2.0 * static_cast<double>(count) * sizeof(float);
        std::printf("%-14s %9.2f %9.2f %7.2f\n", name, seconds * 1e3, bytes / bytes_a_second * 1e3, seconds * bytes_a_second / bytes);
    }
}
