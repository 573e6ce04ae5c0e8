// Images and the windows they are made of.
#pragma once

#include <string>

#include "cornu/ops/apply.h"
#include "cornu/ops/per_axis.h"

namespace cornu::ops {

// x (batch, channels, height, width) → (batch, channels * window, places): each window as a column.
CORNU_API Tensor unfold(const Tensor& x, PerAxis kernel_size, PerAxis dilation = 1, PerAxis padding = 0, PerAxis stride = 1);
// Its counterpart: columns added where they came from, into (batch, channels, *output_size).
CORNU_API Tensor fold(const Tensor& x, PerAxis output_size, PerAxis kernel_size, PerAxis dilation = 1, PerAxis padding = 0, PerAxis stride = 1);
// Channels spread over squares of block_size pixels, and back. data_format: empty is "channels_last".
CORNU_API Tensor depth_to_space(const Tensor& x, int64_t block_size, const std::string& data_format = {});
CORNU_API Tensor space_to_depth(const Tensor& x, int64_t block_size, const std::string& data_format = {});

}  // namespace cornu::ops
