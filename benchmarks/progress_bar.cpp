// What the progress bar costs a training step of a millisecond, drawn on a terminal:
//   build/bench_progress_bar
#include <pty.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "cornu/training/progress_bar.h"

using namespace cornu;
using Clock = std::chrono::steady_clock;

int main() {
    int screen = -1, terminal = -1;
    if (::openpty(&screen, &terminal, nullptr, nullptr, nullptr) != 0) return std::perror("no terminal can be made"), 1;
    int64_t shown = 0;
    std::thread reader([&] {
        char text[4096];
        for (ssize_t n; (n = ::read(screen, text, sizeof text)) > 0;) shown += n;
    });
    set_progress_output({.write = [&](std::string_view text) { if (::write(terminal, text.data(), text.size()) < 0) std::perror("terminal"); }, .terminal = true});
    constexpr int64_t steps = 3000;
    constexpr auto step = std::chrono::milliseconds(1);
    ProgressBar bar(Verbose::bar);
    bar.start(steps);
    Clock::duration spent{}, worst{};
    Logs logs;
    for (const char* name : {"accuracy", "loss", "mae"}) logs.set(name, Tensor(0.5));
    for (int64_t i = 1; i <= steps; ++i) {
        const auto begin = Clock::now();
        while (Clock::now() - begin < step) {   // the step
        }
        const auto end = Clock::now();
        if (bar.due()) bar.update(i, logs);
        const auto took = Clock::now() - end;
        spent += took;
        worst = std::max(worst, took);
    }
    bar.finish(steps, logs);
    ::close(terminal);
    reader.join();
    const double us = std::chrono::duration<double, std::micro>(spent).count() / steps;
    std::printf("%.2f us a step of 1 ms, %.2f %%; %.0f us at worst; %lld bytes shown\n", us, us / 10, std::chrono::duration<double, std::micro>(worst).count(), static_cast<long long>(shown));
}
