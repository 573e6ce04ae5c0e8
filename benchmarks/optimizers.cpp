// One update of a large variable by each optimizer, against the time its bytes take through memory:
//   build/bench_optimizers [million parameters]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "cornu/backend/jit.h"
#include "cornu/base/parallel.h"
#include "cornu/optimizers/optimizers.h"
#include "cornu/random/functional.h"

using namespace cornu;

namespace {

double seconds_of(const std::function<void()>& run) {
    const auto start = std::chrono::steady_clock::now();
    run();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}
double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
}

// What memory gives when all threads update arrays where they stand: one is read, two read and written.
class Memory {
public:
    explicit Memory(size_t count) : a_(count, 1.f), b_(count, 2.f), c_(count, 3.f) {}
    double bytes() const { return 5.0 * static_cast<double>(a_.size() * sizeof(float)); }
    void update() {
        parallel_for(static_cast<int64_t>(a_.size()), 1 << 18, [&](int64_t begin, int64_t end) {
            for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
                b_[i] = 0.9f * b_[i] + a_[i];
                c_[i] -= 0.01f * b_[i];
            }
        });
    }

private:
    std::vector<float> a_, b_, c_;
};

}  // namespace

int main(int argc, char** argv) {
    const auto count = static_cast<int64_t>((argc > 1 ? std::atof(argv[1]) : 10) * 1e6);
    if (count < 1) return std::fprintf(stderr, "%s [million parameters]\n", argv[0]), 2;
    const std::pair<const char*, Optimizer> optimizers[] = {
        {"SGD", optimizers::SGD()}, {"SGD, momentum", optimizers::SGD({.learning_rate = 0.01, .momentum = 0.9})},
        {"RMSprop", optimizers::RMSprop()}, {"Adam", optimizers::Adam()}, {"AdamW", optimizers::AdamW()},
        {"Adagrad", optimizers::Adagrad()}, {"Adadelta", optimizers::Adadelta()}, {"Adamax", optimizers::Adamax()},
        {"Nadam", optimizers::Nadam()}, {"Ftrl", optimizers::Ftrl()}, {"Lion", optimizers::Lion()}, {"Lamb", optimizers::Lamb()}};
    Memory memory(static_cast<size_t>(count));
    std::printf("%.1f million parameters, %d threads; medians of turns with a plain update\n", static_cast<double>(count) * 1e-6, threads());
    std::printf("%-14s %9s %9s %9s %7s\n", "optimizer", "ms", "GB/s", "memory's", "ratio");
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
        std::vector<double> own, plain;
        for (int turn = 0; turn < 25; ++turn) {
            plain.push_back(seconds_of([&] { memory.update(); }));
            own.push_back(seconds_of([&] { program.run(in, {}); }));
        }
        // What is read and written once whatever the order of work: the gradient, and each large variable of the state twice.
        double bytes = static_cast<double>(count) * sizeof(float);
        for (const Variable& v : program.state())
            if (v.shape().size() == count) bytes += 2.0 * static_cast<double>(count) * sizeof(float);
        // Lamb knows the norm that it divides by only after a first pass: two arrays more are read, one written.
        if (std::string_view(name) == "Lamb") bytes += 3.0 * static_cast<double>(count) * sizeof(float);
        const double rate = bytes / median(own), memory_rate = memory.bytes() / median(plain);
        std::printf("%-14s %9.2f %9.1f %9.1f %7.2f\n", name, median(own) * 1e3, rate * 1e-9, memory_rate * 1e-9, memory_rate / rate);
    }
}
