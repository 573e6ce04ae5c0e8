#include "cornu/training/progress_bar.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "cornu/tensor/context.h"

namespace cornu {

namespace {

constexpr auto interval = std::chrono::milliseconds(50);
constexpr int bar_width = 20;

template <class... Args>
std::string format(const char* pattern, Args... args) {
    char text[96];
    std::snprintf(text, sizeof text, pattern, args...);
    return text;
}

// What shows on the terminal and what is sent to it; colours have no width.
struct Line {
    std::string text;
    size_t width = 0;

    void add(std::string_view part) {
        text += part;
        for (const char c : part) width += (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // code points
    }
    void styled(const char* style, std::string_view part) {
        text += style;
        add(part);
        text += "\x1b[0m";
    }
};

std::string per_unit(double seconds, const std::string& unit) {
    if (seconds >= 1 || seconds == 0) return format(" %.0fs/%s", seconds, unit.c_str());
    if (seconds >= 1e-3) return format(" %.0fms/%s", seconds * 1e3, unit.c_str());
    return format(" %.0fus/%s", seconds * 1e6, unit.c_str());
}

std::string remaining(double seconds) {
    const int64_t s = static_cast<int64_t>(seconds);
    if (s > 3600) return format("%d:%02d:%02d", static_cast<int>(s / 3600), static_cast<int>(s % 3600 / 60), static_cast<int>(s % 60));
    if (s > 60) return format("%d:%02d", static_cast<int>(s / 60), static_cast<int>(s % 60));
    return format("%ds", static_cast<int>(s));
}

std::string figures(const Logs& logs) {
    std::string out;
    for (const auto& [name, tensor] : logs) {
        double sum = 0;
        const std::vector<double> values = tensor.to_vector<double>();
        for (const double v : values) sum += v;
        const double value = sum / static_cast<double>(std::max<size_t>(values.size(), 1));
        out += " - " + name + ": " + (std::abs(value) > 1e-3 ? format("%.4f", value) : format("%.4e", value));
    }
    return out;
}

std::string repeated(const char* text, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += text;
    return out;
}

ProgressOutput& output() { return Context::current().state<ProgressOutput>(); }

void write(std::string_view text) {
    if (const auto& sink = output().write) return sink(text);
    std::fwrite(text.data(), 1, text.size(), stderr);
}

double seconds(std::chrono::steady_clock::duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

void set_progress_output(ProgressOutput out) { output() = std::move(out); }
void progress_message(std::string_view line) { write(std::string(line) + "\n"); }

ProgressBar::ProgressBar(Verbose verbose, std::string unit) : verbose_(verbose), unit_(std::move(unit)) {
    const ProgressOutput& out = output();
    terminal_ = out.terminal ? *out.terminal : !out.write && ::isatty(STDERR_FILENO) != 0;
    if (verbose_ == Verbose::automatic) verbose_ = terminal_ ? Verbose::bar : Verbose::line;
}

void ProgressBar::message(std::string_view line) const {
    if (shown()) progress_message(line);
}

void ProgressBar::start(std::optional<int64_t> target) {
    if (!shown()) return;
    target_ = target;
    start_ = Clock::now();
    drawn_ = {};
    has_first_step_ = false;
    width_ = 0;
}

bool ProgressBar::due() const { return live() && Clock::now() - drawn_ >= interval; }

void ProgressBar::update(int64_t done, const Logs& logs) {
    if (!live()) return;
    if (!has_first_step_) {  // the first step also compiles: left out of the time per step
        has_first_step_ = true;
        first_step_ = Clock::now();
    }
    draw(done, logs, false);
}

void ProgressBar::finish(int64_t done, const Logs& logs) {
    if (!shown()) return;
    if (!target_) target_ = done;
    draw(done, logs, true);
}

void ProgressBar::draw(int64_t done, const Logs& logs, bool last) {
    const Clock::time_point now = Clock::now();
    const double step = done == 0 ? 0 : has_first_step_ && done > 1 ? seconds(now - first_step_) / static_cast<double>(done - 1)
                                                                    : seconds(now - start_) / static_cast<double>(done);
    Line line;
    if (verbose_ == Verbose::line) {
        line.add(target_ ? format("%lld/%lld", static_cast<long long>(done), static_cast<long long>(*target_)) : format("%lld/Unknown", static_cast<long long>(done)));
        line.add(format(" - %.0fs -", seconds(now - start_)) + per_unit(step, unit_) + figures(logs) + "\n");
        return write(line.text);
    }
    if (target_ && *target_ > 0) {
        const int digits = static_cast<int>(std::log10(static_cast<double>(*target_))) + 1;
        line.styled("\x1b[1m", format("%*lld/%lld", digits, static_cast<long long>(done), static_cast<long long>(*target_)));
        const int filled = static_cast<int>(bar_width * std::min(1.0, static_cast<double>(done) / static_cast<double>(*target_)));
        line.add(" ");
        line.styled("\x1b[32m", repeated("━", filled));
        line.styled("\x1b[37m", repeated("━", bar_width - filled));
    } else {
        line.add(format("%7lld/Unknown", static_cast<long long>(done)));
    }
    line.add(" ");
    line.styled("\x1b[1m", target_ && !last ? remaining(step * static_cast<double>(*target_ - done)) : format("%.0fs", seconds(now - start_)));
    line.add(per_unit(step, unit_) + figures(logs));
    std::string text = (terminal_ ? "\r" : "") + line.text;
    if (width_ > line.width) text.append(width_ - line.width, ' ');
    if (last || !terminal_) text += "\n";
    write(text);
    width_ = line.width;
    drawn_ = now;
}

}  // namespace cornu
