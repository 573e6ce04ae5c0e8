// From a graph to calls of LibTorch: each op has a row in the table of its family
// (lower_FAMILY.cpp); ops without one are decomposed before they get here.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cornu/backend/backend.h"

namespace cornu::torch {

using Values = std::vector<at::Tensor>;
using Ints = std::vector<int64_t>;
class Program;

// LibTorch stores unsigned integers of 16 bits and more, and 8-bit floats, but hardly computes with
// them. Their values travel as carriers, tensors of a type of the same width that holds the same
// bits (uint32 as int32, float8 as uint8). What a row's function gets instead:
enum class Carried : uint8_t {
    moved,    // the carriers: bits are moved, not looked at
    wrapped,  // the carriers, as integers wrap around with or without a sign; float8 as float32
    ordered,  // integers of the same order: wider ones, or uint64 with its top bit flipped
    valued,   // wider integers of the same value; rows that take uint64 get its carrier
};

enum Kinds : unsigned {
    booleans = 1,
    signed_ints = 2,
    small_unsigned = 4,  // that an int64 holds
    uint64s = 8,
    floats = 16,
    complexes = 32,
    unsigned_ints = small_unsigned | uint64s,
    ints = signed_ints | unsigned_ints,
    reals = ints | floats,
    numbers = reals | complexes,
    anything = numbers | booleans,
};
unsigned kind_of(DType dtype);  // 0: LibTorch has no such type

struct Lowering;
struct Call {
    const Op& op;
    const Attrs& attrs;
    std::span<const Spec> in;   // dtypes are those the function sees
    std::span<const Spec> out;  // empty while it is only asked whether the call is supported
    Backend& backend;
    at::Device device;
    DType first = DType::float32;  // dtype of the first input as the graph has it
    std::span<const std::shared_ptr<const Program>> bodies = {};  // of loops and branches

    template <class T>
    const T& as() const {
        return attrs.as<T>();
    }
};
struct Lowering {
    std::string_view op;
    // May change the values of `in` that it alone holds (see reusable()).
    Values (*run)(const Call& call, Values& in);
    Carried carried = Carried::moved;
    unsigned takes = anything;  // kinds of dtypes that inputs may have
    bool (*supports)(const Call& call) = nullptr;
    std::vector<GraphPtr> (*bodies)(const Attrs& attrs) = nullptr;
};

std::span<const Lowering> elementwise_lowerings();
std::span<const Lowering> math_lowerings();
std::span<const Lowering> reduction_lowerings();
std::span<const Lowering> shape_lowerings();
std::span<const Lowering> contraction_lowerings();
std::span<const Lowering> convolution_lowerings();
std::span<const Lowering> pooling_lowerings();
std::span<const Lowering> indexing_lowerings();
std::span<const Lowering> random_lowerings();
std::span<const Lowering> control_flow_lowerings();
std::span<const Lowering> linalg_lowerings();

const Lowering* find_lowering(const Op& op);
bool supports(const Op& op, std::span<const Spec> in, const Attrs& attrs, Backend& backend);

// ---- what lowerings share (values.cpp) ----

at::ScalarType carrier_of(DType dtype);
at::IntArrayRef sizes_of(const Shape& shape);
// Values of `dtype`, whose carriers x is made of, in another: as ops::cast.
at::Tensor cast_carriers(const at::Tensor& x, DType from, DType to);
at::Tensor full(const Call& call, const Shape& shape, double value, DType dtype);
// The least or the greatest value of a real `dtype`, as functions of Carried::ordered see it.
at::Scalar end_of(DType dtype, bool least);
at::Tensor in_type(const at::Tensor& x, at::ScalarType type);  // x itself when it has it

// Whether nobody else holds x, so that a result like `out` may take its memory over.
bool reusable(const at::Tensor& x, const Spec& out);

int64_t axis_of(int64_t axis, int64_t rank);

// `value` (a scalar) around x and between its elements; negative numbers cut.
at::Tensor padded(const at::Tensor& x, const at::Tensor& value, const Ints& low, const Ints& high,
                  const Ints& interior);
// Every window of x as a view: (outputs…, window…), `steps` apart, its elements `dilation` apart.
at::Tensor windows_of(const at::Tensor& x, const Ints& window, const Ints& steps,
                      const Ints& dilation);

}  // namespace cornu::torch
