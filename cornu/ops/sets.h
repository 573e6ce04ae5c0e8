// Which elements there are: unique, nonzero, membership, partition. Where the size of a result depends
// on the values, they must be known: inside a compiled function `size` is needed, which also fills up.
#pragma once

#include <optional>

#include "cornu/ops/apply.h"

namespace cornu::ops {

struct UniqueOptions {
    bool sorted = true;                       // results are sorted in any case, as in JAX
    bool return_index = false, return_inverse = false, return_counts = false;
    std::optional<int64_t> axis = {};         // unique slices along it; none: elements of the flattened x
    std::optional<int64_t> size = {};
    std::optional<double> fill_value = {};    // none: the first unique element
};
// The elements that differ, then, if asked for, where each first stands, which of them each element
// of x is, and how often each occurs (int32). Each NaN is an element of its own.
CORNU_API Tensors unique(const Tensor& x, const UniqueOptions& options);
CORNU_API Tensor unique(const Tensor& x);

// One int32 vector for each axis: where x is not 0, row by row. With size, what is missing is 0.
CORNU_API Tensors nonzero(const Tensor& x, std::optional<int64_t> size = {});
inline Tensors where(const Tensor& condition) { return nonzero(condition); }

// Whether each element of x1 occurs in x2.
CORNU_API Tensor isin(const Tensor& x1, const Tensor& x2, bool assume_unique = false, bool invert = false);
// Indices that put the kth smallest at its place, smaller ones before it. No axis: of the flattened x.
CORNU_API Tensor argpartition(const Tensor& x, int64_t kth, std::optional<int64_t> axis = -1);

}  // namespace cornu::ops
