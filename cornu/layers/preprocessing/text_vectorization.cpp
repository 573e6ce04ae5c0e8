#include "cornu/layers/preprocessing/text_vectorization.h"

#include "cornu/layers/preprocessing/lookup.h"
#include "cornu/layers/preprocessing/lookup_layer.h"
#include "cornu/layers/preprocessing/tokenize.h"

namespace cornu::layers {

Ngrams::Ngrams(const Json& given) : given_(given) {
    if (!given_.is_null() && !given_.is_int() && !given_.is_array())
        throw ValueError(str("`ngrams` must be null, an integer, or a list of integers. Received: ngrams=", given_));
}

std::vector<int64_t> Ngrams::lengths() const {
    constexpr int64_t most = 1000;   // a file may not ask for more
    std::vector<int64_t> out;
    if (given_.is_array()) Codec<std::vector<int64_t>>::decode(given_, out);
    if (given_.is_int() && given_.as_int() < 1) out.push_back(given_.as_int());
    else if (given_.is_int())
        for (int64_t i = 1; i <= std::min(given_.as_int(), most + 1); ++i) out.push_back(i);
    for (const int64_t length : out)
        if (length < 1 || length > most) throw ValueError(str("`ngrams` must be positive integers, at most ", most, ". Received: ngrams=", given_));
    return out;
}

namespace {

using Lookup = IndexLookup<std::string>;

// Rows of tokens, of any length; the shape is that of the rows.
struct Rows {
    Shape shape;
    std::vector<std::vector<std::string>> tokens;
};

class Vectorize final : public HostFunction {
public:
    Vectorize(const TextVectorizationConfig& config, std::shared_ptr<Lookup> lookup)
        : standardize_(config.standardize.value_or("")), split_(config.split.value_or("")), ngrams_(config.ngrams.lengths()), length_(config.output_sequence_length),
          lookup_(std::move(lookup)) {}
    std::string name() const override { return "TextVectorization"; }

    // Of (batch, 1) the second axis goes when texts are split. Without a split the last axis is the row.
    Shape rows_of(const Shape& in) const {
        Shape shape = in;
        if (split_.empty()) {
            if (shape.rank() > 0) shape.erase(shape.rank() - 1);
        } else if (shape.rank() > 1) {
            if (shape.back() != 1 && shape.back() != None)
                throw ShapeError(str("When using `TextVectorization` to tokenize strings, the input rank must be 1 or the last shape dimension must be 1. Received: inputs.shape=",
                                     in, " with rank=", in.rank()));
            shape.erase(shape.rank() - 1);
        }
        return shape;
    }

    Specs infer(std::span<const Spec> in) const override {
        if (in[0].dtype != DType::string) throw DTypeError(str("the layer takes strings. Received: ", in[0]));
        const Shape& given = in[0].shape;
        Shape shape = rows_of(given);
        const bool scalar = split_.empty() && given.rank() == 0;
        if (!scalar) shape.push_back(length_ ? *length_ : split_.empty() && ngrams_.empty() ? given.back() : None);
        const CategoryMode mode = lookup_->options().mode;
        if (mode == CategoryMode::index) return {{shape, DType::int64}};
        return {{encoded_shape(shape, mode, lookup_->depth()), to_float_dtype(DType::int64)}};
    }

    Rows cut(const Tensor& texts) const {
        Rows rows{rows_of(texts.shape()), {}};
        const auto all = texts.data<std::string>();
        const size_t columns = split_.empty() && texts.rank() > 0 ? static_cast<size_t>(texts.shape().back()) : 1;
        const bool lower = standardize_.starts_with("lower"), strip = standardize_.ends_with("strip_punctuation");
        for (size_t i = 0; i < all.size(); ++i) {
            if (i % columns == 0) rows.tokens.emplace_back();
            std::string text = lower ? to_lower_ascii(all[i]) : all[i];
            if (strip) text = strip_punctuation(text);
            if (split_.empty()) rows.tokens.back().push_back(std::move(text));
            else rows.tokens.back() = split_ == "whitespace" ? split_at_whitespace(text) : split_into_characters(text);
        }
        if (!ngrams_.empty())
            for (auto& row : rows.tokens) row = ngrams_of(row, ngrams_);
        return rows;
    }

    Tensors run(const Tensors& in) const override {
        Rows rows = cut(in[0]);
        size_t width = 0;
        for (const auto& row : rows.tokens) width = std::max(width, row.size());
        if (length_) width = static_cast<size_t>(*length_);
        std::vector<const std::string*> tokens;
        tokens.reserve(rows.tokens.size() * width);
        for (const auto& row : rows.tokens)
            for (size_t i = 0; i < width; ++i) tokens.push_back(i < row.size() ? &row[i] : nullptr);
        if (in[0].rank() > 0 || !split_.empty()) rows.shape.push_back(static_cast<int64_t>(width));
        return {lookup_->run(tokens, rows.shape)};
    }

private:
    std::string standardize_, split_;
    std::vector<int64_t> ngrams_;
    std::optional<int64_t> length_;
    std::shared_ptr<Lookup> lookup_;
};

class TextVectorizationLayer final : public ConfiguredLayer<TextVectorizationConfig>, public VocabularyState<std::string> {
public:
    explicit TextVectorizationLayer(TextVectorizationConfig config)
        : ConfiguredLayer("TextVectorization", std::move(config)), inner_(track("_lookup_layer", StringLookup(inner_config(config_)))) {
        lookup_ = lookup_of(inner_);
        in_config_ = config_.vocabulary.has_value();
        function_ = std::make_shared<Vectorize>(config_, lookup_);
        set_autocast(false);
    }
    Json get_config() const override {
        Json config = ConfiguredLayer::get_config();
        config.set("vocabulary_size", lookup_->size());
        return config;
    }
    SpecTree compute_output_spec(const SpecTree& inputs, const Call&) override { return function_->infer(std::array{inputs.leaf()})[0]; }
    using CustomLayer::call;
    Tensor call(const Tensor& x, const Call&) override { return host_call(function_, {x})[0]; }

