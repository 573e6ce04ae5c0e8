// Sorting along an axis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu::native {

// Sorts along an axis by the first operand and reorders all alike; stable, NaN last (descending:
// first). 0 and -0 are equal.
class Sort {
public:
    Sort(const std::vector<DType>& dtypes, const Shape& shape, int64_t axis,
         bool descending = false);
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
