#include "cornu/ops/random_bits.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

constinit const Op threefry_bits_op = {
    .name = "threefry_bits", .doc = "Random bits by Threefry-2x32, one counter per element.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& b = a.as<BitsAttrs>();
        if (!(a.shape() == Shape{2}) || a.dtype() != DType::uint32)
            throw ValueError(str("threefry_bits: a key is a uint32 tensor of shape (2,). Received: ", a.in[0]));
        if (!is_unsigned_int(b.dtype) || !b.shape.is_static() || b.start < 0)
            throw ValueError(str("threefry_bits: the result has a static shape and an unsigned type. Received: dtype=", b.dtype, ", shape=", b.shape));
        return {{b.shape, b.dtype}};
    },
    .vjp = no_gradient,
    .samples = {.low = 0, .high = 100, .cases = [] {
        const Spec key{{2}, DType::uint32};
        return std::vector<OpSample>{{{key}, BitsAttrs{{3, 5}}}, {{key}, BitsAttrs{{7}, DType::uint64, 2}}, {{key}, BitsAttrs{{0}}}, {{key}, BitsAttrs{{9}, DType::uint8}}, {{key}, BitsAttrs{{9}, DType::uint16}}};
    }}};

constexpr const Op* family[] = {&threefry_bits_op};

}  // namespace

std::span<const Op* const> random_bits_ops() { return family; }

namespace prim {
Tensor threefry_bits(const Tensor& key, const Shape& shape, DType dtype, int64_t start) {
    return apply1(threefry_bits_op, {key}, BitsAttrs{shape, dtype, start});
}
}  // namespace prim
}  // namespace cornu
