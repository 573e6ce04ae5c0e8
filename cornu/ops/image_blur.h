// Gaussian filters whose width is a tensor: what random blurs and displacements are made of.
#pragma once

#include "cornu/ops/apply.h"

namespace cornu::ops::image {

// exp(-x²/2σ²) at `size` whole places around 0, as parts of their sum; sigma is a scalar. With
// `reach`, a scalar, places further out are zero.
CORNU_API Tensor gaussian_window(int64_t size, const Tensor& sigma, const Tensor& reach = {});
// Every channel of a batch of images filtered by the product of the two windows; zeros outside.
CORNU_API Tensor blur(const Tensor& images, const Tensor& rows, const Tensor& columns, const std::string& data_format);

}  // namespace cornu::ops::image
