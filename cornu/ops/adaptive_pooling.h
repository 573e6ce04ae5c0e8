// Pooling to a given size: the windows follow from it.
#pragma once

#include <string>

#include "cornu/ops/apply.h"
#include "cornu/ops/per_axis.h"

namespace cornu::ops {

// inputs (batch, spatial…, channels), or channels first by `data_format`; empty: as
// config::image_data_format(). Window i of n over an axis of `size` goes from floor(i size / n) to
// ceil((i + 1) size / n): neighbours may overlap.
CORNU_API Tensor adaptive_average_pool(const Tensor& inputs, PerAxis output_size, const std::string& data_format = {});
CORNU_API Tensor adaptive_max_pool(const Tensor& inputs, PerAxis output_size, const std::string& data_format = {});

}  // namespace cornu::ops
