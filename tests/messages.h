// What an error says, for tests that look for more than one thing in it.
#pragma once

#include <functional>
#include <string>

#include "cornu/base/error.h"

namespace cornu {

inline std::string message_of(const std::function<void()>& f) {
    try {
        f();
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}
inline bool says(const std::string& message, const std::string& part) { return message.find(part) != std::string::npos; }

}  // namespace cornu
