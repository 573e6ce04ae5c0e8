#include "cornu/backend/profile.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "cornu/base/error.h"
#include "cornu/base/json.h"

namespace cornu {

namespace {
// A pointer per thread, as the stack of scopes: reading it costs a warm run nothing.
thread_local Profile* innermost_profile = nullptr;
}  // namespace

Profile* Profile::active() { return innermost_profile; }

Profile::Profile(int64_t most_calls) : start_(Clock::now()), started_at_(std::chrono::system_clock::now()), outer_(innermost_profile), most_calls_(most_calls) {
    innermost_profile = this;
}

Profile::~Profile() { stop(); }

void Profile::stop() {
    if (stopped_at_ >= 0) return;
    stopped_at_ = now();
    // Whichever is stopped first leaves the list; usually it is the innermost.
    for (Profile** p = &innermost_profile; *p; p = &(*p)->outer_)
        if (*p == this) {
            *p = outer_;
            break;
        }
}

int64_t Profile::duration() const { return stopped_at_ >= 0 ? stopped_at_ : now(); }

void Profile::Span::begin(const std::shared_ptr<const ProfileLabel>& label) {
    call_.label = label;
    outer_ = std::exchange(profile_->innermost_, this);
    call_.start = profile_->now();
}

void Profile::Span::end() {
    call_.duration = profile_->now() - call_.start;
    profile_->innermost_ = outer_;
    if (outer_) outer_->call_.inner += call_.duration;
    if (profile_->stopped_at_ >= 0) return;   // stopped from within
    if (static_cast<int64_t>(profile_->calls_.size()) < profile_->most_calls_) profile_->calls_.push_back(std::move(call_));
    else ++profile_->left_out_;
}

std::string Profile::table(std::string ProfileLabel::*by, const char* title, size_t rows) const {
    struct Sum {
        int64_t calls = 0, ns = 0;
    };
    std::map<std::string, Sum> sums;
    int64_t all = 0;
    for (const Call& call : calls_) {
        // The library's own work has no layer; it goes by its name.
        const std::string& name = (*call.label).*by;
        Sum& sum = sums[name.empty() ? "(" + call.label->op + ")" : name];
        ++sum.calls;
        sum.ns += call.duration - call.inner;
        all += call.duration - call.inner;
    }
    std::vector<std::pair<std::string, Sum>> sorted(sums.begin(), sums.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second.ns > b.second.ns; });
    size_t width = std::string_view(title).size();
    for (size_t i = 0; i < std::min(rows, sorted.size()); ++i) width = std::max(width, sorted[i].first.size());
    char line[96];
    const auto row = [&](const std::string& name, const char* figures) { return name + std::string(width - std::min(width, name.size()), ' ') + figures + "\n"; };
    std::snprintf(line, sizeof line, "  %8s  %11s  %5s", "calls", "ms", "%");
    std::string out = row(title, line);
    const auto add = [&](const std::string& name, const Sum& sum) {
        std::snprintf(line, sizeof line, "  %8lld  %11.3f  %5.1f", static_cast<long long>(sum.calls), static_cast<double>(sum.ns) * 1e-6,
                      all > 0 ? 100 * static_cast<double>(sum.ns) / static_cast<double>(all) : 0.0);
        out += row(name, line);
    };
    Sum rest;
    for (size_t i = 0; i < sorted.size(); ++i) {
        if (i < rows) {
            add(sorted[i].first, sorted[i].second);
        } else {
            rest.calls += sorted[i].second.calls;
            rest.ns += sorted[i].second.ns;
        }
    }
    if (sorted.size() > rows) add(str(sorted.size() - rows, " more"), rest);
    if (left_out_ > 0) out += str(left_out_, " calls were not kept\n");
    return out;
}

std::string Profile::by_layer(size_t rows) const { return table(&ProfileLabel::layer, "layer", rows); }
std::string Profile::by_op(size_t rows) const { return table(&ProfileLabel::op, "op", rows); }

void Profile::write_trace(const std::string& path) const {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (!file) throw FileError(str("the trace cannot be written: ", path));
    std::fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[", file);
    for (size_t i = 0; i < calls_.size(); ++i) {
        const Call& call = calls_[i];
        std::fprintf(file, "%s\n{\"ph\":\"X\",\"pid\":1,\"tid\":1,\"name\":%s,\"cat\":%s,\"ts\":%.3f,\"dur\":%.3f}", i ? "," : "", Json(call.label->op).dump().c_str(),
                     Json(call.label->layer).dump().c_str(), static_cast<double>(call.start) * 1e-3, static_cast<double>(call.duration) * 1e-3);
    }
    std::fputs("\n]}\n", file);
    const bool failed = std::ferror(file) != 0;
    if (std::fclose(file) != 0 || failed) throw FileError(str("the trace cannot be written: ", path));
}

}  // namespace cornu
