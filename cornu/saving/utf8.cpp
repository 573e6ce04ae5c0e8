#include "cornu/saving/utf8.h"

namespace cornu::saving {

bool next_code_point(std::string_view text, size_t& at, uint32_t& code) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const uint32_t lead = byte(at);
    const size_t more = lead < 0x80       ? 0
                        : lead >> 5 == 6  ? 1
                        : lead >> 4 == 14 ? 2
                        : lead >> 3 == 30 ? 3
                                          : 4;
    if (more == 4 || more >= text.size() - at) return false;
    code = more == 0 ? lead : lead & (0x3fu >> more);
    for (size_t k = 1; k <= more; ++k) {
        if (byte(at + k) >> 6 != 2) return false;
        code = code << 6 | (byte(at + k) & 0x3fu);
    }
    constexpr uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    at += more + 1;
    return code >= least[more] && is_code_point(code);
}

bool is_utf8(std::string_view text) {
    uint32_t code;
    for (size_t at = 0; at < text.size();) {
        if (!next_code_point(text, at, code)) return false;
    }
    return true;
}

void append_utf8(std::string& out, uint32_t code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
        return;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    out += static_cast<char>((0xff00 >> (more + 1) & 0xff) | code >> 6 * more);
    for (int i = more; i-- > 0;) out += static_cast<char>(0x80 | (code >> 6 * i & 0x3f));
}

}  // namespace cornu::saving
