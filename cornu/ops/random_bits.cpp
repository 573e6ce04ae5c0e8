#include "cornu/ops/random_bits.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

void check_key(const InferArgs& a) {
    if (!(a.shape() == Shape{2}) || a.dtype() != DType::uint32)
        throw ValueError(str(a.op.name, ": a key is a uint32 tensor of shape (2,). Received: ", a.in[0]));
}

constinit const Op threefry_bits_op = {
    .name = "threefry_bits", .doc = "Random bits by Threefry-2x32, one counter per element.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& b = a.as<BitsAttrs>();
        check_key(a);
        if (!is_unsigned_int(b.dtype) || !b.shape.is_static() || b.start < 0)
            throw ValueError(str("threefry_bits: the result has a static shape and an unsigned type. Received: dtype=", b.dtype, ", shape=", b.shape));
        return {{b.shape, b.dtype}};
    },
    .vjp = no_gradient,
    .samples = {.low = 0, .high = 100, .cases = [] {
        const Spec key{{2}, DType::uint32};
        return std::vector<OpSample>{{{key}, BitsAttrs{{3, 5}}}, {{key}, BitsAttrs{{7}, DType::uint64, 2}}, {{key}, BitsAttrs{{0}}}, {{key}, BitsAttrs{{9}, DType::uint8}}, {{key}, BitsAttrs{{9}, DType::uint16}}};
    }}};

// Kept whole where an engine can draw and compare in one pass: dropout masks.
constinit const Op threefry_below_op = {
    .name = "threefry_below", .doc = "Whether random 32-bit words lie below a bound.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& b = a.as<BelowAttrs>();
        check_key(a);
        if (!b.shape.is_static() || b.bound < 1 || b.bound >= int64_t{1} << 32)
            throw ValueError(str("threefry_below: the result has a static shape and the bound is in [1, 2^32). Received: shape=", b.shape, ", bound=", b.bound));
        return {{b.shape, DType::bool_}};
    },
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& b = attrs.as<BelowAttrs>();
        return {prim::threefry_bits(in[0], b.shape) < Tensor::full({}, static_cast<double>(b.bound), DType::uint32)};
    },
    .traits = {.fused = true},
    .samples = {.low = 0, .high = 100, .cases = [] {
        const Spec key{{2}, DType::uint32};
        return std::vector<OpSample>{{{key}, BelowAttrs{{3, 50}, int64_t{1} << 31}}, {{key}, BelowAttrs{{700}, 12345678}}, {{key}, BelowAttrs{{0}, 1}}};
    }}};

constexpr const Op* family[] = {&threefry_bits_op, &threefry_below_op};

}  // namespace

std::span<const Op* const> random_bits_ops() { return family; }

namespace prim {
Tensor threefry_bits(const Tensor& key, const Shape& shape, DType dtype, int64_t start) {
    return apply1(threefry_bits_op, {key}, BitsAttrs{shape, dtype, start});
}
Tensor threefry_below(const Tensor& key, const Shape& shape, int64_t bound) { return apply1(threefry_below_op, {key}, BelowAttrs{shape, bound}); }
}  // namespace prim
}  // namespace cornu
