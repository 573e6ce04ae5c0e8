#include "cornu/layers/preprocessing/lookup.h"

#include "cornu/layers/preprocessing/lookup_layer.h"

namespace cornu::layers {

Salt salt_of(std::optional<std::vector<int64_t>>& salt) {
    if (!salt) return {};
    if (salt->size() == 1) salt->push_back(salt->front());
    if (salt->size() != 2) throw ValueError(str("The `salt` argument can only be a list of 2 integers, or a single integer. Received: ", salt->size(), " integers"));
    return std::array{static_cast<uint64_t>((*salt)[0]), static_cast<uint64_t>((*salt)[1])};
}

void check_idf_weights(CategoryMode mode, bool has_vocabulary, bool has_weights) {
    if (has_weights && mode != CategoryMode::tf_idf)
        throw ValueError(str("`idf_weights` should only be set if `output_mode` is `'tf_idf'`. Received: output_mode=", name_of(mode)));
    if (mode == CategoryMode::tf_idf && has_vocabulary && !has_weights)
        throw ValueError("When specifying the `vocabulary` argument, in TF-IDF output mode, the `idf_weights` argument must also be provided. Received: idf_weights=null");
}

void check_encoding(const std::string& encoding) {
    if (encoding != "utf-8" && encoding != "UTF-8" && encoding != "utf8")
        throw UnsupportedError(str("texts are UTF-8; no other encoding is supported. Received: encoding=", encoding));
}

namespace {

const std::vector<CategoryMode> all_modes = {CategoryMode::index, CategoryMode::one_hot, CategoryMode::multi_hot, CategoryMode::count, CategoryMode::tf_idf};

template <class Config, class Token>
IndexLookupOptions<Token> options_of(Config& c, const char* what) {
    const CategoryMode mode = parse_category_mode(c.output_mode, all_modes);
    c.output_mode = name_of(mode);
    refuse_sparse(c.sparse);
    check_idf_weights(mode, c.vocabulary.has_value(), c.idf_weights.has_value());
    const bool farmhash = std::is_same_v<Token, std::string> || c.oov_method == "farmhash";
    if (c.salt && !farmhash) throw ValueError(str("`salt` can only be used when `oov_method='farmhash'`. Received: oov_method=", c.oov_method));
    return {.what = what, .max_tokens = c.max_tokens, .num_oov_indices = c.num_oov_indices, .mask_token = c.mask_token, .oov_token = c.oov_token,
            .invert = c.invert, .mode = mode, .pad_to_max_tokens = c.pad_to_max_tokens, .farmhash = farmhash, .salt = salt_of(c.salt),
            .frozen_size = c.vocabulary_size, .adaptable = !c.has_input_vocabulary.value_or(c.vocabulary.has_value())};
}

template <class Config, class Token>
class LookupLayer final : public ConfiguredLayer<Config>, public VocabularyState<Token> {
public:
    LookupLayer(const char* what, Config config) : ConfiguredLayer<Config>(what, std::move(config)) {
        this->lookup_ = std::make_shared<IndexLookup<Token>>(options_of<Config, Token>(this->config_, what));
        this->in_config_ = this->config_.vocabulary.has_value();
        if constexpr (requires { this->config_.encoding; }) check_encoding(this->config_.encoding);
        this->set_autocast(false);
        if (this->in_config_) this->lookup_->set_vocabulary(*this->config_.vocabulary, this->config_.idf_weights);
    }
    Json get_config() const override {
        Json config = ConfiguredLayer<Config>::get_config();
        const std::optional<int64_t> size = this->lookup_->frozen_size();
        config.set("vocabulary_size", size ? Json(*size) : Json());
        return config;
    }
    Json get_build_config() const override { return Json::object(); }
    void build_from_config(const Json&) override {}
    using CustomLayer::call;
    Tensor call(const Tensor& x, const Call&) override { return host_call(this->lookup_, {x})[0]; }

