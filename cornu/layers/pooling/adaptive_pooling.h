// Maximum and mean over as many windows as the output has places, whatever the input's size.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API AdaptivePoolingConfig {
    Required<PerAxis> output_size;               // one number, or one for each spatial axis
    std::string data_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<AdaptivePoolingConfig>& s);
};

// (batch, spatial…, channels), or channels first → the same with spatial axes of `output_size`. Output
// place i of n takes the input's places from floor(i·size/n) to ceil((i+1)·size/n).
class CORNU_API AdaptiveAveragePooling1D : public Layer { public: using Config = AdaptivePoolingConfig; explicit AdaptiveAveragePooling1D(AdaptivePoolingConfig config); };
class CORNU_API AdaptiveAveragePooling2D : public Layer { public: using Config = AdaptivePoolingConfig; explicit AdaptiveAveragePooling2D(AdaptivePoolingConfig config); };
class CORNU_API AdaptiveAveragePooling3D : public Layer { public: using Config = AdaptivePoolingConfig; explicit AdaptiveAveragePooling3D(AdaptivePoolingConfig config); };
class CORNU_API AdaptiveMaxPooling1D : public Layer { public: using Config = AdaptivePoolingConfig; explicit AdaptiveMaxPooling1D(AdaptivePoolingConfig config); };
class CORNU_API AdaptiveMaxPooling2D : public Layer { public: using Config = AdaptivePoolingConfig; explicit AdaptiveMaxPooling2D(AdaptivePoolingConfig config); };
class CORNU_API AdaptiveMaxPooling3D : public Layer { public: using Config = AdaptivePoolingConfig; explicit AdaptiveMaxPooling3D(AdaptivePoolingConfig config); };

}  // namespace cornu::layers
