#include "cornu/ops/image_blur.h"

#include "cornu/ops/convolution.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::ops::image {

Tensor gaussian_window(int64_t size, const Tensor& sigma, const Tensor& reach) {
    const Tensor x = prim::iota({size}, 0, sigma.dtype()) - static_cast<double>(size - 1) / 2;
    Tensor window = exp(square(x / sigma) * -0.5);
    if (reach.defined()) window = where(abs(x) <= cast(reach, x.dtype()), window, 0);
    return window / sum(window);
}

Tensor blur(const Tensor& images, const Tensor& rows, const Tensor& columns, const std::string& data_format) {
    const bool first = data_format == "channels_first";
    const int64_t channels = images.shape()[first ? 1 : 3], height = rows.shape()[0], width = columns.shape()[0];
    const Tensor window = reshape(rows, {height, 1, 1, 1}) * reshape(columns, {1, width, 1, 1});
    return depthwise_conv(images, cast(broadcast_to(window, {height, width, channels, 1}), images.dtype()), 1, "same", data_format);
}

}  // namespace cornu::ops::image
