// LoRA: a layer learns a product of two thin matrices beside its kernel, which stays as it is
// (https://arxiv.org/abs/2106.09685). Dense, EinsumDense, Embedding and ReversibleEmbedding have it.
#pragma once

#include "cornu/layers/layer.h"
#include "cornu/layers/stored_state.h"

namespace cornu::layers {

struct LoraOptions {
    std::optional<double> lora_alpha = {};       // the product counts alpha / rank; rank by default
    Initializer a_initializer = "he_uniform";
    Initializer b_initializer = "zeros";
};

// From now on the layer trains lora_kernel_a (…, rank) and lora_kernel_b (rank, last axis), float32, and
// not the kernel; a compiled model must be compiled again. Files hold the merged kernel, and a loaded
// layer has both matrices zero, as in Keras, and learns through them no more. Throws ValueError for a layer that is not built, has LoRA
// already, or a constraint on the kernel; UnsupportedError for one of another class.
CORNU_API void enable_lora(const Layer& layer, int64_t rank, const LoraOptions& options = {});

// What a layer with LoRA derives from besides CustomLayer.
class CORNU_API LowRankAdapted : public StoredState {
public:
    std::optional<std::vector<Item>> stored_variables() const override;
    void variables_loaded() override;

protected:
    struct Target {
        Variable base;
        const char* name = "kernel";             // lora_<name>_a
        std::function<Tensor(const Tensor&)> regularizer = {};
        bool constrained = false;
    };
    virtual Target lora_target() const = 0;

    // The kernel as call() uses it: in the compute dtype when there is a product to add.
    Tensor adapted(const Variable& base) const;
    // At the end of build(), for a config that says so.
    void start_lora(std::optional<int64_t> rank, std::optional<double> alpha);
    void write_lora(Json& config) const;         // as it is now

private:
    friend CORNU_API void enable_lora(const Layer&, int64_t, const LoraOptions&);
    void enable(int64_t rank, const LoraOptions& options);
    CustomLayer& self() const;
    Tensor merged() const;

    Variable a_, b_;
    int64_t rank_ = 0;
    double alpha_ = 0;
};

}  // namespace cornu::layers
