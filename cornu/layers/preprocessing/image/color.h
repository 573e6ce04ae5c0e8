// Brightness, contrast, colours: random for each image in training, images as they are otherwise.
// value_range says between which numbers the images are. Labels, boxes and masks stay as they are.
#pragma once

#include "cornu/layers/preprocessing/image/image_layer.h"

namespace cornu::layers {

// x + d · (width of value_range), d from [lower, upper]; clipped.
struct CORNU_API RandomBrightnessConfig {
    Required<Factor> factor;                        // in [-1, 1]; f: from -f to f
    std::vector<double> value_range = {0, 255};
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomBrightnessConfig>& s);
};
class CORNU_API RandomBrightness : public Layer { public: using Config = RandomBrightnessConfig; explicit RandomBrightness(RandomBrightnessConfig config); };

// (x - mean) · c + mean with the mean of each channel, c from [1 - lower, 1 + upper]; clipped.
struct CORNU_API RandomContrastConfig {
    Required<Factor> factor;                        // in [0, 1]; f: 0 and f
    std::vector<double> value_range = {0, 255};
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomContrastConfig>& s);
};
class CORNU_API RandomContrast : public Layer { public: using Config = RandomContrastConfig; explicit RandomContrast(RandomContrastConfig config); };

// The saturation times f / (1 - f), f from [lower, upper]: 0 is grey, 1/2 the image, 1 pure colours.
struct CORNU_API RandomSaturationConfig {
    Required<Factor> factor;                        // in [-1, 1]; f: from -f to f
    std::vector<double> value_range = {0, 255};
    std::string data_format = {};
    std::optional<int64_t> seed = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomSaturationConfig>& s);
};
class CORNU_API RandomSaturation : public Layer { public: using Config = RandomSaturationConfig; explicit RandomSaturation(RandomSaturationConfig config); };

// The hue turned by up to half the circle, either way: ± f/2 turns, f from [lower, upper].
struct CORNU_API RandomHueConfig {
    Required<Factor> factor;                        // in [0, 1]; f: 0 to f
    std::vector<double> value_range = {0, 255};
    std::string data_format = {};
    std::optional<int64_t> seed = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomHueConfig>& s);
};
class CORNU_API RandomHue : public Layer { public: using Config = RandomHueConfig; explicit RandomHue(RandomHueConfig config); };

// Grey with probability `factor`; the three channels stay. Keras's own configs lack the seed: a layer
// from one of those draws another.
struct CORNU_API RandomGrayscaleConfig {
    double factor = 0.5;
    std::string data_format = {};
    std::optional<int64_t> seed = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomGrayscaleConfig>& s);
};
class CORNU_API RandomGrayscale : public Layer { public: using Config = RandomGrayscaleConfig; explicit RandomGrayscale(RandomGrayscaleConfig config = {}); };

// x + f · (grey - x), f from [lower, upper]; clipped.
struct CORNU_API RandomColorDegenerationConfig {
    Required<Factor> factor;                        // in [-1, 1]; f: from -f to f
    std::vector<double> value_range = {0, 255};
    std::string data_format = {};
    std::optional<int64_t> seed = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomColorDegenerationConfig>& s);
};
class CORNU_API RandomColorDegeneration : public Layer { public: using Config = RandomColorDegenerationConfig; explicit RandomColorDegeneration(RandomColorDegenerationConfig config); };

// RandomBrightness, RandomContrast, RandomSaturation and RandomHue, those that have a factor.
struct CORNU_API RandomColorJitterConfig {
    std::vector<double> value_range = {0, 255};
    std::optional<Factor> brightness_factor = {}, contrast_factor = {}, saturation_factor = {}, hue_factor = {};
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomColorJitterConfig>& s);
};
class CORNU_API RandomColorJitter : public Layer { public: using Config = RandomColorJitterConfig; explicit RandomColorJitter(RandomColorJitterConfig config = {}); };

// (upper end of value_range) - x, with a probability from [lower, upper].
struct CORNU_API RandomInvertConfig {
    Factor factor = 1.0;                            // in [0, 1]; f: 0 to f
    std::vector<double> value_range = {0, 255};
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomInvertConfig>& s);
};
class CORNU_API RandomInvert : public Layer { public: using Config = RandomInvertConfig; explicit RandomInvert(RandomInvertConfig config = {}); };

// Only the highest bits of 8 stay, a number of them from [lower, upper).
struct CORNU_API RandomPosterizationConfig {
    Required<Factor> factor;                        // in [1, 8]; f: 1 to f
    std::vector<double> value_range = {0, 255};
    std::string data_format = {};
    std::optional<int64_t> seed = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomPosterizationConfig>& s);
};
class CORNU_API RandomPosterization : public Layer { public: using Config = RandomPosterizationConfig; explicit RandomPosterization(RandomPosterizationConfig config); };

// x + a (clipped), and inverted where it is not below a threshold; both drawn up to 255 times their
// factors, counted in [0, 255] whatever the value_range.
struct CORNU_API SolarizationConfig {
    Factor addition_factor = 0.0, threshold_factor = 0.0;   // in [0, 1]; f: 0 to f
    std::vector<double> value_range = {0, 255};
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<SolarizationConfig>& s);
};
class CORNU_API Solarization : public Layer { public: using Config = SolarizationConfig; explicit Solarization(SolarizationConfig config = {}); };

}  // namespace cornu::layers