    void adapt(const Tensor& data) {
        this->lookup_->reset_state();
        this->lookup_->update_state(documents_of<Token>(data, this->label()));
        this->lookup_->finalize_state();
    }
    void adapt(const Dataset& batches, std::optional<int64_t> steps) {
        this->lookup_->reset_state();
        for_each_batch(batches, steps, [&](const Tensor& x) {   // one row of a batch is one document
            const Tensor rows = x.rank() == 1 ? Tensor::on(x.to_host().buffer(), {x.shape().with_front(1), x.dtype()}) : x;
            this->lookup_->update_state(documents_of<Token>(rows, this->label()));
        });
        this->lookup_->finalize_state();
    }
};

using StringLookupLayer = LookupLayer<StringLookupConfig, std::string>;
using IntegerLookupLayer = LookupLayer<IntegerLookupConfig, int64_t>;

template <class Config>
void describe_first(Schema<Config>& s) {
    describe_layer(s);
    s.template field<&Config::invert>("Whether places become tokens.");
    s.template field<&Config::max_tokens>("Size of the vocabulary, special tokens included.");
    s.template field<&Config::num_oov_indices>("Places for unknown tokens.");
    s.template field<&Config::oov_token>("What stands for unknown tokens when places become tokens.");
    s.template field<&Config::mask_token>("The token that is masked.");
    s.template field<&Config::output_mode>("int, one_hot, multi_hot, count or tf_idf.");
    s.template field<&Config::sparse>("Refused when true.");
    s.template field<&Config::pad_to_max_tokens>("Whether rows are max_tokens wide in any case.");
}
template <class Config>
void describe_last(Schema<Config>& s) {
    s.template field<&Config::idf_weights>("Inverse document frequencies, one a token.");
    s.template field<&Config::vocabulary>("The tokens, in order.");
    s.template field<&Config::vocabulary_size>("Size of the vocabulary once there is one.").positive();
    s.template field<&Config::oov_method>("How unknown integers are spread.").one_of({"floormod", "farmhash"});
    s.template field<&Config::salt>("Two numbers that change how unknown tokens are spread.");
    s.template field<&Config::has_input_vocabulary>("Whether the vocabulary was given, and cannot be learned.").hidden();
}

}  // namespace

void StringLookupConfig::describe(Schema<StringLookupConfig>& s) {
    describe_first(s);
    describe_last(s);
    s.field<&StringLookupConfig::encoding>("Of texts: utf-8.");
}
void IntegerLookupConfig::describe(Schema<IntegerLookupConfig>& s) {
    describe_first(s);
    s.field<&IntegerLookupConfig::vocabulary_dtype>("int64.").one_of({"int64"});
    describe_last(s);
}

StringLookup::StringLookup(StringLookupConfig config) : Layer(std::make_shared<StringLookupLayer>("StringLookup", std::move(config))) {}
void StringLookup::check() const { check_class<StringLookupLayer>(*this, "StringLookup"); }
void StringLookup::adapt(const Tensor& data) const { static_cast<StringLookupLayer&>(impl()).adapt(data); }
void StringLookup::adapt(const Dataset& batches, std::optional<int64_t> steps) const { static_cast<StringLookupLayer&>(impl()).adapt(batches, steps); }
void StringLookup::set_vocabulary(std::vector<std::string> tokens, const std::optional<std::vector<double>>& idf_weights) const {
    static_cast<StringLookupLayer&>(impl()).lookup()->set_vocabulary(std::move(tokens), idf_weights);
}
std::vector<std::string> StringLookup::get_vocabulary(bool special) const { return static_cast<StringLookupLayer&>(impl()).lookup()->vocabulary(special); }
std::shared_ptr<IndexLookup<std::string>> lookup_of(const StringLookup& layer) { return static_cast<StringLookupLayer&>(layer.impl()).lookup(); }
int64_t StringLookup::vocabulary_size() const { return static_cast<StringLookupLayer&>(impl()).lookup()->size(); }

IntegerLookup::IntegerLookup(IntegerLookupConfig config) : Layer(std::make_shared<IntegerLookupLayer>("IntegerLookup", std::move(config))) {}
void IntegerLookup::check() const { check_class<IntegerLookupLayer>(*this, "IntegerLookup"); }
void IntegerLookup::adapt(const Tensor& data) const { static_cast<IntegerLookupLayer&>(impl()).adapt(data); }
void IntegerLookup::adapt(const Dataset& batches, std::optional<int64_t> steps) const { static_cast<IntegerLookupLayer&>(impl()).adapt(batches, steps); }
void IntegerLookup::set_vocabulary(std::vector<int64_t> tokens, const std::optional<std::vector<double>>& idf_weights) const {
    static_cast<IntegerLookupLayer&>(impl()).lookup()->set_vocabulary(std::move(tokens), idf_weights);
}
std::vector<int64_t> IntegerLookup::get_vocabulary(bool special) const { return static_cast<IntegerLookupLayer&>(impl()).lookup()->vocabulary(special); }
int64_t IntegerLookup::vocabulary_size() const { return static_cast<IntegerLookupLayer&>(impl()).lookup()->size(); }

}  // namespace cornu::layers
