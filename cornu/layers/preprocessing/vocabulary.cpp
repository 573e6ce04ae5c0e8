#include "cornu/layers/preprocessing/vocabulary.h"

#include <charconv>

namespace cornu::layers {

namespace {

// Where Python's str.splitlines breaks: bytes of one, and three of UTF-8's longer ones.
size_t line_break_at(std::string_view text, size_t at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c == '\r') return at + 1 < text.size() && text[at + 1] == '\n' ? 2 : 1;
    if ((c >= '\n' && c <= '\f') || (c >= 0x1c && c <= 0x1e)) return 1;
    if (text.substr(at, 2) == "\xc2\x85") return 2;
    return text.substr(at, 3) == "\xe2\x80\xa8" || text.substr(at, 3) == "\xe2\x80\xa9" ? 3 : 0;
}

void read_token(std::string_view line, std::string& token) { token = line; }
void read_token(std::string_view line, int64_t& token) {
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), token);
    if (error != std::errc() || end != line.data() + line.size())
        throw ValueError(str("a vocabulary of integers must hold one on each line. Received: '", line.substr(0, 50), "'"));
}

}  // namespace

template <class Token>
std::string to_lines(const std::vector<Token>& tokens) {
    std::string text;
    for (size_t i = 0; i < tokens.size(); ++i) {
        const std::string token = text_of(tokens[i]);
        for (size_t at = 0; at < token.size(); ++at)
            if (line_break_at(token, at))
                throw ValueError(str("a token with a line break cannot be kept in a vocabulary file; give the vocabulary to the layer's constructor. Received: token ", i,
                                     " of ", tokens.size()));
        if (i > 0) text += '\n';
        text += token;
    }
    return text;
}

template <class Token>
std::vector<Token> of_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    size_t begin = 0;
    for (size_t at = 0; at < text.size();) {
        const size_t length = line_break_at(text, at);
        if (length) {
            lines.push_back(text.substr(begin, at - begin));
            begin = at + length;
        }
        at += length ? length : 1;
    }
    if (begin < text.size()) lines.push_back(text.substr(begin));
    while (!lines.empty() && lines.back().empty()) lines.pop_back();
    std::vector<Token> tokens(lines.size());
    for (size_t i = 0; i < lines.size(); ++i) read_token(lines[i], tokens[i]);
    return tokens;
}

template std::string to_lines(const std::vector<std::string>&);
template std::string to_lines(const std::vector<int64_t>&);
template std::vector<std::string> of_lines(std::string_view);
template std::vector<int64_t> of_lines(std::string_view);

}  // namespace cornu::layers
