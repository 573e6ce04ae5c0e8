#include "cornu/layers/preprocessing/categories.h"

#include <algorithm>

#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::layers {

std::string name_of(CategoryMode mode) {
    switch (mode) {
        case CategoryMode::index: return "int";
        case CategoryMode::one_hot: return "one_hot";
        case CategoryMode::multi_hot: return "multi_hot";
        case CategoryMode::count: return "count";
        case CategoryMode::tf_idf: return "tf_idf";
    }
    return {};
}

CategoryMode parse_category_mode(const std::string& name, const std::vector<CategoryMode>& allowed) {
    const std::string today = name == "binary" ? "multi_hot" : name == "tf-idf" ? "tf_idf" : name;
    std::string all;
    for (const CategoryMode mode : allowed) {
        if (name_of(mode) == today) return mode;
        all += str(all.empty() ? "'" : ", '", name_of(mode), "'");
    }
    throw ValueError(str("Invalid value for argument `output_mode`. Expected one of {", all, "}. Received: output_mode=", name));
}

void refuse_sparse(bool sparse) {
    if (sparse) throw UnsupportedError("sparse tensors are not supported. Received: sparse=true");
}

Shape encoded_shape(const Shape& shape, CategoryMode mode, int64_t depth) {
    if (mode == CategoryMode::index) return shape;
    Shape out = shape;
    if (mode == CategoryMode::one_hot) {
        if (out.rank() > 1 && out.back() == 1) out.erase(out.rank() - 1);
    } else if (out.rank() > 0) {
        out.erase(out.rank() > 1 ? 1 : 0);
    }
    out.push_back(depth);
    return out;
}

Tensor encode_categories(const std::vector<int64_t>& indices, const Shape& shape, CategoryMode mode, int64_t depth, DType dtype,
                         const std::vector<float>* weights) {
    if (mode == CategoryMode::index) return ops::cast(Tensor::from(indices, shape), dtype);
    const Shape out = encoded_shape(shape, mode, depth);
    std::vector<float> rows(static_cast<size_t>(out.size()), 0);
    // (outer, summed, inner): which row an element belongs to.
    const bool summed = mode != CategoryMode::one_hot;
    const int64_t axis = shape.rank() > 1 ? 1 : 0, along = summed && shape.rank() > 0 ? shape[axis] : 1;
    int64_t inner = 1;
    for (int64_t i = axis + 1; summed && i < shape.rank(); ++i) inner *= shape[i];
    for (size_t i = 0; i < indices.size(); ++i) {
        const int64_t index = indices[i], at = static_cast<int64_t>(i);
        if (index < 0 || index >= depth) continue;
        const int64_t row = summed ? at / (along * inner) * inner + at % inner : at;
        float& cell = rows[static_cast<size_t>(row * depth + index)];
        if (mode == CategoryMode::one_hot || mode == CategoryMode::multi_hot) cell = 1;
        else cell += 1;
    }
    if (mode == CategoryMode::tf_idf)   // a count times a weight, which is not the sum of as many weights
        for (size_t i = 0; i < rows.size(); ++i) {
            const size_t category = i % static_cast<size_t>(depth);
            rows[i] *= category < weights->size() ? (*weights)[category] : 0;
        }
    return ops::cast(Tensor::from(rows, out), dtype);
}

Tensor encode_categories(const Tensor& indices, CategoryMode mode, int64_t depth, DType dtype, const Tensor& count_weights) {
    if (mode == CategoryMode::index) return ops::cast(indices, dtype);
    Tensor x = ops::cast(indices.rank() == 0 ? ops::expand_dims(indices, 0) : indices, DType::int32);
    const int64_t axis = x.rank() > 1 ? 1 : 0;
    if (mode == CategoryMode::one_hot) {
        if (x.rank() > 1 && x.shape().back() == 1) x = ops::squeeze(x, {-1});
        return ops::one_hot(x, depth, -1, dtype);
    }
    if (mode == CategoryMode::multi_hot) return ops::max(ops::one_hot(x, depth, -1, dtype), axis);
    Tensor ones = ops::one_hot(x, depth, -1, count_weights.defined() ? count_weights.dtype() : dtype);
    if (count_weights.defined()) ones = ones * ops::expand_dims(count_weights, -1);
    return ops::sum(ones, axis);
}

}  // namespace cornu::layers
