#include "cornu/ops/conversion.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/manipulation.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

struct DTypeAttrs {
    std::optional<DType> dtype = {};
    static void describe(Schema<DTypeAttrs>& s) { s.field<&DTypeAttrs::dtype>(); }
};
Specs in_dtype(const InferArgs& a) { return {{a.shape(), a.as<DTypeAttrs>().dtype.value_or(a.dtype())}}; }
Tensors cast_to(const Tensors& in, const Attrs& attrs) { return {ops::cast(in[0], attrs.as<DTypeAttrs>().dtype.value_or(in[0].dtype()))}; }
std::vector<OpSample> dtype_samples() {
    const Spec x{{2, 3}, DType::float64};
    return {{{x}, DTypeAttrs{}}, {{x}, DTypeAttrs{DType::float64}}};
}
constinit const Op array_op = {
    .name = "array", .keras = "keras.src.ops.numpy.Array", .doc = "A copy of x, in another dtype if one is given.", .infer = in_dtype, .decompose = cast_to,
    .samples = {.cases = dtype_samples}, .read_attrs = read_attrs<DTypeAttrs>};

struct ConvertAttrs {
    std::optional<DType> dtype = {};
    std::optional<bool> sparse = {}, ragged = {};
    static void describe(Schema<ConvertAttrs>& s) {
        s.field<&ConvertAttrs::dtype>();
        s.field<&ConvertAttrs::sparse>();
        s.field<&ConvertAttrs::ragged>();
    }
};
constinit const Op convert_to_tensor_op = {
    .name = "convert_to_tensor", .keras = "keras.src.ops.core.ConvertToTensor", .doc = "x as a tensor, in another dtype if one is given.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& c = a.as<ConvertAttrs>();
        if (c.sparse.value_or(false) || c.ragged.value_or(false)) throw UnsupportedError("ops.convert_to_tensor: sparse and ragged tensors are not supported.");
        return {{a.shape(), c.dtype.value_or(a.dtype())}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {ops::cast(in[0], attrs.as<ConvertAttrs>().dtype.value_or(in[0].dtype()))}; },
    .samples = {.cases = [] { return std::vector<OpSample>{{{{{2, 3}, DType::float64}}, ConvertAttrs{}}}; }}, .read_attrs = read_attrs<ConvertAttrs>};

constinit const Op copy_op = {
    .name = "copy", .keras = "keras.src.ops.numpy.Copy", .doc = "x again.", .infer = infer::same,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return in; },
    .traits = {.elementwise = true}};
constinit const Op empty_like_op = {
    .name = "empty_like", .keras = "keras.src.ops.numpy.EmptyLike", .doc = "A tensor in the shape of x; of zeros, for no memory is left unwritten.", .infer = in_dtype,
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {ops::zeros(in[0].shape(), attrs.as<DTypeAttrs>().dtype.value_or(in[0].dtype()))}; },
    .samples = {.cases = dtype_samples}, .read_attrs = read_attrs<DTypeAttrs>};

// Nodes of files; a program asks size() and ndim(), which are numbers.
std::vector<OpSample> shape_samples() { return {{{{{2, 3}, DType::float64}}}}; }
Specs one_int(const InferArgs&) { return {{Shape{}, DType::int32}}; }
constinit const Op size_op = {
    .name = "size", .keras = "keras.src.ops.numpy.Size", .doc = "The number of elements of x.", .infer = one_int, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {Tensor::full({}, static_cast<double>(in[0].size()), DType::int32)}; },
    .samples = {.cases = shape_samples}};
constinit const Op ndim_op = {
    .name = "ndim", .keras = "keras.src.ops.numpy.Ndim", .doc = "The number of axes of x.", .infer = one_int, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {Tensor::full({}, static_cast<double>(in[0].rank()), DType::int32)}; },
    .samples = {.cases = shape_samples}};

constexpr const Op* family[] = {&array_op, &convert_to_tensor_op, &copy_op, &empty_like_op, &size_op, &ndim_op};

}  // namespace

std::span<const Op* const> conversion_ops() { return family; }

namespace ops {
Tensor convert_to_tensor(const Tensor& x, OptionalDType dtype) { return apply1(convert_to_tensor_op, {x}, ConvertAttrs{dtype}); }
Tensor array(const Tensor& x, OptionalDType dtype) { return apply1(array_op, {x}, DTypeAttrs{dtype}); }
Tensor copy(const Tensor& x) { return apply1(copy_op, {x}); }
Tensor identity(int64_t n, OptionalDType dtype) { return eye(n, {}, 0, dtype.value_or(Context::current().floatx())); }
Tensor empty(const Shape& shape, OptionalDType dtype) { return zeros(shape, dtype.value_or(Context::current().floatx())); }
Tensor empty_like(const Tensor& x, OptionalDType dtype) { return apply1(empty_like_op, {x}, DTypeAttrs{dtype}); }
}  // namespace ops
}  // namespace cornu
