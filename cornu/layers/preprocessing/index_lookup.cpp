#include "cornu/layers/preprocessing/index_lookup.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cornu/layers/preprocessing/vocabulary.h"

namespace cornu::layers {

namespace {

constexpr int64_t nowhere = std::numeric_limits<int64_t>::max();   // counted in no category

std::string quoted(const std::string& token) { return "'" + token + "'"; }
std::string quoted(int64_t token) { return std::to_string(token); }

template <class Token>
std::string list(const std::vector<Token>& tokens) {
    std::string out = "[";
    for (size_t i = 0; i < tokens.size() && i < 10; ++i) out += str(i ? ", " : "", quoted(tokens[i]));
    return out + (tokens.size() > 10 ? ", …]" : "]");
}

}  // namespace

template <class Token>
IndexLookup<Token>::IndexLookup(Options options) : options_(std::move(options)), table_(std::make_shared<const Table>()) {
    const Options& o = options_;
    if (o.max_tokens && *o.max_tokens <= 1) throw ValueError(str("If set, `max_tokens` must be greater than 1. Received: max_tokens=", *o.max_tokens));
    if (o.pad_to_max_tokens && !o.max_tokens) throw ValueError("If pad_to_max_tokens is true, must set `max_tokens`. Received: max_tokens=null");
    constexpr int64_t most_places = 1 << 20;   // a file may not ask for more
    if (o.num_oov_indices > most_places) throw ValueError(str("`num_oov_indices` must be at most ", most_places, ". Received: num_oov_indices=", o.num_oov_indices));
    if (o.num_oov_indices < 0) throw ValueError(str("`num_oov_indices` must be greater than or equal to 0. Received: num_oov_indices=", o.num_oov_indices));
    if (o.invert && o.mode != CategoryMode::index)
        throw ValueError(str("`output_mode` must be `'int'` when `invert` is true. Received: output_mode=", name_of(o.mode)));
    if (o.frozen_size && *o.frozen_size <= token_start()) options_.frozen_size.reset();   // nothing was learned yet
    if (o.invert && !o.oov_token) throw ValueError("`oov_token` must be given when `invert` is true. Received: oov_token=null");
}

template <class Token>
std::shared_ptr<const typename IndexLookup<Token>::Table> IndexLookup<Token>::table() const {
    const std::lock_guard lock(mutex_);
    return table_;
}

template <class Token>
void IndexLookup<Token>::replace(Table table) {
    const auto size = static_cast<int64_t>(table.tokens.size()) + token_start();
    if (options_.mode != CategoryMode::index && !options_.pad_to_max_tokens && options_.frozen_size && *options_.frozen_size != size)
        throw ValueError(str("When using `output_mode=", name_of(options_.mode), "` and `pad_to_max_tokens=false`, the vocabulary size cannot be changed after "
                             "the layer is called. Old vocab size is ", *options_.frozen_size, ", new vocab size is ", size));
    for (size_t i = 0; i < table.tokens.size(); ++i) table.places.emplace(table.tokens[i], static_cast<int64_t>(i) + token_start());
    const std::lock_guard lock(mutex_);
    table_ = std::make_shared<const Table>(std::move(table));
    options_.frozen_size = size;
}

template <class Token>
void IndexLookup<Token>::set_vocabulary(std::vector<Token> given, const std::optional<std::vector<double>>& idf_weights) {
    const Options& o = options_;
    if (o.mode == CategoryMode::tf_idf && !idf_weights) throw ValueError("`idf_weights` must be set if output_mode is 'tf_idf'. Received: idf_weights=null");
    if (o.mode != CategoryMode::tf_idf && idf_weights)
        throw ValueError(str("`idf_weights` should only be set if output_mode is `'tf_idf'`. Received: output_mode=", name_of(o.mode)));
    if (given.empty()) throw ValueError("Cannot set an empty vocabulary. Received: vocabulary=[]");

    const auto start = static_cast<size_t>(token_start());
    bool special = given.size() >= start;
    for (size_t i = 0; special && i < start; ++i) {
        const std::optional<Token>& expected = i < static_cast<size_t>(oov_start()) ? o.mask_token : o.oov_token;
        special = expected && given[i] == *expected;
    }
    const size_t count = given.size();
    if (special) given.erase(given.begin(), given.begin() + static_cast<std::ptrdiff_t>(start));
    if (o.max_tokens && static_cast<int64_t>(given.size() + start) > *o.max_tokens)
        throw ValueError(str("Attempted to set a vocabulary larger than the maximum vocab size. Received vocabulary size is ", given.size() + start,
                             "; `max_tokens` is ", *o.max_tokens, "."));
    {
        std::vector<Token> sorted = given, repeated;
        std::sort(sorted.begin(), sorted.end());
        for (size_t i = 1; i < sorted.size(); ++i)
            if (sorted[i] == sorted[i - 1] && (repeated.empty() || repeated.back() != sorted[i])) repeated.push_back(sorted[i]);
        if (!repeated.empty())
            throw ValueError(str("The passed vocabulary has at least one repeated term. Please uniquify your dataset. The repeated terms are: ", list(repeated)));
    }
    const auto refuse = [&](const std::optional<Token>& token, const char* kind, const char* name) {
        if (!token) return;
        const auto found = std::find(given.begin(), given.end(), *token);
        if (found == given.end()) return;
        throw ValueError(str("Found reserved ", kind, " token at unexpected location in `vocabulary`. The vocabulary need not include the mask and OOV tokens: either "
                             "remove all of them, or put exactly ", oov_start(), " mask and ", o.num_oov_indices, " OOV tokens at its start. Received: ", name, "=",
                             quoted(*token), " at vocabulary index ", found - given.begin() + (special ? static_cast<int64_t>(start) : 0)));
    };
    refuse(o.mask_token, "mask", "mask_token");
    if (o.invert) refuse(o.oov_token, "OOV", "oov_token");

    Table table;
    if (idf_weights) {
        if (idf_weights->size() != count)
            throw ValueError(str("`idf_weights` must be the same length as vocabulary. len(idf_weights) is ", idf_weights->size(), "; len(vocabulary) is ", count));
        double sum = 0;
        for (const double weight : *idf_weights) sum += weight;
        if (!special) table.idf.assign(start, static_cast<float>(sum / static_cast<double>(count)));
        table.idf.insert(table.idf.end(), idf_weights->begin(), idf_weights->end());
    }
    table.tokens = std::move(given);
    replace(std::move(table));
}

template <class Token>
void IndexLookup<Token>::reset_state() {
    if (!options_.adaptable)
        throw ValueError(str("Cannot adapt a ", options_.what, " layer whose vocabulary was given by the `vocabulary` argument."));
    counts_.clear();
    document_counts_.clear();
    documents_ = 0;
}

template <class Token>
void IndexLookup<Token>::update_state(const std::vector<std::vector<Token>>& documents) {
    for (const std::vector<Token>& document : documents) {
        for (const Token& token : document) ++counts_[token];
        if (options_.mode == CategoryMode::tf_idf)
            for (const Token& token : std::set<Token>(document.begin(), document.end())) ++document_counts_[token];
        ++documents_;
    }
}

template <class Token>
void IndexLookup<Token>::finalize_state() {
    if (counts_.empty()) return;
    if (options_.mask_token) counts_.erase(*options_.mask_token);
    if (options_.oov_token) counts_.erase(*options_.oov_token);
    std::vector<std::pair<int64_t, Token>> order;
    for (const auto& [token, count] : counts_) order.emplace_back(count, token);
    std::sort(order.begin(), order.end(), std::greater<>());   // ties: the later in the alphabet first
    if (options_.max_tokens) order.resize(std::min(order.size(), static_cast<size_t>(std::max<int64_t>(0, *options_.max_tokens - token_start()))));

    Table table;
    for (auto& [count, token] : order) table.tokens.push_back(std::move(token));
    if (options_.mode == CategoryMode::tf_idf) {
        double sum = 0;
        for (const Token& token : table.tokens) {
            const double seen = static_cast<double>(document_counts_[token]);
            table.idf.push_back(static_cast<float>(std::log(1 + static_cast<double>(documents_) / (1 + seen))));
            sum += table.idf.back();
        }
        table.idf.insert(table.idf.begin(), static_cast<size_t>(token_start()), static_cast<float>(sum / static_cast<double>(std::max<size_t>(1, table.tokens.size()))));
    }
    counts_.clear();
    document_counts_.clear();
    replace(std::move(table));
}

template <class Token>
std::vector<Token> IndexLookup<Token>::vocabulary(bool include_special_tokens) const {
    const auto current = table();
    if (!include_special_tokens) return current->tokens;
    std::vector<Token> all;
    if (oov_start()) all.push_back(*options_.mask_token);
    all.insert(all.end(), static_cast<size_t>(options_.num_oov_indices), options_.oov_token.value_or(Token()));
    all.insert(all.end(), current->tokens.begin(), current->tokens.end());
    return all;
}

template <class Token>
int64_t IndexLookup<Token>::size() const { return static_cast<int64_t>(table()->tokens.size()) + token_start(); }
template <class Token>
std::optional<int64_t> IndexLookup<Token>::frozen_size() const {
    const std::lock_guard lock(mutex_);
    return options_.frozen_size;
}
template <class Token>
std::vector<float> IndexLookup<Token>::idf_weights() const { return table()->idf; }
template <class Token>
void IndexLookup<Token>::set_idf_weights(std::vector<float> weights) {
    Table changed = *table();
    const auto count = static_cast<size_t>(size());
    if (weights.size() < count) throw ValueError(str("`idf_weights` must have one value for each of ", count, " tokens. Received: ", weights.size()));
    weights.resize(count);
    changed.idf = std::move(weights);
    const std::lock_guard lock(mutex_);
    table_ = std::make_shared<const Table>(std::move(changed));
}

template <class Token>
int64_t IndexLookup<Token>::depth() const {
    if (options_.pad_to_max_tokens) return *options_.max_tokens;
    const std::optional<int64_t> size = frozen_size();
    if (!size)
        throw ValueError(str("When using `output_mode=", name_of(options_.mode), "` and `pad_to_max_tokens=false`, you must set the layer's vocabulary before calling it. "
                             "Either pass a `vocabulary` argument to the layer, or call `adapt` with some sample data."));
    return *size;
}

template <class Token>
Specs IndexLookup<Token>::infer(std::span<const Spec> in) const {
    constexpr DType key = std::is_same_v<Token, std::string> ? DType::string : DType::int64;
    const DType given = in[0].dtype;
    if ((given == DType::string) != (key == DType::string && !options_.invert) || is_complex(given))
        throw DTypeError(str("the layer takes ", key == DType::string && !options_.invert ? "strings" : "integers", ". Received: ", in[0]));
    if (options_.mode == CategoryMode::index) return {{in[0].shape, options_.invert ? key : DType::int64}};
    return {{encoded_shape(in[0].shape, options_.mode, depth()), to_float_dtype(DType::int64)}};
}

template <class Token>
int64_t IndexLookup<Token>::place_of(const Table& table, const Token& token) const {
    if (options_.mask_token && token == *options_.mask_token) return options_.mode == CategoryMode::index ? 0 : nowhere;
    if (const auto found = table.places.find(token); found != table.places.end()) return found->second;
    const int64_t places = options_.num_oov_indices;
    if (places == 0) return -1;
    if (places == 1) return oov_start();
    if constexpr (std::is_same_v<Token, int64_t>) {
        if (!options_.farmhash) return oov_start() + (token % places + places) % places;
    }
    return oov_start() + hash_bucket(text_of(token), places, options_.salt);
}

template <class Token>
Tensor IndexLookup<Token>::run(const std::vector<const Token*>& tokens, const Shape& shape) const {
    const auto current = table();
    const bool index = options_.mode == CategoryMode::index;
    std::vector<int64_t> places;
    places.reserve(tokens.size());
    std::vector<Token> unknown;
    for (const Token* token : tokens) {
        places.push_back(token ? place_of(*current, *token) : index ? 0 : nowhere);
        if (places.back() < 0) unknown.push_back(*token);
    }
    if (!unknown.empty())
        throw ValueError(str("When `num_oov_indices=0` all inputs should be in vocabulary, found OOV values ", list(unknown), ", consider setting `num_oov_indices=1`."));
    if (index) return Tensor::from(places, shape);
    if (options_.mode == CategoryMode::tf_idf && static_cast<int64_t>(current->idf.size()) != size())
        throw ValueError("When `output_mode` is `'tf_idf'`, `idf_weights` must be provided, by the argument of that name or by adapt().");
    return encode_categories(places, shape, options_.mode, depth(), to_float_dtype(DType::int64), &current->idf);
}

template <class Token>
Tensor IndexLookup<Token>::invert(const Table& table, const Tensor& indices) const {
    std::vector<Token> out;
    for (const int64_t index : indices.to_vector<int64_t>()) {
        const int64_t at = index - token_start();
        if (options_.mask_token && index == 0) out.push_back(*options_.mask_token);
        else out.push_back(at >= 0 && at < static_cast<int64_t>(table.tokens.size()) ? table.tokens[static_cast<size_t>(at)] : *options_.oov_token);
    }
    return Tensor::from(out, indices.shape());
}

template <class Token>
Tensors IndexLookup<Token>::run(const Tensors& in) const {
    if (options_.invert) return {invert(*table(), in[0])};
    std::vector<Token> converted;
    if (in[0].dtype() != dtype_of<Token>) converted = tokens_of<Token>(in[0], options_.what);
    const std::span<const Token> all = in[0].dtype() == dtype_of<Token> ? in[0].template data<Token>() : std::span<const Token>(converted);
    std::vector<const Token*> tokens;
    tokens.reserve(all.size());
    for (const Token& token : all) tokens.push_back(&token);
    return {run(tokens, in[0].shape())};
}

template <class Token>
std::vector<Token> tokens_of(const Tensor& x, const std::string& what) {
    constexpr bool text = std::is_same_v<Token, std::string>;
    if ((x.dtype() == DType::string) != text || is_complex(x.dtype()))
        throw DTypeError(str(what, " takes ", text ? "strings" : "integers", ". Received: ", x.spec()));
    return x.template to_vector<Token>();
}

template <class Token>
std::vector<std::vector<Token>> documents_of(const Tensor& x, const std::string& what) {
    const std::vector<Token> all = tokens_of<Token>(x.to_host(), what);
    if (all.empty()) return {};
    const size_t rows = x.rank() == 0 ? 1 : static_cast<size_t>(x.shape()[0]), columns = all.size() / rows;
    std::vector<std::vector<Token>> documents;
    for (size_t i = 0; i < rows; ++i)
        documents.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(i * columns), all.begin() + static_cast<std::ptrdiff_t>((i + 1) * columns));
    return documents;
}

template class IndexLookup<std::string>;
template class IndexLookup<int64_t>;
template std::vector<std::string> tokens_of(const Tensor&, const std::string&);
template std::vector<int64_t> tokens_of(const Tensor&, const std::string&);
template std::vector<std::vector<std::string>> documents_of(const Tensor&, const std::string&);
template std::vector<std::vector<int64_t>> documents_of(const Tensor&, const std::string&);

}  // namespace cornu::layers
