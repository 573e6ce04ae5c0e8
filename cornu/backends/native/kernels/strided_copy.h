// One strided array copied onto another: transposition, broadcasting, slices, joins and pads are
// all this, with different strides and offsets.
#pragma once

#include <cstdint>
#include <vector>

#include "cornu/backends/native/kernels/strided.h"

namespace cornu::native {

class StridedCopy {
public:
    // Strides in items of `item_bytes` (1, 2, 4, 8 or 16); offsets of the first item.
    StridedCopy(int64_t item_bytes, const std::vector<int64_t>& dims,
                const std::vector<int64_t>& from_strides, const std::vector<int64_t>& to_strides,
                int64_t from_offset = 0, int64_t to_offset = 0);
    void run(const void* from, void* to) const { run_at(from, to, 0, 0); }
    // With further offsets that are only known at run time.
    void run_at(const void* from, void* to, int64_t from_offset, int64_t to_offset) const;

private:
    template <class T>
    static void copy(const StridedCopy& copy, const char* from, char* to);
    template <class T>
    static void copy_tiles(const StridedCopy& copy, const T* from, T* to);
    int64_t item_bytes_, from_offset_, to_offset_;
    Walk<2> walk_;
    Walk<2> around_tiles_;  // the axes that tiles leave over
    int tile_axis_ = -1;    // contiguous in `from`, where the innermost axis is not
    void (*function_)(const StridedCopy& copy, const char* from, char* to);
};

}  // namespace cornu::native
