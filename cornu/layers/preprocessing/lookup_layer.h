// What the layers with a vocabulary have in common besides the lookup itself: arguments, and files.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/layers/preprocessing/adapting.h"
#include "cornu/layers/preprocessing/index_lookup.h"
#include "cornu/layers/preprocessing/lookup.h"
#include "cornu/layers/preprocessing/vocabulary.h"
#include "cornu/layers/stored_state.h"

namespace cornu::layers {

// One number stands for two. Throws ValueError for another count.
Salt salt_of(std::optional<std::vector<int64_t>>& salt);
// Throws ValueError for idf_weights without that mode, or the mode without when a vocabulary is given.
void check_idf_weights(CategoryMode mode, bool has_vocabulary, bool has_weights);
void check_encoding(const std::string& encoding);

// A vocabulary that is not in the config is an asset, one token a line; weights are an array.
template <class Token>
class VocabularyState : public StoredState {
public:
    std::map<std::string, Tensor> named_arrays() const override {
        if (lookup_->options().mode != CategoryMode::tf_idf) return {};
        std::vector<float> weights = lookup_->idf_weights();
        // Keras reads as many weights as an asset has tokens, and fills them up itself; where the
        // vocabulary is an argument it wants them padded.
        if (in_config_) weights.resize(static_cast<size_t>(lookup_->depth()));
        return {{"idf_weights", Tensor::from(weights)}};
    }
    void load_named_arrays(const std::map<std::string, Tensor>& arrays) override {
        const auto found = arrays.find("idf_weights");
        if (found == arrays.end()) return;
        if (in_config_) lookup_->set_idf_weights(found->second.template to_vector<float>());
        else loaded_weights_ = found->second.template to_vector<double>();
    }
    std::vector<std::string> asset_names() const override { return in_config_ ? std::vector<std::string>() : std::vector<std::string>{"vocabulary.txt"}; }
    std::string asset(const std::string&) const override { return to_lines(lookup_->vocabulary(true)); }
    void load_asset(const std::string&, std::string_view text) override {
        std::vector<Token> tokens = of_lines<Token>(text);
        if (loaded_weights_) loaded_weights_->resize(std::min(loaded_weights_->size(), tokens.size()));
        const bool none = tokens == lookup_->vocabulary(true) || tokens.empty();   // it had learned nothing
        if (!none) lookup_->set_vocabulary(std::move(tokens), std::exchange(loaded_weights_, std::nullopt));
    }
    const std::shared_ptr<IndexLookup<Token>>& lookup() const { return lookup_; }

protected:
    std::shared_ptr<IndexLookup<Token>> lookup_;   // set by the constructor
    bool in_config_ = false;                       // the vocabulary was an argument

private:
    std::optional<std::vector<double>> loaded_weights_;
};

std::shared_ptr<IndexLookup<std::string>> lookup_of(const StringLookup& layer);

}  // namespace cornu::layers
