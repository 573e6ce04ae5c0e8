// Tokens as an argument: a list, in order. A path, which Keras takes as well, is never opened.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cornu/base/schema.h"

namespace cornu::layers {

template <class Token>
class Vocabulary : public std::optional<std::vector<Token>> {
public:
    Vocabulary() = default;
    Vocabulary(std::nullopt_t) {}
    Vocabulary(std::initializer_list<Token> tokens) : std::optional<std::vector<Token>>(tokens) {}
    Vocabulary(std::vector<Token> tokens) : std::optional<std::vector<Token>>(std::move(tokens)) {}
};

// A token as text.
inline std::string text_of(const std::string& token) { return token; }
inline std::string text_of(int64_t token) { return std::to_string(token); }

// The text of a vocabulary file: a token a line. to_lines throws ValueError for a token that would
// become several, which Keras would read as such. of_lines leaves out empty lines at the end.
template <class Token>
std::string to_lines(const std::vector<Token>& tokens);
template <class Token>
std::vector<Token> of_lines(std::string_view text);

}  // namespace cornu::layers

namespace cornu {

template <class Token>
struct Codec<layers::Vocabulary<Token>> {
    static Json encode(const layers::Vocabulary<Token>& v) { return v ? Codec<std::vector<Token>>::encode(*v) : Json(); }
    static void decode(const Json& j, layers::Vocabulary<Token>& v) {
        v.reset();
        if (j.is_null()) return;
        if (!j.is_array())
            throw ValueError(str("must be a list of tokens: a vocabulary outside of the model's own file is never opened. Received: ", j.dump().substr(0, 200)));
        Codec<std::vector<Token>>::decode(j, v.emplace());
    }
};

}  // namespace cornu
