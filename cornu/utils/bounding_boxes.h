// keras.utils.bounding_boxes: what layers that move images need to move boxes along. Boxes are
// (…, boxes, 4), in one of the formats xyxy, yxyx, xywh, center_xywh, center_yxhw, and rel_xyxy,
// rel_yxyx, rel_xywh, rel_center_xywh, which count in parts of the image.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cornu/ops/apply.h"

namespace cornu::utils::bounding_boxes {

struct BoundingBoxes {
    Tensor boxes;    // (batch, boxes, 4)
    Tensor labels;   // (batch, boxes); -1 where there is no box
};

// Boxes as `dtype` in another format. Height and width, numbers or tensors that broadcast to the
// boxes, are needed where one of the formats is relative. Throws ValueError for an unknown format.
CORNU_API Tensor convert_format(const Tensor& boxes, const std::string& source, const std::string& target, const Tensor& height = {},
                                const Tensor& width = {}, DType dtype = DType::float32);
CORNU_API BoundingBoxes convert_format(BoundingBoxes boxes, const std::string& source, const std::string& target, const Tensor& height = {},
                                       const Tensor& width = {}, DType dtype = DType::float32);

// Boxes cut off at the image's edges; labels of boxes that have no area left become -1. The format
// is xyxy, which needs height and width, or rel_xyxy.
CORNU_API BoundingBoxes clip_to_image_size(BoundingBoxes boxes, const Tensor& height = {}, const Tensor& width = {}, const std::string& bounding_box_format = "xyxy");

// What surrounds the corners after an affine transform of the image: all (batch,), angles and shears
// in degrees, translations in parts of the image. boxes: xyxy.
struct Affine {
    Tensor angle, translate_x, translate_y, scale, shear_x, shear_y;
    double center_x = 0.5, center_y = 0.5;
};
CORNU_API Tensor affine_transform(const Tensor& boxes, const Affine& affine, int64_t height, int64_t width);

// As images are cropped and padded. boxes: xyxy.
CORNU_API Tensor crop(const Tensor& boxes, const Tensor& top, const Tensor& left, const Tensor& height, const Tensor& width);
CORNU_API Tensor pad(const Tensor& boxes, const Tensor& top, const Tensor& left);

// How much of boxes1 and boxes2 is common to both, (boxes1, boxes2) or (batch, boxes1, boxes2); a batch
// of one and boxes without a batch of the other pair up. mask_value, if given, stands where a box is
// none (all its numbers below 0).
CORNU_API Tensor compute_iou(const Tensor& boxes1, const Tensor& boxes2, const std::string& bounding_box_format, std::optional<double> mask_value = {},
                             const Tensor& height = {}, const Tensor& width = {});
// The same of pairs, (…, boxes), less what separates their centers and proportions. Absolute formats.
CORNU_API Tensor compute_ciou(const Tensor& boxes1, const Tensor& boxes2, const std::string& bounding_box_format);

// Boxes as offsets from anchors (boxes, 4): centers in sizes of the anchor, sizes as logarithms, all over
// `variance` (four numbers). encoding_format: center_xywh or center_yxhw.
struct DeltaOptions {
    std::string encoding_format = "center_yxhw";
    std::vector<double> variance = {};
    Tensor height = {}, width = {};
};
CORNU_API Tensor encode_box_to_deltas(const Tensor& anchors, const Tensor& boxes, const std::string& anchor_format, const std::string& box_format, const DeltaOptions& options = {});
CORNU_API Tensor decode_deltas_to_boxes(const Tensor& anchors, const Tensor& boxes_delta, const std::string& anchor_format, const std::string& box_format, const DeltaOptions& options = {});

}  // namespace cornu::utils::bounding_boxes

namespace cornu {
using utils::bounding_boxes::BoundingBoxes;
}
