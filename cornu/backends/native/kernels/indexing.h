// Reading and writing rows of an array by index.
#pragma once

#include <cstdint>

#include "cornu/tensor/dtype.h"

namespace cornu::native {

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

    using Function = void (*)(const RowsSpec& spec, const void* indices, const void* updates,
                              void* y);

private:
    RowsSpec spec_;
    Function function_;
};

}  // namespace cornu::native
