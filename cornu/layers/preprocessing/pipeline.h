// Pipeline: layers one after the other, as one layer.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

// Any input that the first takes, dicts of images and boxes among them. Unlike a Sequential it is no
// model; called by itself it trains unless told otherwise.
struct CORNU_API PipelineConfig {
    std::vector<Layer> layers;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<PipelineConfig>& s);
};
class CORNU_API Pipeline : public Layer { public: using Config = PipelineConfig; explicit Pipeline(PipelineConfig config); };

}  // namespace cornu::layers
