#include "cornu/saving/zip_format.h"

#include <algorithm>

#include "cornu/saving/utf8.h"

namespace cornu::saving::zip {

const char* bad_name(std::string_view name, bool utf8) {
    if (name.empty()) return "must not be empty";
    if (name.size() > 4096) return "must not be longer than 4096 bytes";
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) return "must hold no NUL or control character";
        if (byte >= 0x80 && !utf8) return "must be marked as UTF-8 to leave ASCII";
    }
    if (!is_utf8(name)) return "must be valid UTF-8";
    if (name[0] == '/') return "must not be absolute";
    if (name.find('\\') != name.npos) return "must not hold a backslash";
    if (name.size() > 1 && name[1] == ':') return "must not begin with a drive";
    if (name.back() == '/') name.remove_suffix(1);
    for (size_t begin = 0; begin <= name.size();) {
        const size_t end = std::min(name.find('/', begin), name.size());
        const std::string_view part = name.substr(begin, end - begin);
        if (part.empty() || part == ".") return "must not hold an empty or `.` component";
        if (part == "..") return "must not hold a `..` component";
        begin = end + 1;
    }
    return nullptr;
}

std::string printable(std::string_view name) {
    std::string out = "\"";
    for (const char c : name.substr(0, 200)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f) {
            out += c;
        } else {
            out += "\\x";
            out += "0123456789abcdef"[byte >> 4];
            out += "0123456789abcdef"[byte & 15];
        }
    }
    return out + (name.size() > 200 ? "…\"" : "\"");
}

}  // namespace cornu::saving::zip
