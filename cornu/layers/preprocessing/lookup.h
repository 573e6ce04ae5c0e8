// StringLookup and IntegerLookup: the place of a token in a vocabulary, or the token at a place.
#pragma once

#include <concepts>

#include "cornu/data/dataset.h"
#include "cornu/layers/configured_layer.h"
#include "cornu/layers/preprocessing/vocabulary.h"

namespace cornu::layers {

struct CORNU_API StringLookupConfig {
    std::optional<int64_t> max_tokens = {};            // size of the vocabulary, special tokens included
    int64_t num_oov_indices = 1;                       // places for unknown tokens; 0: they are an error
    std::optional<std::string> mask_token = {};        // has place 0, when output_mode is "int"
    std::optional<std::string> oov_token = "[UNK]";    // what stands for unknown ones in the other direction
    Vocabulary<std::string> vocabulary = {};
    std::optional<std::vector<double>> idf_weights = {};
    bool invert = false;                               // from places to tokens
    std::string output_mode = "int";                   // one_hot, multi_hot, count, tf_idf
    bool pad_to_max_tokens = false;                    // rows are max_tokens wide whatever the vocabulary
    bool sparse = false;                               // true is refused
    std::string encoding = "utf-8";                    // no other
    std::string name = {};
    std::optional<std::vector<int64_t>> salt = {};     // of the hash that spreads unknown tokens: one number or two
    std::string oov_method = "floormod";               // has no meaning for strings
    std::optional<int64_t> vocabulary_size = {};       // what a file says
    std::optional<bool> has_input_vocabulary = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<StringLookupConfig>& s);
};

// Strings of any shape → int64 of that shape, or floatx as `output_mode` says (a row of one_hot an
// element; multi_hot, count and tf_idf sum over the second axis). The vocabulary is given, set, or
// learned by adapt(). It runs on the host, in compiled models too. Nothing is trained.
class CORNU_API StringLookup : public Layer {
public:
    using Config = StringLookupConfig;
    explicit StringLookup(StringLookupConfig config = {});
    template <std::same_as<Layer> L>
    explicit StringLookup(const L& layer) : Layer(layer) { check(); }   // one of a loaded model; ValueError for another class
    // Takes the most frequent tokens, the later in the alphabet first among equals. (n) is n documents
    // of one token, (n, m) n of m. Throws ValueError when the vocabulary was given to the constructor.
    void adapt(const Tensor& data) const;
    void adapt(const Dataset& batches, std::optional<int64_t> steps = {}) const;
    void set_vocabulary(std::vector<std::string> tokens, const std::optional<std::vector<double>>& idf_weights = {}) const;
    std::vector<std::string> get_vocabulary(bool include_special_tokens = true) const;
    int64_t vocabulary_size() const;           // special tokens included

private:
    void check() const;
};

struct CORNU_API IntegerLookupConfig {
    std::optional<int64_t> max_tokens = {};
    int64_t num_oov_indices = 1;
    std::optional<int64_t> mask_token = {};
    std::optional<int64_t> oov_token = -1;
    Vocabulary<int64_t> vocabulary = {};
    std::string vocabulary_dtype = "int64";            // no other
    std::optional<std::vector<double>> idf_weights = {};
    bool invert = false;
    std::string output_mode = "int";
    bool sparse = false;
    bool pad_to_max_tokens = false;
    std::string oov_method = "floormod";               // how unknown tokens are spread: or "farmhash"
    std::optional<std::vector<int64_t>> salt = {};     // of farmhash
    std::string name = {};
    std::optional<int64_t> vocabulary_size = {};
    std::optional<bool> has_input_vocabulary = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<IntegerLookupConfig>& s);
};

// The same for integers (floats are cut off).
class CORNU_API IntegerLookup : public Layer {
public:
    using Config = IntegerLookupConfig;
    explicit IntegerLookup(IntegerLookupConfig config = {});
    template <std::same_as<Layer> L>
    explicit IntegerLookup(const L& layer) : Layer(layer) { check(); }   // one of a loaded model; ValueError for another class
    void adapt(const Tensor& data) const;
    void adapt(const Dataset& batches, std::optional<int64_t> steps = {}) const;
    void set_vocabulary(std::vector<int64_t> tokens, const std::optional<std::vector<double>>& idf_weights = {}) const;
    std::vector<int64_t> get_vocabulary(bool include_special_tokens = true) const;
    int64_t vocabulary_size() const;

private:
    void check() const;
};

}  // namespace cornu::layers
