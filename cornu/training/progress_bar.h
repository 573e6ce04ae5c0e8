// ProgressBar: what fit, evaluate and predict show: a live bar on a terminal, one line an epoch
// elsewhere. The library prints nothing else but its log.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cornu/training/logs.h"

namespace cornu {

enum class Verbose : uint8_t { automatic, silent, bar, line };

// Where it goes; by default stderr. `terminal`: whether a line may be written over.
struct ProgressOutput {
    std::function<void(std::string_view)> write = {};
    std::optional<bool> terminal = {};             // asked of stderr when not given
};
CORNU_API void set_progress_output(ProgressOutput output);   // of the current Context
CORNU_API void progress_message(std::string_view line);      // a line of its own, for callbacks

class CORNU_API ProgressBar {
public:
    ProgressBar(Verbose verbose, std::string unit = "step");

    bool shown() const { return verbose_ != Verbose::silent; }
    bool live() const { return verbose_ == Verbose::bar; }
    void message(std::string_view line) const;
    void start(std::optional<int64_t> target);     // an epoch, or an evaluation
    // Whether enough time has passed for the bar to be drawn again; cheap.
    bool due() const;
    void update(int64_t done, const Logs& logs);
    void finish(int64_t done, const Logs& logs);   // with the figures of the whole epoch

private:
    using Clock = std::chrono::steady_clock;
    void draw(int64_t done, const Logs& logs, bool last);

    Verbose verbose_;
    bool terminal_ = false;
    std::string unit_;
    std::optional<int64_t> target_;
    Clock::time_point start_, first_step_, drawn_;
    bool has_first_step_ = false;
    size_t width_ = 0;                             // of the line to write over
};

}  // namespace cornu
