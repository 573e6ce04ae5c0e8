// The library's only way to print, besides the progress bar.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "cornu/base/api.h"

namespace cornu {

enum class LogLevel : uint8_t { debug, info, warning, error, off };

// Where messages go; called by any thread, several at once. What it throws is dropped.
using LogSink = std::function<void(LogLevel level, std::string_view message)>;

CORNU_API void log_message(LogLevel level, std::string_view message);
// The first message with this key only, for what would otherwise repeat at every step.
CORNU_API void log_once(std::string_view key, LogLevel level, std::string_view message);

// Messages below the level are dropped. It is CORNU_LOG_LEVEL (debug, info, warning, error or off)
// until set, and `warning` without that.
CORNU_API LogLevel log_level();
CORNU_API void set_log_level(LogLevel level);
inline bool logs(LogLevel level) { return level != LogLevel::off && level >= log_level(); }

// Replaces the sink and returns the one before; an empty one restores `cornu: warning: …` on
// stderr.
CORNU_API LogSink set_log_sink(LogSink sink);

}  // namespace cornu
