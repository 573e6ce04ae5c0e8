#include "cornu/base/log.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "cornu/base/error.h"

namespace cornu {

namespace {

constexpr std::array<std::string_view, 5> level_names = {"debug", "info", "warning", "error",
                                                         "off"};

void print(LogLevel level, std::string_view message) {
    // One write, so that lines of several threads don't mix.
    const std::string line =
        str("cornu: ", level_names[static_cast<size_t>(level)], ": ", message, "\n");
    std::fwrite(line.data(), 1, line.size(), stderr);
}

struct Log {
    Log() {
        const char* text = std::getenv("CORNU_LOG_LEVEL");
        if (!text || !*text) return;
        for (size_t i = 0; i < level_names.size(); ++i) {
            if (text != level_names[i]) continue;
            level = static_cast<LogLevel>(i);
            return;
        }
        print(LogLevel::warning,
              str("CORNU_LOG_LEVEL must be debug, info, warning, error or off. Received: ", text));
    }

    std::atomic<LogLevel> level{LogLevel::warning};
    std::mutex mutex;  // of what follows
    std::shared_ptr<const LogSink> sink;
    std::unordered_set<std::string> said;
};

// Never destroyed: a message may come from another static's destructor.
Log& state() {
    static Log& log = *new Log;
    return log;
}

}  // namespace

void log_message(LogLevel level, std::string_view message) {
    if (!logs(level)) return;
    std::shared_ptr<const LogSink> sink;
    {
        const std::lock_guard lock(state().mutex);
        sink = state().sink;
    }
    // Called outside the lock: a sink may log, or replace itself.
    try {
        sink ? (*sink)(level, message) : print(level, message);
    } catch (...) {  // NOLINT: reporting must not become a failure of its own
    }
}

void log_once(std::string_view key, LogLevel level, std::string_view message) {
    if (!logs(level)) return;
    {
        const std::lock_guard lock(state().mutex);
        if (!state().said.emplace(key).second) return;
    }
    log_message(level, message);
}

LogLevel log_level() { return state().level.load(std::memory_order_relaxed); }

void set_log_level(LogLevel level) { state().level.store(level, std::memory_order_relaxed); }

LogSink set_log_sink(LogSink sink) {
    auto next = sink ? std::make_shared<const LogSink>(std::move(sink)) : nullptr;
    const std::lock_guard lock(state().mutex);
    state().sink.swap(next);
    return next ? *next : LogSink();
}

}  // namespace cornu
