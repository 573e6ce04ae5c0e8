#include "cornu/ops/catalogue.h"

#include <unordered_map>

namespace cornu {

const std::vector<const Op*>& all_ops() {
    static const std::vector<const Op*> ops = [] {
        std::vector<const Op*> all;
        for (const auto family :
             {elementwise_ops(),
              elementwise_math_ops(),
              creation_ops(),
              shape_ops(),
              manipulation_ops(),
              reduction_ops(),
              cumulative_ops(),
              contraction_ops(),
              einsum_ops(),
              rearrange_ops(),
              convolution_ops(),
              pooling_ops(),
              indexing_ops(),
              selection_ops(),
              sorting_ops(),
              nn_ops(),
              normalization_ops(),
              crossentropy_ops(),
              attention_ops(),
              random_bits_ops(),
              control_flow_ops(),
              complex_ops(),
              special_ops(),
              limit_ops(),
              statistics_ops(),
              quantile_ops(),
              nan_reduction_ops(),
              binning_ops(),
              set_ops(),
              stacking_ops(),
              diagonal_ops(),
              product_ops(),
              sparse_activation_ops(),
              adaptive_pooling_ops(),
              patch_ops(),
              conversion_ops(),
              ctc_ops(),
              decomposition_ops(),
              linalg_ops(),
              norm_ops(),
              fourier_ops(),
              image_resize_ops(),
              image_transform_ops(),
              image_filter_ops(),
              elastic_ops()})
            all.insert(all.end(), family.begin(), family.end());
        return all;
    }();
    return ops;
}

const Op* find_op(std::string_view name) {
    static const auto index = [] {
        std::unordered_map<std::string_view, const Op*> index;
        for (const Op* op : all_ops()) CORNU_CHECK(index.emplace(op->name, op).second, "two ops are named ", op->name);
        return index;
    }();
    const auto found = index.find(name);
    return found == index.end() ? nullptr : found->second;
}

namespace {
// Keras's second classes for one and the same op; written again, it is of the first.
constexpr std::pair<const char*, const char*> other_names[] = {
    {"keras.src.ops.numpy.Abs", "abs"}, {"keras.src.ops.numpy.Amax", "max"}, {"keras.src.ops.numpy.Amin", "min"},
    {"keras.src.ops.numpy.BitwiseInvert", "bitwise_not"}, {"keras.src.ops.numpy.BitwiseLeftShift", "left_shift"},
    {"keras.src.ops.numpy.BitwiseRightShift", "right_shift"}, {"keras.src.ops.numpy.Conj", "conjugate"},
    {"keras.src.ops.numpy.TrueDivide", "divide"}};
}  // namespace

const Op* find_keras_op(std::string_view keras_name) {
    static const auto index = [] {
        std::unordered_map<std::string_view, const Op*> index;
        for (const Op* op : all_ops())
            if (op->keras) index.emplace(op->keras, op);
        for (const auto& [keras, name] : other_names) index.emplace(keras, find_op(name));
        return index;
    }();
    const auto found = index.find(keras_name);
    return found == index.end() ? nullptr : found->second;
}

}  // namespace cornu
