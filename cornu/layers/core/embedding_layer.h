// The table of Embedding and ReversibleEmbedding.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/layers/core/lora.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"

namespace cornu::layers {

template <class Config>
class EmbeddingLayer : public ConfiguredLayer<Config>, public LowRankAdapted {
public:
    EmbeddingLayer(const char* class_name, Config config) : ConfiguredLayer<Config>(class_name, std::move(config)) {
        resolve(this->config_.embeddings_initializer);
        refuse_quantization(this->config_.quantization_config);
        this->set_autocast(false);   // indices may come as floats, which a narrow type would round
    }
    bool supports_masking() const override { return this->config_.mask_zero; }
    Json get_config() const override {
        Json config = ConfiguredLayer<Config>::get_config();
        write_lora(config);
        return config;
    }

    using CustomLayer::build;
    void build(const Shape&) override {
        make_table();
        start_lora(this->config_.lora_rank, this->config_.lora_alpha);
    }

    using CustomLayer::call;
    Tensor call(const Tensor& x, const Call&) override {
        const Tensor indices = x.dtype() == DType::int32 || x.dtype() == DType::int64 ? x : ops::cast(x, DType::int32);
        return ops::cast(ops::take(adapted(embeddings_), indices, 0), this->compute_dtype());
    }

    Structure compute_mask(const Structure& inputs, const Structure&) override {
        return this->config_.mask_zero ? Structure(ops::not_equal(inputs.leaf(), 0)) : Structure();
    }

protected:
    void make_table() {
        const auto& c = this->config_;
        embeddings_ = this->add_weight({.name = "embeddings", .shape = {c.input_dim, c.output_dim}, .initializer = c.embeddings_initializer,
                                        .regularizer = c.embeddings_regularizer.function(), .constraint = c.embeddings_constraint.function()});
    }
    Target lora_target() const override {
        return {embeddings_, "embeddings", this->config_.embeddings_regularizer.function(), this->config_.embeddings_constraint.function() != nullptr};
    }
    Variable embeddings_;
};

template <class C>
void describe_embedding(Schema<C>& s) {
    describe_layer(s);
    s.template field<&C::input_dim>("Number of rows.").positive();
    s.template field<&C::output_dim>("Size of a row.").positive();
    s.template field<&C::embeddings_initializer>("How the table starts.");
    s.template field<&C::embeddings_regularizer>("Penalty on the table.");
    s.template field<&C::activity_regularizer>("Penalty on the output.");
    s.template field<&C::embeddings_constraint>("What the table is kept to.");
    s.template field<&C::mask_zero>("Whether index 0 is padding.");
    s.template field<&C::lora_rank>("Rank of LoRA; null: none.").positive().omit_null();
    s.template field<&C::lora_alpha>("What LoRA counts, times its rank.").omit_null();
    s.template field<&C::quantization_config>("How the table is quantized; null only.");
}

}  // namespace cornu::layers
