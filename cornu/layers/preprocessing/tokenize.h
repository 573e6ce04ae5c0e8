// Texts into tokens, as TensorFlow's string functions do it, which Keras calls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cornu::layers {

std::string to_lower_ascii(std::string text);
std::string strip_punctuation(std::string_view text);                  // ASCII's
std::vector<std::string> split_at_whitespace(std::string_view text);   // ASCII's; no empty tokens
std::vector<std::string> split_into_characters(std::string_view text); // of UTF-8; U+FFFD for what is none
// For each length in turn, all runs of that many neighbours, joined by a space.
std::vector<std::string> ngrams_of(const std::vector<std::string>& tokens, const std::vector<int64_t>& lengths);

}  // namespace cornu::layers
