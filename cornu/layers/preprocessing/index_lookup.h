// IndexLookup: a vocabulary, and the place of a token in it; what StringLookup, IntegerLookup and
// TextVectorization share. Token: std::string or int64_t.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "cornu/layers/preprocessing/categories.h"
#include "cornu/layers/preprocessing/fingerprint.h"
#include "cornu/ops/host_call.h"

namespace cornu::layers {

template <class Token>
struct IndexLookupOptions {
    std::string what;                          // "StringLookup", for messages
    std::optional<int64_t> max_tokens = {};
    int64_t num_oov_indices = 1;
    std::optional<Token> mask_token = {}, oov_token = {};
    bool invert = false;
    CategoryMode mode = CategoryMode::index;
    bool pad_to_max_tokens = false;
    bool farmhash = true;                      // places of unknown tokens; else the remainder (integers)
    Salt salt = {};
    std::optional<int64_t> frozen_size = {};   // the vocabulary's, as a file says
    bool adaptable = true;                     // no vocabulary was given
};

// Indices are Keras's: the mask (in mode index), `num_oov_indices` places for unknown tokens, then the
// tokens. Also the host function itself: its graph node sees whatever vocabulary there is at the time.
template <class Token>
class IndexLookup final : public HostFunction {
public:
    using Options = IndexLookupOptions<Token>;
    explicit IndexLookup(Options options);     // throws ValueError for arguments that Keras refuses

    // With or without the special tokens in front. Throws ValueError for repeated or misplaced special
    // tokens, too many of them, or weights that do not fit.
    void set_vocabulary(std::vector<Token> tokens, const std::optional<std::vector<double>>& idf_weights = {});
    void reset_state();                        // forgets what was counted
    void update_state(const std::vector<std::vector<Token>>& documents);   // counts tokens
    void finalize_state();                     // the most frequent ones become the vocabulary

    std::vector<Token> vocabulary(bool include_special_tokens) const;
    int64_t size() const;                      // special tokens included
    std::optional<int64_t> frozen_size() const;
    const Options& options() const { return options_; }
    std::vector<float> idf_weights() const;    // one a token, special ones included; empty when there are none
    void set_idf_weights(std::vector<float> weights);   // more than there are tokens: padding

    std::string name() const override { return options_.what; }
    Specs infer(std::span<const Spec> in) const override;
    Tensors run(const Tensors& in) const override;
    // The same of tokens that stand in rows; null ones count nowhere and are 0 in mode index.
    Tensor run(const std::vector<const Token*>& tokens, const Shape& shape) const;
    int64_t depth() const;

private:
    struct Table {
        std::vector<Token> tokens;
        std::unordered_map<Token, int64_t> places;
        std::vector<float> idf;
    };
    int64_t oov_start() const { return options_.mask_token && options_.mode == CategoryMode::index ? 1 : 0; }
    int64_t token_start() const { return oov_start() + options_.num_oov_indices; }
    std::shared_ptr<const Table> table() const;
    void replace(Table table);
    int64_t place_of(const Table& table, const Token& token) const;
    Tensor invert(const Table& table, const Tensor& indices) const;

    Options options_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Table> table_;
    std::map<Token, int64_t> counts_, document_counts_;
    int64_t documents_ = 0;
};

extern template class IndexLookup<std::string>;
extern template class IndexLookup<int64_t>;

// The tokens in a tensor: text as it is; integers, floats cut off, for int64_t. Throws DTypeError.
template <class Token>
std::vector<Token> tokens_of(const Tensor& x, const std::string& what);

// Rows of a tensor as documents: (n) is n of one token, as adapt() takes it.
template <class Token>
std::vector<std::vector<Token>> documents_of(const Tensor& x, const std::string& what);

}  // namespace cornu::layers
