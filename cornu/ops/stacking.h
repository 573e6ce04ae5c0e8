// Joining, cutting and turning, under the names that NumPy has for it; grids and choices.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cornu/ops/apply.h"

namespace cornu::ops {

CORNU_API Tensor append(const Tensor& x1, const Tensor& x2, std::optional<int64_t> axis = {});  // no axis: both flattened
CORNU_API Tensor hstack(const Tensors& xs);   // along axis 1, vectors along axis 0
CORNU_API Tensor vstack(const Tensors& xs);   // along axis 0, vectors as rows
CORNU_API Tensor dstack(const Tensors& xs);   // along axis 2
// As split, but parts may differ by one in size.
CORNU_API Tensors array_split(const Tensor& x, int64_t sections, int64_t axis = 0);
CORNU_API Tensors array_split(const Tensor& x, const std::vector<int64_t>& indices, int64_t axis = 0);
CORNU_API Tensors hsplit(const Tensor& x, int64_t sections);
CORNU_API Tensors hsplit(const Tensor& x, const std::vector<int64_t>& indices);
CORNU_API Tensors vsplit(const Tensor& x, int64_t sections);
CORNU_API Tensors vsplit(const Tensor& x, const std::vector<int64_t>& indices);
CORNU_API Tensors dsplit(const Tensor& x, int64_t sections);
CORNU_API Tensors dsplit(const Tensor& x, const std::vector<int64_t>& indices);

CORNU_API Tensor fliplr(const Tensor& x);     // axis 1 reversed
CORNU_API Tensor flipud(const Tensor& x);     // axis 0 reversed
CORNU_API Tensor rot90(const Tensor& array, int64_t k = 1, std::pair<int64_t, int64_t> axes = {0, 1});  // from the first axis towards the second
CORNU_API Tensor ravel(const Tensor& x);      // one axis
// The index along each axis of `shape` that a flat index stands for; what lies outside is moved to the nearest end.
CORNU_API Tensors unravel_index(const Tensor& indices, const Shape& shape);
// Vectors repeated along each other's axes. indexing: "xy" exchanges the first two axes.
CORNU_API Tensors meshgrid(const Tensors& x, const std::string& indexing = "xy");
// Each element from the first choice whose condition is true.
CORNU_API Tensor select(const Tensors& condlist, const Tensors& choicelist, const Tensor& default_ = 0);

}  // namespace cornu::ops
