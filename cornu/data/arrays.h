// Arrays whose first axis are samples: checked, cut and gathered.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "cornu/data/dataset.h"

namespace cornu::data {

// The number of samples of arrays that belong together. Throws ValueError, naming `what`, when there
// is no array, one is a scalar or undefined inside x, or they disagree.
CORNU_API int64_t sample_count(const Batch& arrays, const std::string& what);

// Rows [begin, end): a view of the same memory where it lies on the host.
CORNU_API Tensor slice_rows(const Tensor& x, int64_t begin, int64_t end);
// x[rows]. `out` is written to when it has the right size and nobody else holds it, else replaced.
CORNU_API void gather_rows(const Tensor& x, std::span<const int64_t> rows, Tensor& out);

// `f(leaf)` for each array there is; missing ones stay missing.
template <class F>
Structure map_arrays(const Structure& arrays, F&& f) {
    return arrays.map([&](const Tensor& x) { return x.defined() ? f(x) : Tensor(); });
}
template <class F>
Batch map_arrays(const Batch& batch, F&& f) {
    return {map_arrays(batch.x, f), map_arrays(batch.y, f), map_arrays(batch.sample_weight, f)};
}

// The first (1 - split) of the samples and the rest, as Keras's validation_split.
CORNU_API std::pair<Batch, Batch> split(const Batch& arrays, double validation_split);
// One weight per sample from the class it is of: y holds indices or one-hot rows.
CORNU_API Tensor class_weights(const Tensor& y, const std::map<int64_t, double>& class_weight);
// True when there is no array at all.
CORNU_API bool missing(const Structure& arrays);

}  // namespace cornu::data
