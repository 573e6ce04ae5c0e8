#include "cornu/ops/catalogue.h"

#include <unordered_map>

namespace cornu {

const std::vector<const Op*>& all_ops() {
    static const std::vector<const Op*> ops = [] {
        std::vector<const Op*> all;
        for (const auto family :
             {elementwise_ops(), elementwise_math_ops(), creation_ops(), shape_ops(), manipulation_ops(), reduction_ops(), cumulative_ops(),
              contraction_ops(), einsum_ops(), convolution_ops(), pooling_ops(), indexing_ops(), selection_ops(), sorting_ops(),
              decomposition_ops(), linalg_ops(), norm_ops(), fourier_ops(), image_resize_ops(), image_transform_ops(), image_filter_ops(),
              nn_ops(), normalization_ops(), crossentropy_ops(), attention_ops(), random_bits_ops(), control_flow_ops()})
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

const Op* find_keras_op(std::string_view keras_name) {
    static const auto index = [] {
        std::unordered_map<std::string_view, const Op*> index;
        for (const Op* op : all_ops())
            if (op->keras) index.emplace(op->keras, op);
        return index;
    }();
    const auto found = index.find(keras_name);
    return found == index.end() ? nullptr : found->second;
}

}  // namespace cornu
