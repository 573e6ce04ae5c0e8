// Attributes of primitives, for those who lower them.
#pragma once

#include <vector>

#include "cornu/tensor/codec.h"

namespace cornu {

// Of reduce_*, reverse and transpose: axes, non-negative.
struct ReduceAttrs {
    std::vector<int64_t> axes;
    static void describe(Schema<ReduceAttrs>& s) { s.field<&ReduceAttrs::axes>(); }
};
struct TransposeAttrs {
    std::vector<int64_t> axes;   // empty reverses them all
    static void describe(Schema<TransposeAttrs>& s) { s.field<&TransposeAttrs::axes>(); }
};
// Of concatenate, arg_max, arg_min, …
struct AxisAttrs {
    int64_t axis = 0;
    static void describe(Schema<AxisAttrs>& s) { s.field<&AxisAttrs::axis>(); }
};
struct IotaAttrs {
    Shape shape;
    int64_t axis = 0;
    DType dtype = DType::int32;
    static void describe(Schema<IotaAttrs>& s) {
        s.field<&IotaAttrs::shape>();
        s.field<&IotaAttrs::axis>();
        s.field<&IotaAttrs::dtype>();
    }
};
struct SliceAttrs {
    std::vector<int64_t> start, stop, stride;
    static void describe(Schema<SliceAttrs>& s) {
        s.field<&SliceAttrs::start>();
        s.field<&SliceAttrs::stop>();
        s.field<&SliceAttrs::stride>();
    }
};
struct PadAttrs {
    std::vector<int64_t> low, high, interior;
    static void describe(Schema<PadAttrs>& s) {
        s.field<&PadAttrs::low>();
        s.field<&PadAttrs::high>();
        s.field<&PadAttrs::interior>();
    }
};

}  // namespace cornu
