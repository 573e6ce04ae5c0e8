#include "cornu/ops/creation.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/shape_ops.h"

namespace cornu {

namespace {

constinit const Op iota_op = {
    .name = "iota", .doc = "0, 1, 2, … along one axis.", .inputs = 0,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& attrs = a.as<IotaAttrs>();
        normalize_axis(attrs.axis, attrs.shape.rank());
        return {{attrs.shape, attrs.dtype}};
    },
    .vjp = no_gradient,
    .samples = {.cases = [] {
        return std::vector<OpSample>{{{}, IotaAttrs{{3, 4}, 1, DType::int32}}, {{}, IotaAttrs{{5}, 0, DType::float64}}};
    }}};

std::vector<OpSample> like_cases() { return {{{{{2, 3}, DType::float64}}}, {{{{0}, DType::float64}}}}; }

constinit const Op zeros_like_op = {
    .name = "zeros_like", .keras = "keras.src.ops.numpy.ZerosLike", .doc = "Zeros in the shape and dtype of x.",
    .infer = infer::same,
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {ops::zeros(in[0].shape(), in[0].dtype())}; },
    .samples = {.cases = like_cases}};

constinit const Op ones_like_op = {
    .name = "ones_like", .keras = "keras.src.ops.numpy.OnesLike", .doc = "Ones in the shape and dtype of x.",
    .infer = infer::same,
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {ops::ones(in[0].shape(), in[0].dtype())}; },
    .samples = {.cases = like_cases}};

constexpr const Op* family[] = {&iota_op, &zeros_like_op, &ones_like_op};

}  // namespace

std::span<const Op* const> creation_ops() { return family; }

namespace prim {
Tensor iota(const Shape& shape, int64_t axis, DType dtype) { return apply1(iota_op, {}, IotaAttrs{shape, axis, dtype}); }
}  // namespace prim

namespace ops {

Tensor full(const Shape& shape, const Tensor& value, DType dtype) { return broadcast_to(cast(value, dtype), shape); }
Tensor zeros(const Shape& shape, DType dtype) { return broadcast_to(Tensor::full({}, 0, dtype), shape); }
Tensor ones(const Shape& shape, DType dtype) { return broadcast_to(Tensor::full({}, 1, dtype), shape); }
Tensor zeros_like(const Tensor& x) { return apply1(zeros_like_op, {x}); }
Tensor ones_like(const Tensor& x) { return apply1(ones_like_op, {x}); }
Tensor full_like(const Tensor& x, const Tensor& value) { return full(x.shape(), value, x.dtype()); }

}  // namespace ops
}  // namespace cornu
