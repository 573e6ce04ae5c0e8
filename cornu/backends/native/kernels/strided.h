// Walking several arrays at once: each has a stride per axis (0 repeats it). Axes are merged where
// memory allows, so that most walks are one or two loops.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "cornu/base/error.h"
#include "cornu/tensor/shape.h"

namespace cornu::native {

inline constexpr int max_axes = 16;  // after merging

template <int N>
struct Walk {
    int axes = 0;  // at least 1
    int64_t size = 0;
    int64_t dims[max_axes];
    int64_t strides[N][max_axes];

    int64_t inner() const { return dims[axes - 1]; }
    int64_t step(int operand) const { return strides[operand][axes - 1]; }  // of the innermost axis
};

// Strides with which an array of `shape` is read as one of shape `out` (NumPy broadcasting).
inline std::vector<int64_t> broadcast_strides(const Shape& shape, const Shape& out) {
    CORNU_CHECK(shape.rank() <= out.rank(), "an operand has more axes than the result");
    const std::vector<int64_t> own = strides_of(shape);
    std::vector<int64_t> strides(static_cast<size_t>(out.rank()), 0);
    const int64_t skip = out.rank() - shape.rank();
    for (int64_t i = 0; i < shape.rank(); ++i) {
        CORNU_CHECK(shape[i] == out[i + skip] || shape[i] == 1, "shapes ", shape, " and ", out);
        if (shape[i] != 1) strides[static_cast<size_t>(i + skip)] = own[static_cast<size_t>(i)];
    }
    return strides;
}

template <int N>
Walk<N> make_walk(const std::vector<int64_t>& dims,
                  const std::array<std::vector<int64_t>, N>& strides) {
    Walk<N> walk;
    walk.size = 1;
    for (const int64_t d : dims) walk.size *= d;
    for (size_t i = 0; i < dims.size(); ++i) {
        if (dims[i] == 1) continue;
        bool merges = walk.axes > 0;
        for (int k = 0; merges && k < N; ++k)
            merges = walk.strides[k][walk.axes - 1] == strides[static_cast<size_t>(k)][i] * dims[i];
        if (!merges) {
            if (walk.axes == max_axes)
                throw UnsupportedError(
                    str("native kernels walk at most ", max_axes, " separate axes."));
            walk.dims[walk.axes++] = 1;
        }
        walk.dims[walk.axes - 1] *= dims[i];
        for (int k = 0; k < N; ++k)
            walk.strides[k][walk.axes - 1] = strides[static_cast<size_t>(k)][i];
    }
    if (walk.axes == 0) {
        walk.axes = 1;
        walk.dims[0] = 1;
        for (int k = 0; k < N; ++k) walk.strides[k][0] = 0;
    }
    return walk;
}

// Calls f(offsets, count) for the innermost runs that cover the positions [begin, end); offsets in
// elements, one per operand.
template <int N, class F>
void walk_runs(const Walk<N>& walk, int64_t begin, int64_t end, F&& f) {
    if (begin >= end) return;
    int64_t index[max_axes];
    int64_t offsets[N] = {};
    int64_t rest = begin;
    for (int i = walk.axes - 1; i >= 0; --i) {
        index[i] = rest % walk.dims[i];
        rest /= walk.dims[i];
        for (int k = 0; k < N; ++k) offsets[k] += index[i] * walk.strides[k][i];
    }
    const int last = walk.axes - 1;
    for (;;) {
        const int64_t count = std::min(end - begin, walk.dims[last] - index[last]);
        f(static_cast<const int64_t*>(offsets), count);
        begin += count;
        if (begin >= end) return;
        // The run reached the end of its row: carry into the outer axes.
        for (int k = 0; k < N; ++k) offsets[k] -= index[last] * walk.strides[k][last];
        index[last] = 0;
        for (int i = last - 1; i >= 0; --i) {
            for (int k = 0; k < N; ++k) offsets[k] += walk.strides[k][i];
            if (++index[i] < walk.dims[i]) break;
            for (int k = 0; k < N; ++k) offsets[k] -= walk.dims[i] * walk.strides[k][i];
            index[i] = 0;
        }
    }
}

}  // namespace cornu::native
