// What ops on the matrices of the last two axes share.
#pragma once

#include "cornu/ops/op.h"
#include "cornu/ops/shape_ops.h"

namespace cornu::matrices {

inline void check_matrices(const InferArgs& a, size_t i = 0, bool square = true) {
    const Shape& x = a.shape(i);
    if (x.rank() < 2) throw ShapeError(str("ops.", a.op.name, ": the input must be of rank 2 or more, matrices on its last two axes. Received: shape ", x));
    if (square && x.dim(-1) >= 0 && x.dim(-2) >= 0 && x.dim(-1) != x.dim(-2)) throw ShapeError(str("ops.", a.op.name, ": the matrices must be square. Received: shape ", x));
    if (a.dtype(i) != DType::float32 && a.dtype(i) != DType::float64)
        throw DTypeError(str("ops.", a.op.name, ": matrices must be of float32 or float64. Received: ", a.dtype(i)));
}
inline Shape batch_of(const Shape& x) { return Shape(x.begin(), x.end() - 2); }
inline Tensor T(const Tensor& x) { return ops::swapaxes(x, -1, -2); }

}  // namespace cornu::matrices
