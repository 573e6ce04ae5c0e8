// Identity, and Masking, which marks the steps that later layers shall skip.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API IdentityConfig {
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<IdentityConfig>& s);
};
class CORNU_API Identity : public Layer { public: using Config = IdentityConfig; explicit Identity(IdentityConfig config = {}); };

// (batch, time, …, features), kept. A step all of whose features equal mask_value is masked and zero.
struct CORNU_API MaskingConfig {
    double mask_value = 0.0;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<MaskingConfig>& s);
};
class CORNU_API Masking : public Layer { public: using Config = MaskingConfig; explicit Masking(MaskingConfig config = {}); };

}  // namespace cornu::layers
