// Flips, rotations, translations, zooms and shears, drawn for each image: random in training, images
// as the compute dtype otherwise. Any height and width, kept. Masks follow by their nearest pixels.
#pragma once

#include "cornu/layers/preprocessing/image/image_layer.h"

namespace cornu::layers {

// Each image with probability 1/2, in both directions together.
struct CORNU_API RandomFlipConfig {
    std::string mode = "horizontal_and_vertical";   // or horizontal, vertical
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomFlipConfig>& s);
};
class CORNU_API RandomFlip : public Layer { public: using Config = RandomFlipConfig; explicit RandomFlip(RandomFlipConfig config = {}); };

// By an angle from [lower, upper] full turns. Boxes are read as xyxy whatever their format, as in
// Keras, and written in it.
struct CORNU_API RandomRotationConfig {
    Required<Factor> factor;                        // in [-1, 1]; f: from -f to f
    std::string fill_mode = "reflect";              // what stands outside: or wrap, constant, nearest
    std::string interpolation = "bilinear";         // or nearest
    std::optional<int64_t> seed = {};
    double fill_value = 0.0;
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomRotationConfig>& s);
};
class CORNU_API RandomRotation : public Layer { public: using Config = RandomRotationConfig; explicit RandomRotation(RandomRotationConfig config); };

// By parts of the height (positive: down) and of the width (positive: right).
struct CORNU_API RandomTranslationConfig {
    Required<Factor> height_factor, width_factor;   // in [-1, 1]
    std::string fill_mode = "reflect";
    std::string interpolation = "bilinear";
    std::optional<int64_t> seed = {};
    double fill_value = 0.0;
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomTranslationConfig>& s);
};
class CORNU_API RandomTranslation : public Layer { public: using Config = RandomTranslationConfig; explicit RandomTranslation(RandomTranslationConfig config); };

// The image shows 1 + factor of its height and width: positive factors zoom out.
struct CORNU_API RandomZoomConfig {
    Required<Factor> height_factor;                 // in (-1, 1]
    std::optional<Factor> width_factor = {};        // none: as the height, proportions kept
    std::string fill_mode = "reflect";
    std::string interpolation = "bilinear";
    std::optional<int64_t> seed = {};
    double fill_value = 0.0;
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomZoomConfig>& s);
};
class CORNU_API RandomZoom : public Layer { public: using Config = RandomZoomConfig; explicit RandomZoom(RandomZoomConfig config); };

// x + a·y and y + b·x, both with the same random sign.
struct CORNU_API RandomShearConfig {
    Factor x_factor = 0.0, y_factor = 0.0;          // in [0, 1]; f: from -f to f
    std::string interpolation = "bilinear";
    std::string fill_mode = "reflect";
    double fill_value = 0.0;
    std::string data_format = {};
    std::optional<int64_t> seed = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomShearConfig>& s);
};
class CORNU_API RandomShear : public Layer { public: using Config = RandomShearConfig; explicit RandomShear(RandomShearConfig config = {}); };

}  // namespace cornu::layers
