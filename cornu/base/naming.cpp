#include "cornu/base/naming.h"

#include <cctype>

namespace cornu::utils {

// keras.src.utils.naming.to_snake_case: a word starts before a capital that a lower-case letter
// follows, and at a capital after a lower-case letter; none after a digit ("Conv2D": conv2d).
std::string to_snake_case(std::string_view s) {
    std::string out;
    const auto is = [&](size_t i, auto test) { return i < s.size() && test(static_cast<unsigned char>(s[i])); };
    const auto upper = [](int c) { return std::isupper(c) != 0; };
    const auto lower = [](int c) { return std::islower(c) != 0; };
    for (size_t i = 0; i < s.size(); ++i) {
        const bool starts = i > 0 && is(i, upper) && (is(i + 1, lower) || is(i - 1, lower));
        if (starts && out.back() != '_') out += '_';
        if (std::isalnum(static_cast<unsigned char>(s[i])) || s[i] == '_') out += static_cast<char>(std::tolower(s[i]));
    }
    return out;
}

}  // namespace cornu::utils
