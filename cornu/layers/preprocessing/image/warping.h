// RandomPerspective and RandomElasticTransform: images seen at an angle, or through rippled glass.
#pragma once

#include "cornu/layers/preprocessing/image/image_layer.h"

namespace cornu::layers {

// Each corner but (0, 0) moves by up to scale/2 of its coordinates. Boxes come out as xyxy whatever
// their format, as in Keras.
struct CORNU_API RandomPerspectiveConfig {
    Factor factor = 1.0;                            // the probability, or where it is drawn from; in [0, 1]
    double scale = 1.0;                             // in [0, 1]
    std::string interpolation = "bilinear";         // or nearest
    double fill_value = 0.0;                        // what stands outside
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomPerspectiveConfig>& s);
};
class CORNU_API RandomPerspective : public Layer { public: using Config = RandomPerspectiveConfig; explicit RandomPerspective(RandomPerspectiveConfig config = {}); };

// Pixels move along a smooth random field, one strength for the whole batch. Masks are bent along a
// field of their own, as in Keras; boxes are refused.
struct CORNU_API RandomElasticTransformConfig {
    Factor factor = 1.0;                            // the probability, or where it is drawn from; in [0, 1]
    Factor scale = 1.0;                             // the strength, in [0, 1]
    std::string interpolation = "bilinear";         // or nearest
    std::string fill_mode = "reflect";              // or constant, nearest, wrap, mirror
    double fill_value = 0.0;
    std::vector<double> value_range = {0, 255};     // what results are kept within
    std::optional<int64_t> seed = {};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomElasticTransformConfig>& s);
};
class CORNU_API RandomElasticTransform : public Layer { public: using Config = RandomElasticTransformConfig; explicit RandomElasticTransform(RandomElasticTransformConfig config = {}); };

}  // namespace cornu::layers
