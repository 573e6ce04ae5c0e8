#include "cornu/backends/native/kernels/shape_ops.h"

#include <complex>
#include <cstring>

#include "cornu/backends/native/kernels/elementwise.h"
#include "cornu/backends/native/kernels/numeric.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

struct Block16 { uint64_t words[2]; };

int element_bytes(DType dtype) {
    visit_numeric(dtype, "a shape operation", [](auto) {});
    return bits(dtype) / 8;
}

// Calls f with a value of an unsigned type of that size.
template <class F>
void with_size(int bytes, F&& f) {
    switch (bytes) {
        case 1: return f(uint8_t{});
        case 2: return f(uint16_t{});
        case 4: return f(uint32_t{});
        case 8: return f(uint64_t{});
        default: return f(Block16{});
    }
}

constexpr int64_t tile = 16;       // a square of 4-byte elements is a cache line wide each way
constexpr int64_t grain = 16384;   // elements worth a thread's while

}  // namespace

StridedCopy::StridedCopy(DType dtype, const std::vector<int64_t>& dims, const Side& x, const Side& y)
    : walk_(make_walk<2>(dims, {x.strides, y.strides})), x_offset_(x.offset), y_offset_(y.offset),
      bytes_(element_bytes(dtype)) {
    const int last = walk_.axes - 1;
    if (walk_.step(0) == 1 || walk_.step(1) != 1 || walk_.inner() < 4) return;
    for (int i = 0; i < last; ++i) {
        if (walk_.strides[0][i] == 1 && walk_.dims[i] >= 4) tile_axis_ = i;
    }
}

template <class T>
void StridedCopy::run_as(const T* x, T* y) const {
    const int last = walk_.axes - 1;
    const int64_t x_step = walk_.step(0), y_step = walk_.step(1);
    if (tile_axis_ < 0) {
        parallel_for(walk_.size, grain, [&](int64_t begin, int64_t end) {
            walk_runs(walk_, begin, end, [&](const int64_t* offsets, int64_t n) {
                const T* from = x + offsets[0];
                T* to = y + offsets[1];
                if (x_step == 1 && y_step == 1) std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
                else if (y_step == 1 && x_step == 0) std::fill(to, to + n, *from);
                else {
                    for (int64_t i = 0; i < n; ++i) to[i * y_step] = from[i * x_step];
                }
            });
        });
        return;
    }
    // All other axes are walked; the two that swap are cut into squares.
    Walk<2> rest = walk_;
    rest.axes = 0;
    rest.size = 1;
    for (int i = 0; i < last; ++i) {
        if (i == tile_axis_) continue;
        rest.dims[rest.axes] = walk_.dims[i];
        rest.size *= walk_.dims[i];
        for (int k = 0; k < 2; ++k) rest.strides[k][rest.axes] = walk_.strides[k][i];
        ++rest.axes;
    }
    if (rest.axes == 0) {
        rest.axes = 1;
        rest.dims[0] = 1;
        rest.strides[0][0] = rest.strides[1][0] = 0;
    }
    const int64_t height = walk_.dims[tile_axis_], width = walk_.inner();
    const int64_t y_row = walk_.strides[1][tile_axis_];
    const int64_t bands = (height + tile - 1) / tile;
    parallel_for(rest.size * bands, std::max<int64_t>(1, grain / (tile * width)), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t i0 = task % bands * tile, i1 = std::min(height, i0 + tile);
            walk_runs(rest, task / bands, task / bands + 1, [&](const int64_t* offsets, int64_t) {
                const T* from = x + offsets[0];
                T* to = y + offsets[1];
                for (int64_t j0 = 0; j0 < width; j0 += tile) {
                    const int64_t j1 = std::min(width, j0 + tile);
                    for (int64_t i = i0; i < i1; ++i)
                        for (int64_t j = j0; j < j1; ++j) to[i * y_row + j] = from[i + j * x_step];
                }
            });
        }
    });
}

void StridedCopy::run(const void* x, void* y, int64_t x_shift, int64_t y_shift) const {
    if (walk_.size == 0) return;
    with_size(bytes_, [&](auto t) {
        using T = decltype(t);
        run_as(static_cast<const T*>(x) + x_offset_ + x_shift, static_cast<T*>(y) + y_offset_ + y_shift);
    });
}

StridedCopy transpose(DType dtype, const Shape& shape, const std::vector<int64_t>& axes) {
    const std::vector<int64_t> own = strides_of(shape);
    std::vector<int64_t> dims, strides;
    for (const int64_t axis : axes) {
        dims.push_back(shape[axis]);
        strides.push_back(own[static_cast<size_t>(axis)]);
    }
    return {dtype, dims, {strides}, {strides_of(Shape(dims))}};
}

StridedCopy broadcast_to(DType dtype, const Shape& shape, const Shape& out) {
    return {dtype, out.dims(), {broadcast_strides(shape, out)}, {strides_of(out)}};
}

StridedCopy slice(DType dtype, const Shape& shape, const std::vector<int64_t>& start, const Shape& out,
                  const std::vector<int64_t>& step) {
    StridedCopy::Side x{strides_of(shape)};
    for (size_t i = 0; i < x.strides.size(); ++i) {
        x.offset += start[i] * x.strides[i];
        if (!step.empty()) x.strides[i] *= step[i];
    }
    return {dtype, out.dims(), x, {strides_of(out)}};
}