    void update(const Tensor& texts) { lookup_->update_state(function_->cut(texts.to_host()).tokens); }
    void adapt(const Tensor& texts) {
        lookup_->reset_state();
        check(texts);
        update(texts.rank() == 1 ? Tensor::on(texts.to_host().buffer(), {Shape{texts.size(), 1}, texts.dtype()}) : texts);
        lookup_->finalize_state();
    }
    void adapt(const Dataset& batches, std::optional<int64_t> steps) {
        lookup_->reset_state();
        for_each_batch(batches, steps, [&](const Tensor& texts) {
            check(texts);
            update(texts);
        });
        lookup_->finalize_state();
    }

private:
    void check(const Tensor& texts) const {
        if (texts.dtype() != DType::string) throw DTypeError(str(label(), ".adapt takes strings. Received: ", texts.spec()));
    }

    // Keras keeps a layer in the layer, and its files say so.
    static StringLookupConfig inner_config(TextVectorizationConfig& c) {
        using enum CategoryMode;
        const CategoryMode mode = parse_category_mode(c.output_mode, {index, one_hot, multi_hot, count, tf_idf});
        c.output_mode = name_of(mode);
        refuse_sparse(c.sparse);
        if (c.ragged) throw UnsupportedError("ragged tensors are not supported. Received: ragged=true");
        if (mode != index && c.output_sequence_length)
            throw ValueError(str("`output_sequence_length` must not be set if `output_mode` is not 'int'. Received output_sequence_length=", *c.output_sequence_length, "."));
        if (mode == one_hot && c.split)
            throw UnsupportedError("rows of as many vectors as a text has tokens would be ragged: `output_mode='one_hot'` needs `split=null`. Received: split=" + *c.split);
        return {.max_tokens = c.max_tokens, .mask_token = "", .vocabulary = c.vocabulary, .idf_weights = c.idf_weights, .output_mode = c.output_mode,
                .pad_to_max_tokens = c.pad_to_max_tokens, .encoding = c.encoding, .vocabulary_size = c.vocabulary_size,
                .has_input_vocabulary = c.has_input_vocabulary.value_or(c.vocabulary.has_value())};
    }

    StringLookup inner_;
    std::shared_ptr<Vectorize> function_;
};

}  // namespace

void TextVectorizationConfig::describe(Schema<TextVectorizationConfig>& s) {
    using C = TextVectorizationConfig;
    const auto named = [](const char* name) {
        return [name](const Json& value) -> std::optional<std::string> {
            if (value.is_null() || value.is_string()) return std::nullopt;
            return str("must be a name or null: a Python function as `", name, "` cannot be read");
        };
    };
    describe_layer(s);
    s.field<&C::max_tokens>("Size of the vocabulary, special tokens included.");
    s.field<&C::standardize>("What is done to texts first.").rule(named("standardize")).one_of({"lower_and_strip_punctuation", "lower", "strip_punctuation"});
    s.field<&C::split>("Where texts are cut.").rule(named("split")).one_of({"whitespace", "character"});
    s.field<&C::ngrams>("Lengths of runs of tokens.");
    s.field<&C::output_mode>("int, one_hot, multi_hot, count or tf_idf.");
    s.field<&C::output_sequence_length>("Length of the rows.").positive();
    s.field<&C::pad_to_max_tokens>("Whether rows are max_tokens wide in any case.");
    s.field<&C::sparse>("Refused when true.");
    s.field<&C::ragged>("Refused when true.");
    s.field<&C::vocabulary>("The tokens, in order.");
    s.field<&C::idf_weights>("Inverse document frequencies, one a token.");
    s.field<&C::encoding>("Of texts: utf-8.");
    s.field<&C::vocabulary_size>("Size of the vocabulary.").positive();
    s.field<&C::has_input_vocabulary>("Whether the vocabulary was given, and cannot be learned.").hidden();
}

TextVectorization::TextVectorization(TextVectorizationConfig config) : Layer(std::make_shared<TextVectorizationLayer>(std::move(config))) {}
void TextVectorization::check() const { check_class<TextVectorizationLayer>(*this, "TextVectorization"); }
void TextVectorization::adapt(const Tensor& texts) const { static_cast<TextVectorizationLayer&>(impl()).adapt(texts); }
void TextVectorization::adapt(const Dataset& batches, std::optional<int64_t> steps) const { static_cast<TextVectorizationLayer&>(impl()).adapt(batches, steps); }
void TextVectorization::set_vocabulary(std::vector<std::string> tokens, const std::optional<std::vector<double>>& idf_weights) const {
    static_cast<TextVectorizationLayer&>(impl()).lookup()->set_vocabulary(std::move(tokens), idf_weights);
}
std::vector<std::string> TextVectorization::get_vocabulary(bool special) const { return static_cast<TextVectorizationLayer&>(impl()).lookup()->vocabulary(special); }
int64_t TextVectorization::vocabulary_size() const { return static_cast<TextVectorizationLayer&>(impl()).lookup()->size(); }

}  // namespace cornu::layers
