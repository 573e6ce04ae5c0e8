#include "cornu/backends/native/kernels/strided_copy.h"

#include <cstring>

#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {
struct Item16 {
    uint64_t low, high;
};

constexpr int64_t tile = 16;  // a line of 4-byte items is one cache line
constexpr int64_t task_items = 8192;
}  // namespace

StridedCopy::StridedCopy(int64_t item_bytes, const std::vector<int64_t>& dims,
                         const std::vector<int64_t>& from_strides,
                         const std::vector<int64_t>& to_strides, int64_t from_offset,
                         int64_t to_offset)
    : item_bytes_(item_bytes),
      from_offset_(from_offset),
      to_offset_(to_offset),
      walk_(make_walk<2>(dims, {from_strides, to_strides})) {
    switch (item_bytes) {
        case 1:
            function_ = copy<uint8_t>;
            break;
        case 2:
            function_ = copy<uint16_t>;
            break;
        case 4:
            function_ = copy<uint32_t>;
            break;
        case 8:
            function_ = copy<uint64_t>;
            break;
        case 16:
            function_ = copy<Item16>;
            break;
        default:
            CORNU_CHECK(false, "items of ", item_bytes, " bytes");
    }
    // Where the innermost axis strides through `from` and another one is contiguous there, the
    // array is copied in squares of the two: else each item read would cost a cache line.
    const int last = walk_.axes - 1;
    if (walk_.step(0) == 1 || walk_.step(1) != 1 || walk_.inner() < 4) return;
    for (int i = 0; i < last; ++i) {
        if (walk_.strides[0][i] == 1 && walk_.dims[i] >= 4) tile_axis_ = i;
    }
    if (tile_axis_ < 0) return;
    std::vector<int64_t> rest, from_rest, to_rest;
    for (int i = 0; i < last; ++i) {
        if (i == tile_axis_) continue;
        rest.push_back(walk_.dims[i]);
        from_rest.push_back(walk_.strides[0][i]);
        to_rest.push_back(walk_.strides[1][i]);
    }
    around_tiles_ = make_walk<2>(rest, {from_rest, to_rest});
}

template <class T>
void StridedCopy::copy_tiles(const StridedCopy& copy, const T* from, T* to) {
    const Walk<2>& walk = copy.walk_;
    const int64_t rows = walk.dims[copy.tile_axis_], columns = walk.inner();
    const int64_t from_step = walk.step(0), to_row = walk.strides[1][copy.tile_axis_];
    const int64_t bands = (rows + tile - 1) / tile;
    const Walk<2>& around = copy.around_tiles_;
    const int64_t grain = std::max<int64_t>(1, task_items / (tile * columns));
    parallel_for(around.size * bands, grain, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t r0 = task % bands * tile, r1 = std::min(rows, r0 + tile);
            walk_runs(around, task / bands, task / bands + 1, [&](const int64_t* offsets, int64_t) {
                const T* x = from + offsets[0];
                T* y = to + offsets[1];
                for (int64_t c0 = 0; c0 < columns; c0 += tile) {
                    const int64_t c1 = std::min(columns, c0 + tile);
                    for (int64_t r = r0; r < r1; ++r)
                        for (int64_t c = c0; c < c1; ++c) y[r * to_row + c] = x[r + c * from_step];
                }
            });
        }
    });
}

template <class T>
void StridedCopy::copy(const StridedCopy& copy, const char* from_bytes, char* to_bytes) {
    const T* from = reinterpret_cast<const T*>(from_bytes);
    T* to = reinterpret_cast<T*>(to_bytes);
    if (copy.tile_axis_ >= 0) return copy_tiles(copy, from, to);
    const Walk<2>& walk = copy.walk_;
    const int64_t from_step = walk.step(0), to_step = walk.step(1);
    parallel_for(walk.size, task_items, [&](int64_t begin, int64_t end) {
        walk_runs(walk, begin, end, [&](const int64_t* offsets, int64_t count) {
            const T* x = from + offsets[0];
            T* y = to + offsets[1];
            if (from_step == 1 && to_step == 1) {
                std::memcpy(y, x, static_cast<size_t>(count) * sizeof(T));
            } else if (from_step == 0 && to_step == 1) {
                std::fill_n(y, count, *x);
            } else {
                for (int64_t i = 0; i < count; ++i) y[i * to_step] = x[i * from_step];
            }
        });
    });
}

void StridedCopy::run_at(const void* from, void* to, int64_t from_offset, int64_t to_offset) const {
    if (walk_.size == 0) return;
    function_(*this, static_cast<const char*>(from) + (from_offset_ + from_offset) * item_bytes_,
              static_cast<char*>(to) + (to_offset_ + to_offset) * item_bytes_);
}

}  // namespace cornu::native
