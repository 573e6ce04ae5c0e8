// keras.utils.bounding_boxes: what layers that move images need to move boxes along. Boxes are
// (…, boxes, 4), in one of the formats xyxy, yxyx, xywh, center_xywh, center_yxhw, and rel_xyxy,
// rel_yxyx, rel_xywh, rel_center_xywh, which count in parts of the image.
#pragma once

#include <optional>
#include <string>

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

}  // namespace cornu::utils::bounding_boxes

namespace cornu {
using utils::bounding_boxes::BoundingBoxes;
}
