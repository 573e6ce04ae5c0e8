#include "cornu/base/log.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

using namespace cornu;

namespace {

// Collects what is logged, and puts sink and level back.
struct Captured {
    Captured()
        : before(set_log_sink([this](LogLevel level, std::string_view text) {
              messages.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(text));
          })),
          level(log_level()) {}
    ~Captured() {
        set_log_sink(before);
        set_log_level(level);
    }
    std::vector<std::string> messages;
    LogSink before;
    LogLevel level;
};

}  // namespace

TEST_CASE("messages reach the sink from the level upwards") {
    Captured captured;
    set_log_level(LogLevel::info);
    log_message(LogLevel::debug, "a");
    log_message(LogLevel::info, "b");
    log_message(LogLevel::error, "c");
    CHECK(captured.messages == std::vector<std::string>{"1 b", "3 c"});
    set_log_level(LogLevel::off);
    log_message(LogLevel::error, "d");
    log_message(LogLevel::off, "e");
    CHECK(captured.messages.size() == 2);
}

TEST_CASE("log_once says each key once, and not when it was below the level") {
    Captured captured;
    set_log_level(LogLevel::warning);
    log_once("log_test.key", LogLevel::info, "too low");
    for (int i = 0; i < 3; ++i) log_once("log_test.key", LogLevel::warning, "first");
    log_once("log_test.other", LogLevel::warning, "second");
    CHECK(captured.messages == std::vector<std::string>{"2 first", "2 second"});
}

TEST_CASE("a sink may throw, log and be replaced") {
    Captured captured;
    set_log_level(LogLevel::warning);
    const LogSink capture =
        set_log_sink([](LogLevel, std::string_view) { throw std::runtime_error("full disk"); });
    CHECK_NOTHROW(log_message(LogLevel::error, "lost"));
    set_log_sink([&](LogLevel, std::string_view text) {
        set_log_sink(capture);
        log_message(LogLevel::error, "inner " + std::string(text));
    });
    log_message(LogLevel::error, "outer");
    CHECK(captured.messages == std::vector<std::string>{"3 inner outer"});
}
