// Resizing, CenterCrop, RandomCrop: images of another height and width.
#pragma once

#include "cornu/layers/preprocessing/image/image_layer.h"

namespace cornu::layers {

// (…, height, width, channels) of any numbers → that height and width, the dtype kept.
struct CORNU_API ResizingConfig {
    Required<int64_t> height, width;
    std::string interpolation = "bilinear";      // or nearest, bicubic, lanczos3, lanczos5; masks: always nearest
    bool crop_to_aspect_ratio = false;           // cuts the middle out first, so that nothing is distorted
    bool pad_to_aspect_ratio = false;            // or widens by fill_value
    std::string fill_mode = "constant";          // the only one
    double fill_value = 0.0;
    bool antialias = false;                      // when shrinking
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ResizingConfig>& s);
};
class CORNU_API Resizing : public Layer { public: using Config = ResizingConfig; explicit Resizing(ResizingConfig config); };

// The middle of an image; of one that is smaller, the largest part of the same proportions, resized.
struct CORNU_API CenterCropConfig {
    Required<int64_t> height, width;
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<CenterCropConfig>& s);
};
class CORNU_API CenterCrop : public Layer { public: using Config = CenterCropConfig; explicit CenterCrop(CenterCropConfig config); };

// In training a window at one random place for the whole batch; images that are no larger are cropped
// and resized. Outside training images stay as they are, and masks are cropped all the same, as in Keras.
struct CORNU_API RandomCropConfig {
    Required<int64_t> height, width;
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomCropConfig>& s);
};
class CORNU_API RandomCrop : public Layer { public: using Config = RandomCropConfig; explicit RandomCrop(RandomCropConfig config); };

}  // namespace cornu::layers
