// All ops, family by family. A family's list stands at the end of its own .cpp.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cornu/ops/op.h"

namespace cornu {

std::span<const Op* const> elementwise_ops();
std::span<const Op* const> creation_ops();
std::span<const Op* const> shape_ops();
std::span<const Op* const> reduction_ops();
std::span<const Op* const> contraction_ops();
std::span<const Op* const> control_flow_ops();  // defined in autodiff/, which their derivatives need
std::span<const Op* const> ctc_ops();           // likewise
std::span<const Op* const> convolution_ops();
std::span<const Op* const> pooling_ops();
std::span<const Op* const> elementwise_math_ops();
std::span<const Op* const> nn_ops();
std::span<const Op* const> normalization_ops();
std::span<const Op* const> crossentropy_ops();
std::span<const Op* const> indexing_ops();
std::span<const Op* const> selection_ops();
std::span<const Op* const> random_bits_ops();
std::span<const Op* const> cumulative_ops();
std::span<const Op* const> sorting_ops();
std::span<const Op* const> manipulation_ops();
std::span<const Op* const> einsum_ops();
std::span<const Op* const> rearrange_ops();
std::span<const Op* const> attention_ops();
std::span<const Op* const> complex_ops();
std::span<const Op* const> special_ops();
std::span<const Op* const> limit_ops();
std::span<const Op* const> statistics_ops();
std::span<const Op* const> quantile_ops();
std::span<const Op* const> nan_reduction_ops();
std::span<const Op* const> binning_ops();
std::span<const Op* const> set_ops();
std::span<const Op* const> stacking_ops();
std::span<const Op* const> diagonal_ops();
std::span<const Op* const> product_ops();
std::span<const Op* const> sparse_activation_ops();
std::span<const Op* const> adaptive_pooling_ops();
std::span<const Op* const> patch_ops();
std::span<const Op* const> conversion_ops();
std::span<const Op* const> image_resize_ops();
std::span<const Op* const> image_transform_ops();
std::span<const Op* const> image_filter_ops();
std::span<const Op* const> elastic_ops();       // defined in random/, which they draw from
std::span<const Op* const> decomposition_ops();
std::span<const Op* const> linalg_ops();
std::span<const Op* const> norm_ops();
std::span<const Op* const> fourier_ops();

CORNU_API const std::vector<const Op*>& all_ops();
CORNU_API const Op* find_op(std::string_view name);             // null when unknown
CORNU_API const Op* find_keras_op(std::string_view keras_name); // by "keras.src.ops.numpy.Tanh"

}  // namespace cornu
