// Where an image's axes are, and what images may be made of. Private to the image ops.
#pragma once

#include <optional>
#include <string>

#include "cornu/base/schema.h"
#include "cornu/ops/op.h"
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

// The one attribute of several ops.
struct DataFormatAttrs {
    DataFormat data_format = {};
    static void describe(Schema<DataFormatAttrs>& s) { s.field<&DataFormatAttrs::data_format>(); }
};

}  // namespace cornu
