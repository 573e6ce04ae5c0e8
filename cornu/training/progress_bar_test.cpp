#include "cornu/training/progress_bar.h"

#include <doctest/doctest.h>

#include <ctime>

#include "cornu/tensor/context.h"

using namespace cornu;

namespace {
Logs figures(double loss) {
    Logs logs;
    logs.set("loss", loss);
    return logs;
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
}  // namespace

TEST_CASE("a bar costs less than a hundredth of a step of one millisecond") {
    Context context;
    const Context::Use use(context);
    size_t bytes = 0;
    set_progress_output({.write = [&](std::string_view text) { bytes += text.size(); }, .terminal = true});
    ProgressBar bar(Verbose::bar);
    const auto cpu_microseconds = [](auto&& work, int times) {  // of this thread: others may be busy
        timespec begin{}, end{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
        for (int i = 0; i < times; ++i) work(i);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        return (static_cast<double>(end.tv_sec - begin.tv_sec) * 1e6 + static_cast<double>(end.tv_nsec - begin.tv_nsec) * 1e-3) / times;
    };
    bar.start(100000);
    int due = 0;
    const double asking = cpu_microseconds([&](int) { due += bar.due(); }, 10000);
    const double drawing = cpu_microseconds([&](int i) { bar.update(i, figures(0.5)); }, 500);
    CHECK(bytes > 0);
    // It is asked twice a step, and drawn every fifty milliseconds at most.
    CHECK(2 * asking + drawing / 50 < 10);
    bar.update(1, figures(0.5));
    CHECK(!bar.due());
}

TEST_CASE("a line an epoch where no terminal is, a live bar on one, nothing when silent") {
    Context context;
    const Context::Use use(context);
    std::string out;
    const auto sink = [&](std::string_view text) { out += text; };

    set_progress_output({.write = sink, .terminal = false});
    ProgressBar line(Verbose::automatic);
    CHECK(!line.live());
    line.message("Epoch 1/2");
    line.start(4);
    line.update(1, figures(2));
    line.finish(4, figures(0.5));
    CHECK(has(out, "Epoch 1/2\n4/4 - 0s - "));
    CHECK(has(out, "/step - loss: 0.5000\n"));
    CHECK(!has(out, "\x1b"));
    CHECK(!has(out, "loss: 2"));

    out.clear();
    set_progress_output({.write = sink, .terminal = true});
    ProgressBar bar(Verbose::automatic);
    CHECK(bar.live());
    bar.start(20);
    CHECK(bar.due());
    bar.update(7, figures(16777216));
    CHECK(!bar.due());
    CHECK(has(out, "\r\x1b[1m 7/20\x1b[0m"));
    CHECK(has(out, " - loss: 16777216.0000"));
    bar.finish(20, figures(0.0001));
    CHECK(has(out, "20/20"));
    CHECK(has(out, "loss: 1.0000e-04"));
    CHECK(out.back() == '\n');
    // The shorter last line covers the longer one before.
    CHECK(has(out, " \n"));

    out.clear();
    bar.start({});
    bar.update(3, {});
    CHECK(has(out, "      3/Unknown"));
    ProgressBar silent(Verbose::silent);
    out.clear();
    silent.message("no");
    silent.start(2);
    silent.finish(2, figures(1));
    CHECK(out.empty());
}
