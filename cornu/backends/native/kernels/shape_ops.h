// Kernels that move elements: transposition, slices, padding, joining, rows by index, sorting.
// They see elements as bytes where they can; int4 and string are refused with DTypeError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cornu/backends/native/kernels/strided.h"
#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu::native {

// y[offset + i · y_strides] = x[offset + i · x_strides] for every index i below `dims`. Nearly all
// moves are this: strides may be zero (in x) or negative.
class StridedCopy {
public:
    struct Side {
        std::vector<int64_t> strides;
        int64_t offset = 0;
    };
    StridedCopy(DType dtype, const std::vector<int64_t>& dims, const Side& x, const Side& y);
    // The shifts, in elements, are for windows whose place is known only now.
    void run(const void* x, void* y, int64_t x_shift = 0, int64_t y_shift = 0) const;

private:
    template <class T> void run_as(const T* x, T* y) const;
    Walk<2> walk_;
    int tile_axis_ = -1;  // contiguous in x while the innermost axis is not: copied in square tiles
    int64_t x_offset_, y_offset_;
    int bytes_;
};

// Results are dense; `axes` and the like are checked already.
StridedCopy transpose(DType dtype, const Shape& shape, const std::vector<int64_t>& axes);
StridedCopy broadcast_to(DType dtype, const Shape& shape, const Shape& out);
StridedCopy slice(DType dtype, const Shape& shape, const std::vector<int64_t>& start, const Shape& out,
                  const std::vector<int64_t>& step);
StridedCopy reverse(DType dtype, const Shape& shape, const std::vector<int64_t>& axes);
// Copies a dense window of shape `window` out of, or into, an array of `shape`, at run's shift.
StridedCopy read_window(DType dtype, const Shape& shape, const Shape& window);
StridedCopy write_window(DType dtype, const Shape& shape, const Shape& window);
// That shift: the window's start per axis, moved inwards to fit, as in JAX.
int64_t window_shift(const Shape& shape, const Shape& window, const int64_t* start);
// Each operand's copy into the joined result.
std::vector<StridedCopy> concatenate(DType dtype, const std::vector<Shape>& shapes, int64_t axis);

// Fills count elements with the one at `value`.
void fill(DType dtype, const void* value, void* y, int64_t count);

// `value` around x and `interior` of it between elements; negative low or high cuts.
class Pad {
public:
    Pad(DType dtype, const Shape& shape, const std::vector<int64_t>& low, const std::vector<int64_t>& high,
        const std::vector<int64_t>& interior);
    const Shape& shape() const { return out_; }
    void run(const void* x, const void* value, void* y) const;

private:
    DType dtype_;
    Shape out_;
    bool covers_;  // x covers the result: no padding is seen
    StridedCopy copy_;
};

// 0, 1, 2, … along one axis, of any numeric dtype.
void iota(DType dtype, const Shape& shape, int64_t axis, void* y);

// Rows of x along an axis by int32 or int64 index. x is (outer, rows, inner); indices (count);
// the result (outer, count, inner).
struct RowsSpec {
    DType dtype = DType::float32, index = DType::int32;
    int64_t outer = 1, rows = 0, count = 0, inner = 1;
};
// An index outside [0, rows) reads as zero or, with `missing`, as NaN (integers: the least value,
// unsigned ones the greatest, bool true).
class GatherRows {
public:
    GatherRows(const RowsSpec& spec, bool missing);
    void run(const void* x, const void* indices, void* y) const;

private:
    RowsSpec spec_;
    int64_t bytes_;
    unsigned char blank_[16] = {};
};

enum class ScatterOp : uint8_t { set, add, max, min, mul };
// y's rows are replaced by or combined with updates, in the order of indices; indices outside are
// dropped. y holds what is there before.
class ScatterRows {
public:
    ScatterRows(const RowsSpec& spec, ScatterOp op);
    void run(const void* indices, const void* updates, void* y) const;

    using Function = void (*)(const RowsSpec& spec, const void* indices, const void* updates, void* y);

private:
    RowsSpec spec_;
    Function function_;
};

// Sorts along an axis by the first operand and reorders all alike; stable, NaN last (descending:
// first). 0 and -0 are equal.
class Sort {
public:
    Sort(const std::vector<DType>& dtypes, const Shape& shape, int64_t axis, bool descending = false);
    size_t scratch_bytes() const { return static_cast<size_t>(parts_) * part_bytes_; }
    // Outputs must not be inputs. `scratch` aligned to 64 bytes.
    void run(const void* const* in, void* const* out, void* scratch) const;

    struct Lane {
        int64_t length, stride;
        bool descending;
    };
    using Order = const int64_t* (*)(const Lane& lane, const void* keys, void* scratch);

private:
    Lane lane_;
    int64_t outer_, inner_, parts_;
    size_t part_bytes_;
    std::vector<int> bytes_;
    Order order_;
};

}  // namespace cornu::native
