// RandomSharpness, RandomGaussianBlur: each pixel against its neighbours, random in training.
#pragma once

#include "cornu/layers/preprocessing/image/image_layer.h"

namespace cornu::layers {

// smooth + 2f · (x - smooth), f from [lower, upper], smooth by a window of 3: 0 smooths, 1/2 is the
// image, 1 sharpens; clipped.
struct CORNU_API RandomSharpnessConfig {
    Required<Factor> factor;                        // in [0, 1]; f: 0 to f
    std::vector<double> value_range = {0, 255};
    std::string data_format = {};
    std::optional<int64_t> seed = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomSharpnessConfig>& s);
};
class CORNU_API RandomSharpness : public Layer { public: using Config = RandomSharpnessConfig; explicit RandomSharpness(RandomSharpnessConfig config); };

// A Gaussian window with one width for all columns and one for all rows of the batch; zeros outside.
struct CORNU_API RandomGaussianBlurConfig {
    Factor factor = 1.0;                            // the probability, or where it is drawn from; in [0, 1]
    PerAxis kernel_size = 3;                        // columns, rows; odd
    Factor sigma = 1.0;                             // in [0, 1]; s: 0 to s
    std::vector<double> value_range = {0, 255};     // what results are kept within
    std::string data_format = {};
    std::optional<int64_t> seed = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<RandomGaussianBlurConfig>& s);
};
class CORNU_API RandomGaussianBlur : public Layer { public: using Config = RandomGaussianBlurConfig; explicit RandomGaussianBlur(RandomGaussianBlurConfig config = {}); };

}  // namespace cornu::layers
