// Maximum and mean over all spatial axes.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API GlobalPoolingConfig {
    std::string data_format = {};
    bool keepdims = false;                       // spatial axes stay, with size 1
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<GlobalPoolingConfig>& s);
};

// (batch, spatial…, channels), or channels first → (batch, channels). GlobalAveragePooling1D takes
// the mean of the steps that its mask, if it has one, leaves.
class CORNU_API GlobalMaxPooling1D : public Layer { public: using Config = GlobalPoolingConfig; explicit GlobalMaxPooling1D(GlobalPoolingConfig config = {}); };
class CORNU_API GlobalMaxPooling2D : public Layer { public: using Config = GlobalPoolingConfig; explicit GlobalMaxPooling2D(GlobalPoolingConfig config = {}); };
class CORNU_API GlobalMaxPooling3D : public Layer { public: using Config = GlobalPoolingConfig; explicit GlobalMaxPooling3D(GlobalPoolingConfig config = {}); };
class CORNU_API GlobalAveragePooling1D : public Layer {
public:
    using Config = GlobalPoolingConfig;
    explicit GlobalAveragePooling1D(GlobalPoolingConfig config = {});
};
class CORNU_API GlobalAveragePooling2D : public Layer {
public:
    using Config = GlobalPoolingConfig;
    explicit GlobalAveragePooling2D(GlobalPoolingConfig config = {});
};
class CORNU_API GlobalAveragePooling3D : public Layer {
public:
    using Config = GlobalPoolingConfig;
    explicit GlobalAveragePooling3D(GlobalPoolingConfig config = {});
};

}  // namespace cornu::layers
