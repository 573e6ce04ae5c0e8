// AutoContrast, Equalization, ContrastLimitedAdaptiveHistogramEqualization: values spread over the
// whole value_range. Nothing is random; labels, boxes and masks stay as they are.
#pragma once

#include "cornu/layers/preprocessing/image/image_layer.h"

namespace cornu::layers {

// (x - low) / (high - low) with each channel's least and greatest value, inside and outside training.
// As in Keras they are taken over axes 1 and 2 of the batch, whatever the data_format.
struct CORNU_API AutoContrastConfig {
    std::vector<double> value_range = {0, 255};
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<AutoContrastConfig>& s);
};
class CORNU_API AutoContrast : public Layer { public: using Config = AutoContrastConfig; explicit AutoContrast(AutoContrastConfig config = {}); };

// In training each channel's histogram becomes flat; as in Keras it is that of the whole batch.
struct CORNU_API EqualizationConfig {
    std::vector<double> value_range = {0, 255};
    int64_t bins = 256;
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<EqualizationConfig>& s);
};
class CORNU_API Equalization : public Layer { public: using Config = EqualizationConfig; explicit Equalization(EqualizationConfig config = {}); };

// CLAHE, inside and outside training: each tile's histogram, no bin above clip_limit times the mean,
// becomes flat; pixels are interpolated between tiles. The dtype is kept.
struct CORNU_API ContrastLimitedAdaptiveHistogramEqualizationConfig {
    std::vector<double> value_range = {0, 255};
    double clip_limit = 4.0;                        // 0: none
    PerAxis tile_grid_size = PerAxis{8, 8};         // tiles down, tiles across
    std::string data_format = {};
    std::optional<std::string> bounding_box_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ContrastLimitedAdaptiveHistogramEqualizationConfig>& s);
};
class CORNU_API ContrastLimitedAdaptiveHistogramEqualization : public Layer {
public:
    using Config = ContrastLimitedAdaptiveHistogramEqualizationConfig;
    explicit ContrastLimitedAdaptiveHistogramEqualization(ContrastLimitedAdaptiveHistogramEqualizationConfig config = {});
};

}  // namespace cornu::layers
