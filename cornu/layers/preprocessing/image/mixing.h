// MixUp, CutMix, RandomErasing: images blended with others of their batch, or with a rectangle.
#pragma once

#include "cornu/layers/preprocessing/image/image_layer.h"

namespace cornu::layers {

// w · x + (1 - w) · (another of the batch), w from beta(alpha, alpha) for each image, and so the
// labels, (batch, classes). Boxes of both stand side by side. As Keras does it, their labels are
// joined along the batch, and masks are blended with single numbers of the first mask.
struct CORNU_API MixUpConfig {
    double alpha = 0.2;
    std::string data_format = {};
    std::optional<int64_t> seed = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<MixUpConfig>& s);
};
class CORNU_API MixUp : public Layer { public: using Config = MixUpConfig; explicit MixUp(MixUpConfig config = {}); };

// A rectangle of each image comes from another of the batch; labels, (batch, classes), are blended by
// area, masks get as many channels as images have. One image alone stays as it is; boxes are refused.
struct CORNU_API CutMixConfig {
    Factor factor = 1.0;                            // of beta(a, a), which says how large; in [0, 1]
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<CutMixConfig>& s);
};
class CORNU_API CutMix : public Layer { public: using Config = CutMixConfig; explicit CutMix(CutMixConfig config = {}); };

// None, one number, or one for each of three channels.
struct CORNU_API FillColor {
    std::vector<double> values;
    FillColor() = default;
    FillColor(double value) : values{value} {}
    FillColor(double red, double green, double blue) : values{red, green, blue} {}
};
// A rectangle of each image, with a probability from [lower, upper], becomes fill_value.
struct CORNU_API RandomErasingConfig {
    Factor factor = 1.0;                            // in [0, 1]; f: 0 to f
    Factor scale = Factor(0.02, 0.33);              // from which the squares of its relative sides come, in [0, 1]
    FillColor fill_value = {};                      // none: noise, normal with the upper end of value_range, clipped
    std::vector<double> value_range = {0, 255};
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomErasingConfig>& s);
};
class CORNU_API RandomErasing : public Layer { public: using Config = RandomErasingConfig; explicit RandomErasing(RandomErasingConfig config = {}); };

}  // namespace cornu::layers

namespace cornu {
template <> struct CORNU_API Codec<layers::FillColor> {
    static Json encode(const layers::FillColor& v);
    static void decode(const Json& j, layers::FillColor& v);
};
}
