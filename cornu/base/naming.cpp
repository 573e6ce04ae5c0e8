#include "cornu/base/naming.h"

#include <cctype>

namespace cornu::utils {

// keras.src.utils.naming.to_snake_case: a word starts at a capital that a lower-case letter follows
// or precedes. Digits start none: "Conv2D" is "conv2d".
std::string to_snake_case(std::string_view name) {
    std::string s, out;
    for (const char c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) || c == '_') s += c;
    const auto upper = [&](size_t i) { return i < s.size() && s[i] >= 'A' && s[i] <= 'Z'; };
    const auto lower = [&](size_t i) { return i < s.size() && s[i] >= 'a' && s[i] <= 'z'; };
    for (size_t i = 0; i < s.size(); ++i) {
        if (i > 0 && upper(i) && (lower(i + 1) || lower(i - 1))) out += '_';
        out += static_cast<char>(std::tolower(static_cast<unsigned char>(s[i])));
    }
    return out;
}

std::string default_name(std::string_view class_name) {
    // Exported under another name than the class has in Python.
    if (class_name == "GroupQueryAttention") return "grouped_query_attention";
    return to_snake_case(class_name);
}

std::string ClassNames::operator()(std::string_view class_name) {
    const std::string name = default_name(class_name);
    const auto [at, fresh] = used_.emplace(name, 0);
    return fresh ? name : name + "_" + std::to_string(++at->second);
}

}  // namespace cornu::utils
