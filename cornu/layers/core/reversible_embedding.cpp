#include "cornu/layers/core/reversible_embedding.h"

#include "cornu/layers/core/embedding_layer.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

namespace {

class ReversibleEmbeddingLayer final : public EmbeddingLayer<ReversibleEmbeddingConfig> {
public:
    using Base = EmbeddingLayer<ReversibleEmbeddingConfig>;
    explicit ReversibleEmbeddingLayer(ReversibleEmbeddingConfig config) : Base("ReversibleEmbedding", std::move(config)) {}

    const CallSignature& call_signature() const override {
        static const CallSignature signature{.inputs = {}, .others = {"reverse"}};
        return signature;
    }

    void build(const Shape&) override {
        make_table();
        start_lora(config_.lora_rank, config_.lora_alpha);
        if (!config_.tie_weights)
            reverse_ = add_weight({.name = "reverse_embeddings", .shape = {config_.output_dim, config_.input_dim}, .initializer = config_.embeddings_initializer});
    }

    using Base::call;
    Tensor call(const Tensor& x, const Call& call) override {
        if (!backwards(call)) {
            const Tensor out = Base::call(x, call);
            if (config_.mask_zero) out.set_mask(ops::not_equal(x, 0));
            return out;
        }
        Tensor from = x, kernel = config_.tie_weights ? ops::transpose(adapted(embeddings_)) : Tensor(reverse_);
        if (config_.reverse_dtype) {
            from = ops::cast(from, *config_.reverse_dtype);
            kernel = ops::cast(kernel, *config_.reverse_dtype);
        }
        const Tensor scores = ops::matmul(from, kernel);
        return config_.logit_soft_cap ? ops::tanh(scores / *config_.logit_soft_cap) * *config_.logit_soft_cap : scores;
    }
    Structure compute_mask(const Structure&, const Structure&) override { return {}; }   // call() sets it

private:
    static bool backwards(const Call& call) {
        const auto found = call.others.find("reverse");
        return found != call.others.end() && found->second.leaf().defined() && found->second.leaf().item<bool>();
    }
    Variable reverse_;
};

}  // namespace

void ReversibleEmbeddingConfig::describe(Schema<ReversibleEmbeddingConfig>& s) {
    using C = ReversibleEmbeddingConfig;
    describe_embedding(s);
    s.field<&C::tie_weights>("Whether one table serves both ways.");
    s.field<&C::reverse_dtype>("Dtype of the way back.");
    s.field<&C::logit_soft_cap>("Bound of the scores.").positive();
}

ReversibleEmbedding::ReversibleEmbedding(ReversibleEmbeddingConfig config) : Layer(std::make_shared<ReversibleEmbeddingLayer>(std::move(config))) {}
Tensor ReversibleEmbedding::reverse(const Tensor& x) const { return (*this)(x, Call{.others = {{"reverse", Structure(Tensor(true))}}}); }

}  // namespace cornu::layers
