// Profile: how long each call of the compiled graphs took that a thread ran, by op and by layer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cornu/base/api.h"

namespace cornu {

// What a call is called: its op, or the library's own work ("train step", "compile", "next batch"),
// and the layer it came from ("model/encoder/dense"; empty outside any).
struct ProfileLabel {
    std::string op, layer;
};

// Records from its making to stop() or its end, what its own thread runs: on the native engine each
// kernel (element-wise calls fused into a chain count for the layer of the last), on others whole
// programs. Of two at a time on one thread the later one records.
class CORNU_API Profile {
public:
    struct Call {
        std::shared_ptr<const ProfileLabel> label;
        int64_t start = 0, duration = 0;   // nanoseconds, from the profile's start
        int64_t inner = 0;                 // of the duration, in recorded calls that this one made
    };
    // Calls beyond `most_calls` (48 bytes each) are counted, not kept.
    explicit Profile(int64_t most_calls = 1'000'000);
    ~Profile();
    Profile(const Profile&) = delete;
    Profile& operator=(const Profile&) = delete;
    void stop();

    const std::vector<Call>& calls() const { return calls_; }   // in the order in which they ended
    int64_t left_out() const { return left_out_; }
    int64_t duration() const;                                   // nanoseconds, till stop() or now
    std::chrono::system_clock::time_point started_at() const { return started_at_; }

    // Time spent in calls themselves, the longest first: how often, milliseconds, share of all.
    std::string by_layer(size_t rows = 30) const;
    std::string by_op(size_t rows = 30) const;
    // Chrome's trace events, which chrome://tracing and Perfetto draw. Throws FileError.
    void write_trace(const std::string& path) const;

    // ---- for engines ----

    static Profile* active();   // this thread's; null: nobody asks
    // One call, from the making of the object to its end.
    class CORNU_API Span {
    public:
        explicit Span(const std::shared_ptr<const ProfileLabel>& label) : profile_(active()) {
            if (profile_) begin(label);
        }
        ~Span() {
            if (profile_) end();
        }
        Span(const Span&) = delete;
        Span& operator=(const Span&) = delete;

    private:
        void begin(const std::shared_ptr<const ProfileLabel>& label);
        void end();
        Profile* profile_;
        Span* outer_ = nullptr;
        Call call_;
    };

private:
    using Clock = std::chrono::steady_clock;
    int64_t now() const { return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_).count(); }
    std::string table(std::string ProfileLabel::*by, const char* title, size_t rows) const;

    Clock::time_point start_;
    std::chrono::system_clock::time_point started_at_;
    Profile* outer_;
    Span* innermost_ = nullptr;
    std::vector<Call> calls_;
    int64_t most_calls_, left_out_ = 0, stopped_at_ = -1;
};

// A label that lives as long as the program, for work of the library's own.
#define CORNU_PROFILE(op)                                                                                                 \
    static const auto cornu_profile_label = std::make_shared<const ::cornu::ProfileLabel>(::cornu::ProfileLabel{op, ""}); \
    const ::cornu::Profile::Span cornu_profile_span(cornu_profile_label)

}  // namespace cornu
