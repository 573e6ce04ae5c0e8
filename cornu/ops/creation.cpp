#include "cornu/ops/creation.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

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

struct LikeAttrs {
    std::optional<DType> dtype = {};
    static void describe(Schema<LikeAttrs>& s) { s.field<&LikeAttrs::dtype>(); }
};
DType like(const Attrs& attrs, DType dtype) { return attrs.as<LikeAttrs>().dtype.value_or(dtype); }
Specs like_infer(const InferArgs& a) { return {{a.shape(), like(a.attrs, a.dtype())}}; }
std::vector<OpSample> like_cases() { return {{{{{2, 3}, DType::float64}}, LikeAttrs{}}, {{{{0}, DType::float64}}, LikeAttrs{DType::int32}}}; }

constinit const Op zeros_like_op = {
    .name = "zeros_like", .keras = "keras.src.ops.numpy.ZerosLike", .doc = "Zeros in the shape and dtype of x.",
    .infer = like_infer,
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {ops::zeros(in[0].shape(), like(attrs, in[0].dtype()))}; },
    .samples = {.cases = like_cases}, .read_attrs = read_attrs<LikeAttrs>};

constinit const Op ones_like_op = {
    .name = "ones_like", .keras = "keras.src.ops.numpy.OnesLike", .doc = "Ones in the shape and dtype of x.",
    .infer = like_infer,
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {ops::ones(in[0].shape(), like(attrs, in[0].dtype()))}; },
    .samples = {.cases = like_cases}, .read_attrs = read_attrs<LikeAttrs>};

constinit const Op full_like_op = {
    .name = "full_like", .keras = "keras.src.ops.numpy.FullLike", .doc = "A value in the shape and dtype of x.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const auto shape = broadcast_shapes(a.shape(0), a.shape(1));
        if (!shape || !(*shape == a.shape(0))) throw ShapeError(str("ops.full_like: fill_value must broadcast to the shape of x. Received: ", a.shape(1), ", x.shape=", a.shape(0)));
        return like_infer(a);
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {ops::full(in[0].shape(), in[1], like(attrs, in[0].dtype()))}; },
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64}, value{{}, DType::float64};
        return std::vector<OpSample>{{{x, value}, LikeAttrs{}}, {{x, x}, LikeAttrs{DType::float32}}};
    }},
    .read_attrs = read_attrs<LikeAttrs>};

constexpr const Op* family[] = {&iota_op, &zeros_like_op, &ones_like_op, &full_like_op};

DType or_floatx(OptionalDType dtype) { return dtype ? *dtype : Context::current().floatx(); }

}  // namespace

std::span<const Op* const> creation_ops() { return family; }

namespace prim {
Tensor iota(const Shape& shape, int64_t axis, DType dtype) { return apply1(iota_op, {}, IotaAttrs{shape, axis, dtype}); }
}  // namespace prim

namespace ops {

Tensor full(const Shape& shape, const Tensor& fill_value, OptionalDType dtype) { return broadcast_to(cast(fill_value, or_floatx(dtype)), shape); }
Tensor zeros(const Shape& shape, OptionalDType dtype) { return broadcast_to(Tensor::full({}, 0, or_floatx(dtype)), shape); }
Tensor ones(const Shape& shape, OptionalDType dtype) { return broadcast_to(Tensor::full({}, 1, or_floatx(dtype)), shape); }
Tensor zeros_like(const Tensor& x, OptionalDType dtype) { return apply1(zeros_like_op, {x}, LikeAttrs{dtype}); }
Tensor ones_like(const Tensor& x, OptionalDType dtype) { return apply1(ones_like_op, {x}, LikeAttrs{dtype}); }
Tensor full_like(const Tensor& x, const Tensor& fill_value, OptionalDType dtype) { return apply1(full_like_op, {x, fill_value}, LikeAttrs{dtype}); }

}  // namespace ops
}  // namespace cornu
