// Loads a model file and says how long it took and how much anonymous memory it had at its peak.
//   bench_load FILE [RUNS]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "cornu/cornu.h"

namespace {

// Kilobytes that belong to this process alone; pages of the file itself are the system's.
long anonymous_kb() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("RssAnon:", 0) == 0) return std::atol(line.c_str() + 8);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const int runs = argc > 2 ? std::atoi(argv[2]) : 3;
    for (int run = 0; run < runs; ++run) {
        const long before = anonymous_kb();
        std::atomic<bool> done{false};
        std::atomic<long> peak{before};
        std::thread watch([&] {
            while (!done) {
                peak = std::max(peak.load(), anonymous_kb());
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            }
        });
        const auto start = std::chrono::steady_clock::now();
        const cornu::Model model = cornu::load_model(argv[1]);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        done = true;
        watch.join();
        peak = std::max(peak.load(), anonymous_kb());
        // Every weight is touched, as by whoever uses them: mapped pages come in here.
        const auto touch = std::chrono::steady_clock::now();
        float sum = 0;
        for (const cornu::Variable& v : model.weights())
            for (const float value : v.value().data<float>()) sum += value;
        const double touched = std::chrono::duration<double>(std::chrono::steady_clock::now() - touch).count();
        std::printf("{\"seconds\": %.4f, \"anonymous_mb\": %.1f, \"sum_seconds\": %.4f, \"sum\": %g}\n", seconds, static_cast<double>(peak - before) / 1024, touched, static_cast<double>(sum));
    }
}
