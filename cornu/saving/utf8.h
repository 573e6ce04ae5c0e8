// Unicode text in its one valid spelling.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cornu::saving {

// The code point at `at`, which moves behind it. False where the bytes are not UTF-8: shortest
// forms only and no surrogates, so that no text has two spellings.
bool next_code_point(std::string_view text, size_t& at, uint32_t& code);
bool is_utf8(std::string_view text);
void append_utf8(std::string& out, uint32_t code);
constexpr bool is_code_point(uint32_t code) {
    return code < 0x110000 && code >> 11 != 0xd800 >> 11;
}

}  // namespace cornu::saving
