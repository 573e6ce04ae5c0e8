// Attention: values weighed by how well their keys fit each query.
#pragma once

#include <optional>

#include "cornu/ops/apply.h"

namespace cornu::ops {

struct DotProductAttentionOptions {
    Tensor bias = {};                   // added to the scores
    Tensor mask = {};                   // bool: which keys a query may look at; both broadcast to (batch, heads, T, S)
    std::optional<double> scale = {};   // of the scores; 1 / sqrt(depth) by default
    bool is_causal = false;             // a query looks at its own step and those before
};

// query (batch, T, heads, depth), key (batch, S, heads_kv, depth), value (batch, S, heads_kv, depth_v)
// → (batch, T, heads, depth_v). heads is a multiple of heads_kv: each key serves a group of queries.
// Scores and softmax are computed in at least float32. Source: Vaswani et al., 2017; Ainslie et al., 2023.
CORNU_API Tensor dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                       const DotProductAttentionOptions& options = {});

// Where step t of T may look among S: at s <= t. Shape (1, T, S), bool.
CORNU_API Tensor causal_mask(int64_t queries, int64_t keys);

}  // namespace cornu::ops
