// TextVectorization: texts cut into tokens, and their places in a vocabulary.
#pragma once

#include <concepts>

#include "cornu/data/dataset.h"
#include "cornu/layers/configured_layer.h"
#include "cornu/layers/preprocessing/vocabulary.h"

namespace cornu::layers {

// None, n (all lengths up to n) or a list of lengths.
class CORNU_API Ngrams {
public:
    Ngrams() = default;
    Ngrams(int longest) : given_(longest) {}
    Ngrams(int64_t longest) : given_(longest) {}
    Ngrams(std::initializer_list<int64_t> lengths) : given_(Codec<std::vector<int64_t>>::encode(lengths)) {}
    explicit Ngrams(const Json& given);                // throws ValueError for anything else
    std::vector<int64_t> lengths() const;              // empty: none
    const Json& given() const { return given_; }

private:
    Json given_ = {};
};

struct CORNU_API TextVectorizationConfig {
    std::optional<int64_t> max_tokens = {};
    std::optional<std::string> standardize = "lower_and_strip_punctuation";   // lower, strip_punctuation; null: as it is
    std::optional<std::string> split = "whitespace";                          // character; null: a text is one token
    Ngrams ngrams = {};                                // neighbours joined by a space, in place of the tokens
    std::string output_mode = "int";                   // one_hot, multi_hot, count, tf_idf
    std::optional<int64_t> output_sequence_length = {};   // rows are cut or filled with 0 to this length
    bool pad_to_max_tokens = false;
    Vocabulary<std::string> vocabulary = {};
    std::optional<std::vector<double>> idf_weights = {};
    bool sparse = false;                               // true is refused
    bool ragged = false;                               // true is refused
    std::string encoding = "utf-8";                    // no other
    std::string name = {};
    std::optional<int64_t> vocabulary_size = {};       // what a file says
    std::optional<bool> has_input_vocabulary = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<TextVectorizationConfig>& s);
};

// Texts of shape (batch) or (batch, 1) → int64 (batch, output_sequence_length), or as long as the
// longest row of the batch; or floatx (batch, tokens) as `output_mode` says. Lower case and punctuation
// are ASCII's. Place 0 is the padding, 1 an unknown token (0 in the other modes, which have no
// padding). It runs on the host; a model with rows of varying length is run line by line.
class CORNU_API TextVectorization : public Layer {
public:
    using Config = TextVectorizationConfig;
    explicit TextVectorization(TextVectorizationConfig config = {});
    template <std::same_as<Layer> L>
    explicit TextVectorization(const L& layer) : Layer(layer) { check(); }   // one of a loaded model; ValueError for another class
    void adapt(const Tensor& texts) const;             // each text is a document
    void adapt(const Dataset& batches, std::optional<int64_t> steps = {}) const;
    void set_vocabulary(std::vector<std::string> tokens, const std::optional<std::vector<double>>& idf_weights = {}) const;
    std::vector<std::string> get_vocabulary(bool include_special_tokens = true) const;
    int64_t vocabulary_size() const;                   // special tokens included

private:
    void check() const;
};

}  // namespace cornu::layers

namespace cornu {

template <> struct CORNU_API Codec<layers::Ngrams> {
    static Json encode(const layers::Ngrams& v) { return v.given(); }
    static void decode(const Json& j, layers::Ngrams& v) { v = layers::Ngrams(j); }
};

}  // namespace cornu
