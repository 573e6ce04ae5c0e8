// Category numbers as they are, or as rows of ones and counts: what the `output_mode` of Keras's
// category layers says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cornu/tensor/tensor.h"

namespace cornu::layers {

enum class CategoryMode : uint8_t { index, one_hot, multi_hot, count, tf_idf };

// "int", "one_hot", "multi_hot", "count", "tf_idf"; "binary" and "tf-idf" are read as Keras does.
// Throws ValueError for another, or one not in `allowed`.
CategoryMode parse_category_mode(const std::string& name, const std::vector<CategoryMode>& allowed);
std::string name_of(CategoryMode mode);
// Throws UnsupportedError when asked for.
void refuse_sparse(bool sparse);

// one_hot: (…, 1) → (…, depth) from rank 2 on, else (…) → (…, depth). multi_hot, count, tf_idf: (n) →
// (depth), (batch, n, …) → (batch, …, depth): the second axis is the sample's, as it is in Keras.
Shape encoded_shape(const Shape& shape, CategoryMode mode, int64_t depth);

// On the host. Indices outside of [0, depth) count nowhere. `weights` (tf_idf): of the categories,
// 0 of those after the last.
Tensor encode_categories(const std::vector<int64_t>& indices, const Shape& shape, CategoryMode mode, int64_t depth, DType dtype,
                         const std::vector<float>* weights = nullptr);

// The same written in ops: indices are a tensor of any mode of running. count: each element weighs one,
// or its place in `count_weights` when defined.
Tensor encode_categories(const Tensor& indices, CategoryMode mode, int64_t depth, DType dtype, const Tensor& count_weights = {});

}  // namespace cornu::layers
