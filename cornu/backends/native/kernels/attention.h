// Attention by blocks of queries, forward and backward: softmax(scale * Q Kᵀ + bias, masked) V of
// float32. The scores of one block are all that is ever held of the queries × keys matrix; the
// backward pass makes them again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace cornu::native {

// Query is (batch, queries, heads, depth), key (batch, keys, key_heads, depth), value (batch, keys,
// key_heads, value_depth), the result (batch, queries, heads, value_depth), all densely packed.
struct AttentionSpec {
    // Elements between neighbours along batch, head, query and key; 0 repeats one.
    using Strides = std::array<int64_t, 4>;

    int64_t batch = 0, queries = 0, keys = 0;
    int64_t heads = 0, key_heads = 0;  // a key serves heads / key_heads queries
    int64_t depth = 0, value_depth = 0;
    float scale = 1;
    bool is_causal = false;  // query t sees keys up to t
    std::optional<Strides> bias = {}, mask = {};
};

struct AttentionInputs {
    const float *query, *key, *value;
    const float* bias = nullptr;  // with spec.bias
    const bool* mask = nullptr;   // with spec.mask; where it is false, a key is not looked at
};

// Prepared once, run by any number of callers without allocation. Every number is summed in an
// order that follows from sizes alone: threads don't change a bit. All sizes are positive, and the
// strides of bias and mask along keys are 0 or 1.
class Attention {
public:
    explicit Attention(const AttentionSpec& spec);
    size_t scratch_bytes() const;
    // `scratch` holds scratch_bytes(), 64-byte aligned.
    void run(const AttentionInputs& in, float* out, void* scratch) const;

private:
    AttentionSpec spec_;
    int64_t block_;          // queries at a time
    bool packed_;            // keys and values are put in order first
    int64_t chunks_;         // parts of the queries that one head of keys serves
    int64_t tasks_, slots_;  // a slot has scratch of its own and takes tasks until none is left
};

struct AttentionGradients {
    float *query, *key, *value;
    float* bias = nullptr;  // as large as the bias; null without bias_gradient
};

class AttentionGrad {
public:
    AttentionGrad(const AttentionSpec& spec, bool bias_gradient);
    size_t scratch_bytes() const;
    // `dout` is the gradient of the result.
    void run(const float* dout, const AttentionInputs& in, const AttentionGradients& grads,
             void* scratch) const;

private:
    AttentionSpec spec_;
    int64_t block_;
    bool bias_gradient_;
    bool join_batch_, join_heads_;  // one task adds up what a repeated bias gets
    int64_t tasks_, slots_;
};

}  // namespace cornu::native
