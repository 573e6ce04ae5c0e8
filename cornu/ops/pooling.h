// Pooling: windows over spatial axes, reduced to their maximum or mean.
#pragma once

#include <string>

#include "cornu/ops/apply.h"
#include "cornu/ops/per_axis.h"

namespace cornu::ops {

// inputs (batch, spatial…, channels), or channels first by `data_format`; empty: as
// config::image_data_format(). strides default to pool_size; padding: "valid" or "same".
CORNU_API Tensor max_pool(const Tensor& inputs, PerAxis pool_size, PerAxis strides = {},
                          const std::string& padding = "valid", const std::string& data_format = {});
// With "same" the mean is over what lies inside the input.
CORNU_API Tensor average_pool(const Tensor& inputs, PerAxis pool_size, PerAxis strides = {},
                              const std::string& padding = "valid", const std::string& data_format = {});

}  // namespace cornu::ops

namespace cornu {

// Windows over every axis of a tensor. Padding counts as 0 in sums and as -infinity in maxima.
struct WindowAttrs {
    std::vector<int64_t> window, strides, pad_low, pad_high;  // one number per axis
    static void describe(Schema<WindowAttrs>& s) {
        s.field<&WindowAttrs::window>();
        s.field<&WindowAttrs::strides>();
        s.field<&WindowAttrs::pad_low>();
        s.field<&WindowAttrs::pad_high>();
    }
};

namespace prim {
CORNU_API Tensor reduce_window_sum(const Tensor& x, WindowAttrs attrs);
CORNU_API Tensor reduce_window_max(const Tensor& x, WindowAttrs attrs);
// The gradient of reduce_window_max: each window's dy goes to its first maximum.
CORNU_API Tensor max_pool_grad(const Tensor& x, const Tensor& dy, WindowAttrs attrs);
}  // namespace prim
}  // namespace cornu
