// keras.ops.image: resizing, geometric transforms, filters, colours, patches. Images are one
// (height, width, channels) or a batch of them, or channels first by `data_format`; empty: as
// config::image_data_format(). Where Keras's backends disagree, these do as Keras on JAX.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cornu/ops/apply.h"
#include "cornu/ops/per_axis.h"

namespace cornu::ops::image {

struct ResizeOptions {
    std::string interpolation = "bilinear";   // or nearest, bicubic, lanczos3, lanczos5
    bool antialias = false;                   // when shrinking
    bool crop_to_aspect_ratio = false;        // cuts the middle out first, so that nothing is distorted
    bool pad_to_aspect_ratio = false;         // or widens by fill_value
    std::string fill_mode = "constant";       // the only one
    double fill_value = 0;
    std::string data_format = {};
};
// size: (height, width). The result has the dtype of images; integers are rounded.
CORNU_API Tensor resize(const Tensor& images, const std::vector<int64_t>& size, const ResizeOptions& options = {});
// Output axis spatial_dims[i] shows the input scaled by scale[i] and moved by translation[i]; zero
// outside. method: linear, cubic (with their bi- and tri- names), lanczos3 or lanczos5.
CORNU_API Tensor scale_and_translate(const Tensor& images, const Shape& output_shape, const Tensor& scale,
                                     const Tensor& translation, const std::vector<int64_t>& spatial_dims,
                                     const std::string& method, bool antialias = true);

// Of each axis two of three are given: what goes at both ends, and the size in the end.
struct PadOptions {
    std::optional<int64_t> top_padding = {}, left_padding = {}, bottom_padding = {}, right_padding = {};
    std::optional<int64_t> target_height = {}, target_width = {};
    std::string data_format = {};
};
struct CropOptions {
    std::optional<int64_t> top_cropping = {}, left_cropping = {}, bottom_cropping = {}, right_cropping = {};
    std::optional<int64_t> target_height = {}, target_width = {};
    std::string data_format = {};
};
CORNU_API Tensor pad_images(const Tensor& images, const PadOptions& options);    // with zeros
CORNU_API Tensor crop_images(const Tensor& images, const CropOptions& options);

// inputs at coordinates (rank of inputs, …): order 0 takes the nearest element, 1 interpolates.
// fill_mode says what stands outside: constant, nearest, wrap, mirror or reflect.
CORNU_API Tensor map_coordinates(const Tensor& inputs, const Tensor& coordinates, int64_t order,
                                 const std::string& fill_mode = "constant", double fill_value = 0);
struct TransformOptions {
    std::string interpolation = "bilinear";   // or nearest
    std::string fill_mode = "constant";
    double fill_value = 0;
    std::string data_format = {};
};
// transform (8,) or (batch, 8): a0, a1, a2, b0, b1, b2, c0, c1. Output (x, y) shows the input at
// (a0 x + a1 y + a2, b0 x + b1 y + b2); c0 and c1 should be zero.
CORNU_API Tensor affine_transform(const Tensor& images, const Tensor& transform, const TransformOptions& options = {});
// The perspective that takes four start_points (4, 2) or (batch, 4, 2), as (x, y), to end_points.
CORNU_API Tensor perspective_transform(const Tensor& images, const Tensor& start_points, const Tensor& end_points,
                                       const std::string& interpolation = "bilinear", double fill_value = 0,
                                       const std::string& data_format = {});

// Windows of `size` as channels, row by row: (batch, rows, columns, height * width * channels).
// strides: `size` when not given. A size of three numbers is of volumes.
CORNU_API Tensor extract_patches(const Tensor& images, PerAxis size, PerAxis strides = {}, PerAxis dilation_rate = 1,
                                 const std::string& padding = "valid", const std::string& data_format = {});
CORNU_API Tensor extract_patches_3d(const Tensor& volumes, PerAxis size, PerAxis strides = {}, PerAxis dilation_rate = 1,
                                    const std::string& padding = "valid", const std::string& data_format = {});

CORNU_API Tensor rgb_to_grayscale(const Tensor& images, const std::string& data_format = {});
CORNU_API Tensor rgb_to_hsv(const Tensor& images, const std::string& data_format = {});   // in [0, 1], floats only
CORNU_API Tensor hsv_to_rgb(const Tensor& images, const std::string& data_format = {});
CORNU_API Tensor gaussian_blur(const Tensor& images, const std::vector<int64_t>& kernel_size = {3, 3},
                               const std::vector<double>& sigma = {1.0, 1.0}, const std::string& data_format = {});
CORNU_API Tensor sobel_edges(const Tensor& images, const std::string& data_format = {});  // a last axis of 2: dy, dx
struct SsimOptions {
    double max_val = 1.0;
    int64_t filter_size = 11;
    double filter_sigma = 1.5, k1 = 0.01, k2 = 0.03;
    std::string data_format = {};
};
CORNU_API Tensor ssim(const Tensor& image1, const Tensor& image2, const SsimOptions& options = {});  // one number per image

}  // namespace cornu::ops::image

namespace cornu::ops {
CORNU_API Tensor psnr(const Tensor& x1, const Tensor& x2, double max_val);   // a scalar, in decibels
}  // namespace cornu::ops
