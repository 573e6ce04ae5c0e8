#include "cornu/backends/native/kernels/strided_copy.h"

#include <cstring>

#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {
struct Item16 { uint64_t low, high; };

// Below this an axis is no cache problem; above it a transposition goes tile by tile.
constexpr int64_t tile = 16;
}  // namespace

template <class T>
void StridedCopy::copy_runs(const StridedCopy& copy, const char* from_bytes, char* to_bytes, int64_t begin, int64_t end) {
    const T* from = reinterpret_cast<const T*>(from_bytes);
    T* to = reinterpret_cast<T*>(to_bytes);
    const Walk<2>& walk = copy.walk_;
    const int64_t from_step = walk.step(0), to_step = walk.step(1);
    walk_runs(walk, begin, end, [&](const int64_t* offsets, int64_t count) {
        const T* x = from + offsets[0];
        T* y = to + offsets[1];
        if (from_step == 1 && to_step == 1) std::memcpy(y, x, static_cast<size_t>(count) * sizeof(T));
        else if (from_step == 0 && to_step == 1) std::fill_n(y, count, *x);
        else for (int64_t i = 0; i < count; ++i) y[i * to_step] = x[i * from_step];
    });
}

StridedCopy::StridedCopy(int64_t item_bytes, const std::vector<int64_t>& dims, const std::vector<int64_t>& from_strides,
                         const std::vector<int64_t>& to_strides, int64_t from_offset, int64_t to_offset)
    : item_bytes_(item_bytes), from_offset_(from_offset), to_offset_(to_offset), walk_(make_walk<2>(dims, {from_strides, to_strides})) {
    switch (item_bytes) {
        case 1: function_ = copy_runs<uint8_t>; break;
        case 2: function_ = copy_runs<uint16_t>; break;
        case 4: function_ = copy_runs<uint32_t>; break;
        case 8: function_ = copy_runs<uint64_t>; break;
        case 16: function_ = copy_runs<Item16>; break;
        default: CORNU_CHECK(false, "items of ", item_bytes, " bytes");
    }
}

void StridedCopy::run_at(const void* from, void* to, int64_t from_offset, int64_t to_offset) const {
    const char* x = static_cast<const char*>(from) + (from_offset_ + from_offset) * item_bytes_;
    char* y = static_cast<char*>(to) + (to_offset_ + to_offset) * item_bytes_;
    const int64_t axes = walk_.axes;
    // A plain transposition of large matrices: one side would be read a cache line per item, so it
    // goes in square tiles.
    if (axes >= 2 && walk_.step(0) > tile && walk_.strides[0][axes - 2] == 1 && walk_.step(1) == 1 && walk_.dims[axes - 1] >= tile &&
        walk_.dims[axes - 2] >= tile && item_bytes_ == 4) {
        const int64_t rows = walk_.dims[axes - 2], columns = walk_.dims[axes - 1], matrices = walk_.size / (rows * columns);
        const int64_t row_tiles = (rows + tile - 1) / tile;
        parallel_for(matrices * row_tiles, std::max<int64_t>(1, 16384 / (tile * columns)), [&](int64_t begin, int64_t end) {
            for (int64_t t = begin; t < end; ++t) {
                int64_t rest = t / row_tiles, a = 0, b = 0;
                for (int64_t i = axes - 3; i >= 0; --i) {
                    a += rest % walk_.dims[i] * walk_.strides[0][i];
                    b += rest % walk_.dims[i] * walk_.strides[1][i];
                    rest /= walk_.dims[i];
                }
                const int64_t r0 = t % row_tiles * tile, r1 = std::min(r0 + tile, rows);
                const uint32_t* xs = reinterpret_cast<const uint32_t*>(x) + a;
                uint32_t* ys = reinterpret_cast<uint32_t*>(y) + b;
                for (int64_t c0 = 0; c0 < columns; c0 += tile)
                    for (int64_t r = r0; r < r1; ++r)
                        for (int64_t c = c0; c < std::min(c0 + tile, columns); ++c)
                            ys[r * walk_.strides[1][axes - 2] + c] = xs[r + c * walk_.step(0)];
            }
        });
        return;
    }
    parallel_for(walk_.size, std::max<int64_t>(1, 32768 / item_bytes_),
                 [&](int64_t begin, int64_t end) { function_(*this, x, y, begin, end); });
}

}  // namespace cornu::native
