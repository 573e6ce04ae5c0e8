#include "cornu/layers/preprocessing/tokenize.h"

#include <algorithm>

namespace cornu::layers {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_punctuation(char c) { return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~'); }

// Bytes of the character at `at`, or 0 where none begins; `bad` is then how many bytes are one mistake.
size_t character_at(std::string_view text, size_t at, size_t& bad) {
    const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[i])) : 0U; };
    const unsigned first = byte(at);
    bad = 1;
    if (first < 0x80) return 1;
    const size_t length = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
    for (size_t i = 1; i < length; ++i) {
        unsigned low = 0x80, high = 0xbf;   // the first continuation also excludes long spellings and surrogates
        if (i == 1 && first == 0xe0) low = 0xa0;
        if (i == 1 && first == 0xed) high = 0x9f;
        if (i == 1 && first == 0xf0) low = 0x90;
        if (i == 1 && first == 0xf4) high = 0x8f;
        if (byte(at + i) < low || byte(at + i) > high) {
            bad = i;
            return 0;
        }
    }
    return length;
}

}  // namespace

std::string to_lower_ascii(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

std::string strip_punctuation(std::string_view text) {
    std::string out(text);
    std::erase_if(out, is_punctuation);
    return out;
}

std::vector<std::string> split_at_whitespace(std::string_view text) {
    std::vector<std::string> tokens;
    for (size_t at = 0; at < text.size();) {
        if (is_space(text[at])) {
            ++at;
            continue;
        }
        const auto end = static_cast<size_t>(std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), is_space) - text.begin());
        tokens.emplace_back(text.substr(at, end - at));
        at = end;
    }
    return tokens;
}

std::vector<std::string> split_into_characters(std::string_view text) {
    std::vector<std::string> tokens;
    for (size_t at = 0, bad = 0; at < text.size();) {
        const size_t length = character_at(text, at, bad);
        if (length) tokens.emplace_back(text.substr(at, length));
        else tokens.emplace_back("\xef\xbf\xbd");
        at += length ? length : bad;
    }
    return tokens;
}

std::vector<std::string> ngrams_of(const std::vector<std::string>& tokens, const std::vector<int64_t>& lengths) {
    std::vector<std::string> all;
    for (const int64_t given : lengths) {
        const auto length = static_cast<size_t>(given);
        for (size_t first = 0; first + length <= tokens.size(); ++first) {
            std::string joined = tokens[first];
            for (size_t i = 1; i < length; ++i) joined += " " + tokens[first + i];
            all.push_back(std::move(joined));
        }
    }
    return all;
}

}  // namespace cornu::layers
