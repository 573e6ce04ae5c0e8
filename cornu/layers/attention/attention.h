// Attention and AdditiveAttention: values weighed by how well their keys fit each query.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API AttentionConfig {
    bool use_scale = false;                      // a learned factor on the scores
    std::string score_mode = "dot";              // or "concat": a sum of tanh(query + key)
    double dropout = 0.0;                        // of the weights, in training
    std::optional<int64_t> seed = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<AttentionConfig>& s);
};

// [query (batch, Tq, dim), value (batch, Tv, dim_v)], and key (batch, Tv, dim), which is the value by
// default → (batch, Tq, dim_v). Masks: one of the query (its steps become zero), one of the value (its
// steps are not looked at).
class CORNU_API Attention : public Layer { public: using Config = AttentionConfig; explicit Attention(AttentionConfig config = {}); };

struct CORNU_API AdditiveAttentionConfig {
    bool use_scale = true;                       // weight scale (dim)
    double dropout = 0.0;
    std::optional<int64_t> seed = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<AdditiveAttentionConfig>& s);
};
class CORNU_API AdditiveAttention : public Layer {
public:
    using Config = AdditiveAttentionConfig;
    explicit AdditiveAttention(AdditiveAttentionConfig config = {});
};

}  // namespace cornu::layers
