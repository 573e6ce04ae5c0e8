// Reading and writing elements by position: take, gather, scatter, segments, one-hot, slices.
// Negative indices count from the end. Reading past an end gives NaN (integers: the least value,
// unsigned the greatest); writing past an end does nothing, as in JAX.
#pragma once

#include <optional>
#include <variant>

#include "cornu/ops/apply.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::ops {

// x[…, indices, …] along `axis`; none: of the flattened x.
CORNU_API Tensor take(const Tensor& x, const Tensor& indices, std::optional<int64_t> axis = {});
// out[i, j] = x[i, indices[i, j]] for axis 1; other axes broadcast. No axis: of the flattened x.
CORNU_API Tensor take_along_axis(const Tensor& x, const Tensor& indices, std::optional<int64_t> axis = {});
// x[indices[…, 0], indices[…, 1], …]: the last axis of indices addresses the first axes of x.
CORNU_API Tensor gather_nd(const Tensor& x, const Tensor& indices);
// Zeros of `shape` to which values are added at indices (n, k); values (n, shape[k:]…).
CORNU_API Tensor scatter(const Tensor& indices, const Tensor& values, const Shape& shape);
// inputs with the elements at indices (n, k) replaced ("add", "max", "min", "mul": combined).
CORNU_API Tensor scatter_update(const Tensor& inputs, const Tensor& indices, const Tensor& updates,
                                const std::string& reduction = {});
// out[i]: the sum (maximum, minimum, product) of the rows of data whose segment id is i.
CORNU_API Tensor segment_sum(const Tensor& data, const Tensor& segment_ids, int64_t num_segments, bool sorted = false);
CORNU_API Tensor segment_max(const Tensor& data, const Tensor& segment_ids, int64_t num_segments, bool sorted = false);
CORNU_API Tensor segment_min(const Tensor& data, const Tensor& segment_ids, int64_t num_segments, bool sorted = false);
CORNU_API Tensor segment_prod(const Tensor& data, const Tensor& segment_ids, int64_t num_segments, bool sorted = false);
// 1 at x's value along a new axis; an index outside [0, num_classes) gives zeros.
CORNU_API Tensor one_hot(const Tensor& x, int64_t num_classes, int64_t axis = -1, OptionalDType dtype = {});
CORNU_API Tensor multi_hot(const Tensor& x, int64_t num_classes, int64_t axis = -1, OptionalDType dtype = {});
// Windows at positions that may be data, moved inwards to fit.
CORNU_API Tensor slice(const Tensor& inputs, const Tensor& start_indices, const Shape& shape);
CORNU_API Tensor slice_update(const Tensor& inputs, const Tensor& start_indices, const Tensor& updates);

// Python's x[key]: integers, slices, None (newaxis) and `...`.
struct SliceIndex {
    std::optional<int64_t> start, stop, step;
    friend bool operator==(const SliceIndex&, const SliceIndex&) = default;
};
struct NewAxis { friend bool operator==(NewAxis, NewAxis) = default; };
struct Ellipsis { friend bool operator==(Ellipsis, Ellipsis) = default; };
using Index = std::variant<int64_t, SliceIndex, NewAxis, Ellipsis>;
CORNU_API Tensor get_item(const Tensor& x, std::vector<Index> key);

}  // namespace cornu::ops

namespace cornu {

namespace prim {
// Rows of x along `axis`: out.shape = x.shape[:axis] + indices.shape + x.shape[axis+1:]. A row
// outside [0, n) reads as `out_of_range` says; negative indices are outside.
CORNU_API Tensor gather_rows(const Tensor& x, const Tensor& indices, int64_t axis, OutOfRange out_of_range = OutOfRange::missing);
// x with rows along `axis` replaced by or combined with updates (shaped as gather_rows' result);
// rows outside are dropped; of equal indices in mode `set` the last wins.
CORNU_API Tensor scatter_rows(const Tensor& x, const Tensor& indices, const Tensor& updates, int64_t axis, ScatterMode mode);
}  // namespace prim
}  // namespace cornu
