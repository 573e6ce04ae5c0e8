// Maximum and mean over windows of one to three spatial axes.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API PoolingConfig {
    PerAxis pool_size = 2;
    PerAxis strides = {};                        // pool_size by default
    std::string padding = "valid";               // or "same"
    std::string data_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<PoolingConfig>& s);
};

// (batch, spatial…, channels), or channels first; with "same" a mean is over what lies inside.
class CORNU_API MaxPooling1D : public Layer { public: using Config = PoolingConfig; explicit MaxPooling1D(PoolingConfig config = {}); };
class CORNU_API MaxPooling2D : public Layer { public: using Config = PoolingConfig; explicit MaxPooling2D(PoolingConfig config = {}); };
class CORNU_API MaxPooling3D : public Layer { public: using Config = PoolingConfig; explicit MaxPooling3D(PoolingConfig config = {}); };
class CORNU_API AveragePooling1D : public Layer { public: using Config = PoolingConfig; explicit AveragePooling1D(PoolingConfig config = {}); };
class CORNU_API AveragePooling2D : public Layer { public: using Config = PoolingConfig; explicit AveragePooling2D(PoolingConfig config = {}); };
class CORNU_API AveragePooling3D : public Layer { public: using Config = PoolingConfig; explicit AveragePooling3D(PoolingConfig config = {}); };

}  // namespace cornu::layers
