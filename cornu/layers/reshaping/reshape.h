// Reshape, Permute, RepeatVector: the same elements in another arrangement.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

// (batch, …) → (batch, target_shape…); one dimension may be -1.
struct CORNU_API ReshapeConfig {
    Required<std::vector<int64_t>> target_shape;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ReshapeConfig>& s);
};
class CORNU_API Reshape : public Layer { public: using Config = ReshapeConfig; explicit Reshape(ReshapeConfig config); };

// Axes in another order; they are counted from 1, the batch stays first.
struct CORNU_API PermuteConfig {
    Required<std::vector<int64_t>> dims;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<PermuteConfig>& s);
};
class CORNU_API Permute : public Layer { public: using Config = PermuteConfig; explicit Permute(PermuteConfig config); };

// (batch, features) → (batch, n, features).
struct CORNU_API RepeatVectorConfig {
    Required<int64_t> n;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RepeatVectorConfig>& s);
};
class CORNU_API RepeatVector : public Layer { public: using Config = RepeatVectorConfig; explicit RepeatVector(RepeatVectorConfig config); };

}  // namespace cornu::layers