StridedCopy reverse(DType dtype, const Shape& shape, const std::vector<int64_t>& axes) {
    StridedCopy::Side x{strides_of(shape)};
    for (const int64_t axis : axes) {
        int64_t& stride = x.strides[static_cast<size_t>(axis)];
        x.offset += std::max<int64_t>(0, shape[axis] - 1) * stride;
        stride = -stride;
    }
    return {dtype, shape.dims(), x, {strides_of(shape)}};
}

StridedCopy read_window(DType dtype, const Shape& shape, const Shape& window) {
    return {dtype, window.dims(), {strides_of(shape)}, {strides_of(window)}};
}
StridedCopy write_window(DType dtype, const Shape& shape, const Shape& window) {
    return {dtype, window.dims(), {strides_of(window)}, {strides_of(shape)}};
}

int64_t window_shift(const Shape& shape, const Shape& window, const int64_t* start) {
    int64_t shift = 0, stride = 1;
    for (int64_t i = shape.rank() - 1; i >= 0; --i) {
        shift += std::clamp<int64_t>(start[i], 0, shape[i] - window[i]) * stride;
        stride *= shape[i];
    }
    return shift;
}

std::vector<StridedCopy> concatenate(DType dtype, const std::vector<Shape>& shapes, int64_t axis) {
    Shape out = shapes.front();
    out[axis] = 0;
    for (const Shape& s : shapes) out[axis] += s[axis];
    const std::vector<int64_t> strides = strides_of(out);
    std::vector<StridedCopy> copies;
    int64_t at = 0;
    for (const Shape& s : shapes) {
        copies.emplace_back(dtype, s.dims(), StridedCopy::Side{strides_of(s)},
                            StridedCopy::Side{strides, at * strides[static_cast<size_t>(axis)]});
        at += s[axis];
    }
    return copies;
}

void fill(DType dtype, const void* value, void* y, int64_t count) {
    with_size(element_bytes(dtype), [&](auto t) {
        using T = decltype(t);
        T v;
        std::memcpy(&v, value, sizeof v);
        parallel_for(count, grain, [&](int64_t begin, int64_t end) {
            std::fill(static_cast<T*>(y) + begin, static_cast<T*>(y) + end, v);
        });
    });
}

namespace {

struct Padded {
    Shape out;
    std::vector<int64_t> dims;  // what of x is seen
    StridedCopy::Side x, y;
    bool covers = true;
};
Padded pad_layout(const Shape& shape, const std::vector<int64_t>& low, const std::vector<int64_t>& high,
                  const std::vector<int64_t>& interior) {
    Padded p;
    for (int64_t i = 0; i < shape.rank(); ++i) {
        const auto k = static_cast<size_t>(i);
        const int64_t gap = interior.empty() ? 0 : interior[k];
        const int64_t spread = shape[i] == 0 ? 0 : (shape[i] - 1) * (gap + 1) + 1;
        const int64_t size = spread + low[k] + high[k];
        if (size < 0 || gap < 0)
            throw ShapeError(str("padding must leave a size of at least 0 on every axis, and interior padding is "
                                 "not negative. Received: axis ", i, " of shape ", shape, " with low=", low[k],
                                 ", high=", high[k], ", interior=", gap, "."));
        p.out.push_back(size);
    }
    p.x.strides = strides_of(shape);
    p.y.strides = strides_of(p.out);
    for (int64_t i = 0; i < shape.rank(); ++i) {
        const auto k = static_cast<size_t>(i);
        const int64_t step = (interior.empty() ? 0 : interior[k]) + 1;
        // The first and one past the last element of x whose place low + j * step lies inside.
        const int64_t first = low[k] < 0 ? (-low[k] + step - 1) / step : 0;
        const int64_t room = p.out[i] - 1 - low[k];
        const int64_t last = room < 0 ? first : std::min(shape[i], room / step + 1);
        const int64_t count = std::max<int64_t>(0, last - first);
        p.dims.push_back(count);
        p.covers = p.covers && count == p.out[i];
        if (count > 0) {
            p.x.offset += first * p.x.strides[k];
            p.y.offset += (low[k] + first * step) * p.y.strides[k];
        }
        p.y.strides[k] *= step;
    }
    return p;
}
StridedCopy pad_copy(DType dtype, const Padded& p) { return {dtype, p.dims, p.x, p.y}; }

}  // namespace

Pad::Pad(DType dtype, const Shape& shape, const std::vector<int64_t>& low, const std::vector<int64_t>& high,
         const std::vector<int64_t>& interior)
    : dtype_(dtype), out_(pad_layout(shape, low, high, interior).out),
      covers_(pad_layout(shape, low, high, interior).covers),
      copy_(pad_copy(dtype, pad_layout(shape, low, high, interior))) {}

void Pad::run(const void* x, const void* value, void* y) const {
    if (!covers_) fill(dtype_, value, y, out_.size());
    copy_.run(x, y);
}

void iota(DType dtype, const Shape& shape, int64_t axis, void* y) {
    const int64_t length = shape[axis];
    int64_t inner = 1;
    for (int64_t i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
    const auto number = cast_loop(DType::int64, dtype);
    const int64_t size = shape.size(), bytes = element_bytes(dtype);
    parallel_for(size, 4096, [&](int64_t begin, int64_t end) {
        int64_t block[256];
        for (int64_t i = begin; i < end; i += 256) {
            const int64_t n = std::min<int64_t>(256, end - i);
            for (int64_t k = 0; k < n; ++k) block[k] = (i + k) / inner % length;
            number(block, static_cast<char*>(y) + i * bytes, n);
        }
    });
}

}  // namespace cornu::native
