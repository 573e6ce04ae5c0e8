#include "cornu/layers/core/lora.h"

#include "cornu/layers/weight_budget.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"

namespace cornu::layers {

CustomLayer& LowRankAdapted::self() const { return dynamic_cast<CustomLayer&>(const_cast<LowRankAdapted&>(*this)); }

void LowRankAdapted::enable(int64_t rank, const LoraOptions& options) {
    const Target target = lora_target();
    const auto refuse = [&](const auto&... parts) { throw ValueError(str("[layers.", self().class_name(), " \"", self().name(), "\"] ", parts...)); };
    if (rank < 1) refuse("the rank of LoRA must be a positive integer. Received: rank=", rank);
    if (target.constrained) refuse("LoRA is incompatible with constraints on the ", target.name, ". Remove the `", target.name, "_constraint` argument.");
    if (!target.base.defined()) refuse("Cannot enable LoRA on a layer that isn't yet built. Build it, or give `lora_rank` to its constructor.");
    if (a_.defined()) refuse("LoRA is already enabled. This can only be done once per layer. Received: rank=", rank, ", enabled with rank ", rank_);
    Shape left = target.base.shape();
    const int64_t last = left.back(), rows = target.base.shape().size() / std::max<int64_t>(1, last);
    // No file holds these weights; what it holds of the kernel says how large they may be.
    const int64_t most = 4 * target.base.shape().size() + (1 << 14);
    WeightBudget::allow(static_cast<uint64_t>(rank > most / (rows + last) ? most : (rows + last) * rank));
    left[left.rank() - 1] = rank;
    const auto make = [&](const char* which, Shape shape, Initializer initializer) {
        initializer.resolve();
        return self().add_weight({.name = str("lora_", target.name, which), .shape = std::move(shape), .initializer = initializer, .dtype = DType::float32,
                                  .regularizer = target.regularizer});
    };
    a_ = make("_a", left, options.a_initializer);
    b_ = make("_b", {rank, last}, options.b_initializer);
    Variable(target.base).set_trainable(false);
    rank_ = rank;
    alpha_ = options.lora_alpha.value_or(static_cast<double>(rank));
}

void LowRankAdapted::start_lora(std::optional<int64_t> rank, std::optional<double> alpha) {
    if (rank) enable(*rank, {.lora_alpha = alpha});
}

void LowRankAdapted::write_lora(Json& config) const {
    if (!a_.defined()) return;
    config.set("lora_rank", rank_);
    config.set("lora_alpha", alpha_);
}

Tensor LowRankAdapted::adapted(const Variable& base) const {
    if (!a_.defined()) return base;
    return ops::cast(base + ops::matmul(a_, b_) * (alpha_ / static_cast<double>(rank_)), self().compute_dtype());
}

Tensor LowRankAdapted::merged() const {
    const Variable base = lora_target().base;
    return ops::cast(base + ops::matmul(a_, b_) * (alpha_ / static_cast<double>(rank_)), base.dtype());
}

std::optional<std::vector<StoredState::Item>> LowRankAdapted::stored_variables() const {
    if (!a_.defined()) return std::nullopt;
    std::vector<Item> items = {{lora_target().base, [this] { return merged(); }}};
    for (const Variable& variable : self().own_variables())
        if (variable.id() != a_.id() && variable.id() != b_.id() && variable.id() != items[0].variable.id()) items.push_back({variable});
    return items;
}

void LowRankAdapted::variables_loaded() {
    for (Variable* part : {&a_, &b_})
        if (part->defined()) part->assign(ops::zeros(part->shape(), part->dtype()));
}

void enable_lora(const Layer& layer, int64_t rank, const LoraOptions& options) {
    auto* adapted = dynamic_cast<LowRankAdapted*>(&layer.impl());
    if (!adapted)
        throw UnsupportedError(str("LoRA is for Dense, EinsumDense, Embedding and ReversibleEmbedding. Received: the layer \"", layer.name(), "\" of class ",
                                   layer.impl().class_name()));
    adapted->enable(rank, options);
}

}  // namespace cornu::layers
