// MaxNumBoundingBoxes: the same number of boxes for each image.
#pragma once

#include "cornu/layers/preprocessing/image/image_layer.h"

namespace cornu::layers {

// boxes (batch, any, 4) → (batch, max_number, 4) and labels (batch, any) → (batch, max_number): the
// first ones, filled up with fill_value. Images, labels and masks stay as they are. Keras's own configs
// lack the fill_value.
struct CORNU_API MaxNumBoundingBoxesConfig {
    Required<int64_t> max_number;
    std::optional<int64_t> fill_value = {};         // none: -1
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<MaxNumBoundingBoxesConfig>& s);
};
class CORNU_API MaxNumBoundingBoxes : public Layer { public: using Config = MaxNumBoundingBoxesConfig; explicit MaxNumBoundingBoxes(MaxNumBoundingBoxesConfig config); };

}  // namespace cornu::layers
