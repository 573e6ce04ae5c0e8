// Errors: a mistake of the caller is an exception of one of these types; a mistake of ours is
// CORNU_CHECK, which throws InternalError. Every message says where, the rule, and what came.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

#include "cornu/base/api.h"

namespace cornu {

// Joins anything printable into one string.
template <class... Parts>
std::string str(const Parts&... parts) {
    std::ostringstream out;
    static_cast<void>((out << ... << parts));  // of no parts, an expression without effect
    return out.str();
}

// Base of all errors. The message is prefixed with the current scope, `[layers.Dense "fc1"]`,
// when it is thrown inside a layer, an op or a model (see base/scope.h).
class CORNU_API Error : public std::runtime_error {
public:
    explicit Error(const std::string& message);
};

class CORNU_API ValueError : public Error { public: using Error::Error; };        // argument out of its rule
class CORNU_API ShapeError : public ValueError { public: using ValueError::ValueError; };
class CORNU_API DTypeError : public ValueError { public: using ValueError::ValueError; };
class CORNU_API NumericError : public Error { public: using Error::Error; };      // a NaN or infinity was found
class CORNU_API FileError : public Error { public: using Error::Error; };         // unreadable, malformed or refused file
class CORNU_API BackendError : public Error { public: using Error::Error; };      // engine missing or failing
class CORNU_API UnsupportedError : public Error { public: using Error::Error; };  // valid, but not to be had here
class CORNU_API InternalError : public Error { public: using Error::Error; };     // a bug in Cornu

[[noreturn]] CORNU_API void check_failed(const char* condition, const char* file, int line,
                                         const std::string& detail);

}  // namespace cornu

// States what must hold unless Cornu itself is wrong.
#define CORNU_CHECK(condition, ...)                                                        \
    do {                                                                                   \
        if (!(condition)) [[unlikely]]                                                     \
            ::cornu::check_failed(#condition, __FILE__, __LINE__, ::cornu::str(__VA_ARGS__)); \
    } while (false)
