#include "cornu/layers/core/embedding.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"

namespace cornu::layers {

namespace {

class EmbeddingLayer final : public ConfiguredLayer<EmbeddingConfig> {
public:
    explicit EmbeddingLayer(EmbeddingConfig config) : ConfiguredLayer("Embedding", std::move(config)) {
        resolve(config_.embeddings_initializer);
        refuse_quantization(config_.quantization_config);
        set_autocast(false);   // indices may come as floats, which a narrow type would round
    }
    bool supports_masking() const override { return config_.mask_zero; }

    void build(const Shape&) override {
        embeddings_ = add_weight({.name = "embeddings", .shape = {config_.input_dim, config_.output_dim}, .initializer = config_.embeddings_initializer,
                                  .regularizer = config_.embeddings_regularizer.function(), .constraint = config_.embeddings_constraint.function()});
    }

    Tensor call(const Tensor& x, const Call&) override {
        const Tensor indices = x.dtype() == DType::int32 || x.dtype() == DType::int64 ? x : ops::cast(x, DType::int32);
        return ops::cast(ops::take(embeddings_, indices, 0), compute_dtype());
    }

    Structure compute_mask(const Structure& inputs, const Structure&) override {
        return config_.mask_zero ? Structure(ops::not_equal(inputs.leaf(), 0)) : Structure();
    }

private:
    Variable embeddings_;
};

}  // namespace

void EmbeddingConfig::describe(Schema<EmbeddingConfig>& s) {
    using C = EmbeddingConfig;
    describe_layer(s);
    s.field<&C::input_dim>("Number of rows.").positive();
    s.field<&C::output_dim>("Size of a row.").positive();
    s.field<&C::embeddings_initializer>("How the table starts.");
    s.field<&C::embeddings_regularizer>("Penalty on the table.");
    s.field<&C::activity_regularizer>("Penalty on the output.");
    s.field<&C::embeddings_constraint>("What the table is kept to.");
    s.field<&C::mask_zero>("Whether index 0 is padding.");
    s.field<&C::quantization_config>("How the table is quantized; null only.");
}

Embedding::Embedding(EmbeddingConfig config) : Layer(std::make_shared<EmbeddingLayer>(std::move(config))) {}

}  // namespace cornu::layers
