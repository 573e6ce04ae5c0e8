// Where an image's axes are, and what images may be made of. Private to the image ops
// and the layers made of them.
#pragma once

#include <optional>
#include <string>

#include "cornu/base/schema.h"
#include "cornu/ops/op.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/context.h"

namespace cornu {

using DataFormat = std::optional<std::string>;   // none: as config::image_data_format()

inline DataFormat data_format_of(const std::string& given) { return given.empty() ? DataFormat() : DataFormat(given); }

inline bool channels_first(const Op& op, const DataFormat& data_format) {
    const std::string& format = data_format ? *data_format : Context::current().image_data_format();
    if (format != "channels_first" && format != "channels_last")
        throw ValueError(str("ops.image.", op.name, ": data_format must be \"channels_first\" or \"channels_last\". Received: data_format=", format));
    return format == "channels_first";
}

struct ImageAxes {
    int64_t height, width, channels;
};
// Of one image or a batch of them.
inline ImageAxes image_axes(const Op& op, const Shape& shape, const DataFormat& data_format) {
    const int64_t rank = shape.rank();
    const bool first = channels_first(op, data_format);
    if (rank != 3 && rank != 4)
        throw ShapeError(str("ops.image.", op.name, ": images must be of rank 3 (one image) or 4 (a batch of images). Received: images.shape=", shape));
    return first ? ImageAxes{rank - 2, rank - 1, rank - 3} : ImageAxes{rank - 3, rank - 2, rank - 1};
}

inline void check_image_dtype(const Op& op, DType dtype, bool floats_only = false) {
    const bool fits = (is_float(dtype) && bits(dtype) >= 16) || (!floats_only && (dtype == DType::bool_ || (is_integer(dtype) && dtype != DType::int4)));
    if (!fits)
        throw DTypeError(str("ops.image.", op.name, ": images must be ", floats_only ? "" : "integers or ", "floating-point numbers of 16 bits or more. Received: images.dtype=", dtype));
}

// Throw ValueError for a name that there is not.
void check_fill_mode(const Op& op, const std::string& mode);
int64_t interpolation_order(const Op& op, const std::string& interpolation);   // nearest 0, bilinear 1
// The pixels of images (batch, height, width, channels) at rows y and columns x, both (batch or 1,
// height, width).
Tensor pixels_at(const Tensor& images, const Tensor& y, const Tensor& x, int64_t order, const std::string& fill_mode, double fill_value);
// The eight numbers of the perspective from end points (batch, 4, 2) back to start points.
Tensor homography(const Tensor& start, const Tensor& end);
// f of images as (batch, height, width, channels), brought back to what they were.
template <class F>
Tensor with_channels_last(const Tensor& images, bool channels_first, F&& f) {
    const bool one = images.rank() == 3;
    Tensor x = one ? ops::expand_dims(images, 0) : images;
    x = f(channels_first ? ops::transpose(x, {0, 2, 3, 1}) : x);
    if (channels_first) x = ops::transpose(x, {0, 3, 1, 2});
    return one ? ops::squeeze(x, {0}) : x;
}

// The one attribute of several ops.
struct DataFormatAttrs {
    DataFormat data_format = {};
    static void describe(Schema<DataFormatAttrs>& s) { s.field<&DataFormatAttrs::data_format>(); }
};

}  // namespace cornu
