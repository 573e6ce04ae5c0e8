#include "cornu/saving/zip_format.h"

#include <algorithm>

namespace cornu::saving::zip {

namespace {

// Shortest forms only, no surrogates: two spellings of one name must not exist.
bool is_utf8(std::string_view text) {
    for (size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const int more = lead < 0x80       ? 0
                         : lead >> 5 == 6  ? 1
                         : lead >> 4 == 14 ? 2
                         : lead >> 3 == 30 ? 3
                                           : -1;
        if (more < 0 || static_cast<size_t>(more) >= text.size() - i) return false;
        uint32_t code = more == 0 ? lead : lead & (0x3fu >> more);
        for (int k = 1; k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if (next >> 6 != 2) return false;
            code = code << 6 | (next & 0x3f);
        }
        constexpr uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
            return false;
        i += static_cast<size_t>(more) + 1;
    }
    return true;
}

}  // namespace

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
