#include "cornu/ops/complex.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

using composing::at;

DType complex_of(DType part) { return bits(part) == 64 ? DType::complex128 : DType::complex64; }

struct BitcastAttrs {
    DType dtype = DType::float32;
    static void describe(Schema<BitcastAttrs>& s) { s.field<&BitcastAttrs::dtype>(); }
};
bool has_bytes(DType dtype) { return dtype != DType::int4 && dtype != DType::string; }
constinit const Op bitcast_op = {
    .name = "bitcast", .doc = "The bytes of x as another dtype.",
    .infer = [](const InferArgs& a) -> Specs {
        const DType to = a.as<BitcastAttrs>().dtype;
        if (!has_bytes(a.dtype()) || !has_bytes(to)) throw DTypeError(str("bitcast: strings and int4 have no bytes of their own. Received: ", a.dtype(), " as ", to));
        const int from_bits = bits(a.dtype()), to_bits = bits(to);
        Shape out = a.shape();
        if (from_bits > to_bits) {
            out.push_back(from_bits / to_bits);
        } else if (from_bits < to_bits) {
            if (out.empty() || (out.back() >= 0 && out.back() != to_bits / from_bits))
                throw ShapeError(str("bitcast: the last axis must hold one element of ", to, ", ", to_bits / from_bits, " of ", a.dtype(), ". Received: shape ", a.shape()));
            out.erase(out.rank() - 1);
        }
        return {{out, to}};
    },
    // Between a complex number and its parts; other views are steps, flat wherever they are smooth.
    // A gradient by z is that by its real part minus i times that by its imaginary part, as in JAX.
    .vjp = [](const Vjp& v) -> Tensors {
        const DType from = v.x().dtype(), to = v.as<BitcastAttrs>().dtype;
        if (from == to) return {v.g()};
        if (is_complex(from) && to == composing::real_part(from)) return {ops::conjugate(prim::bitcast(v.g(), from))};
        if (is_complex(to) && from == composing::real_part(to)) return {prim::bitcast(ops::conjugate(v.g()), from)};
        return {Tensor()};
    },
    .samples = {.cases = [] {
        const Spec x{{3, 2}, DType::float64};
        return std::vector<OpSample>{{{x}, BitcastAttrs{DType::complex128}}, {{x}, BitcastAttrs{DType::uint64}}, {{x}, BitcastAttrs{DType::int32}}};
    }}};

Specs real_part_infer(const InferArgs& a) {
    if (a.dtype() == DType::string) throw DTypeError(str("ops.", a.op.name, " takes numbers. Received: a tensor of strings."));
    return {{a.shape(), composing::real_part(a.dtype())}};
}
Tensor parts(const Tensor& x) { return prim::bitcast(x, composing::real_part(x.dtype())); }

constinit const Op real_op = {
    .name = "real", .keras = "keras.src.ops.numpy.Real", .doc = "The real part, element-wise.", .infer = real_part_infer,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {is_complex(in[0].dtype()) ? at(parts(in[0]), in[0].rank(), 0) : in[0]}; },
    .traits = {.elementwise = true}};
constinit const Op imag_op = {
    .name = "imag", .keras = "keras.src.ops.numpy.Imag", .doc = "The imaginary part, element-wise.", .infer = real_part_infer,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {is_complex(in[0].dtype()) ? at(parts(in[0]), in[0].rank(), 1) : ops::zeros_like(in[0])}; },
    .traits = {.elementwise = true}};
constinit const Op conjugate_op = {
    .name = "conjugate", .keras = "keras.src.ops.numpy.Conjugate", .doc = "x with the sign of its imaginary part changed, element-wise.", .infer = infer::same,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        if (!is_complex(in[0].dtype())) return {in[0]};
        const Tensor both = parts(in[0]);
        return {prim::bitcast(both * ops::cast(Tensor::from(std::vector<double>{1, -1}), both.dtype()), in[0].dtype())};
    },
    .traits = {.elementwise = true}};
constinit const Op angle_op = {
    .name = "angle", .keras = "keras.src.ops.numpy.Angle", .doc = "The angle of a complex number with the real axis, element-wise.",
    .infer = [](const InferArgs& a) -> Specs { return {{a.shape(), composing::real_part(to_float_dtype(infer::elementwise(a)[0].dtype))}}; },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {ops::arctan2(ops::imag(in[0]), ops::real(in[0]))}; },
    .traits = {.elementwise = true, .promote = Promote::to_float}, .samples = {.low = 0.5, .high = 2}};
constinit const Op isreal_op = {
    .name = "isreal", .keras = "keras.src.ops.numpy.Isreal", .doc = "Whether the imaginary part is 0, element-wise.", .infer = infer::comparison, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        if (is_complex(in[0].dtype())) return {ops::equal(ops::imag(in[0]), 0)};
        return {ops::ones(in[0].shape(), DType::bool_)};
    },
    .traits = {.elementwise = true}};

// float16 has no complex numbers of its own.
DType part_dtype(DType dtype) {
    const DType part = composing::wide(to_float_dtype(dtype));
    if (part != DType::float32 && part != DType::float64) throw DTypeError(str("complex numbers are made of float32 or float64. Received: ", dtype));
    return part;
}
constinit const Op polar_op = {
    .name = "polar", .keras = "keras.src.ops.nn.Polar", .doc = "The complex number of a modulus and an angle, element-wise.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        Spec out = infer::float_elementwise(a)[0];
        return {{out.shape, complex_of(part_dtype(out.dtype))}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const DType dtype = part_dtype(in[0].dtype());
        const Tensor abs = ops::cast(in[0], dtype), angle = ops::cast(in[1], dtype);
        return {prim::bitcast(ops::stack({abs * ops::cos(angle), abs * ops::sin(angle)}, -1), complex_of(dtype))};
    },
    .traits = {.elementwise = true, .promote = Promote::to_float}};
std::vector<OpSample> pair_samples() { return {{{{{3, 2}, DType::float64}}}}; }
constinit const Op view_as_complex_op = {
    .name = "view_as_complex", .keras = "keras.src.ops.math.ViewAsComplex", .doc = "Pairs along the last axis as complex numbers.",
    .infer = [](const InferArgs& a) -> Specs {
        if (a.shape().empty() || (a.shape().back() != 2 && a.shape().back() != None))
            throw ShapeError(str("ops.view_as_complex: the last axis must hold 2, the real and the imaginary part. Received: shape ", a.shape()));
        Shape out = a.shape();
        out.erase(out.rank() - 1);
        return {{out, complex_of(part_dtype(a.dtype()))}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const DType part = part_dtype(in[0].dtype());
        return {prim::bitcast(ops::cast(in[0], part), complex_of(part))};
    },
    .samples = {.cases = pair_samples}};
constinit const Op view_as_real_op = {
    .name = "view_as_real", .keras = "keras.src.ops.math.ViewAsReal", .doc = "Complex numbers as pairs along a new last axis.",
    .infer = [](const InferArgs& a) -> Specs {
        Spec out = real_part_infer(a)[0];
        out.shape.push_back(2);
        return {out};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        if (is_complex(in[0].dtype())) return {parts(in[0])};
        return {ops::stack({in[0], ops::zeros_like(in[0])}, -1)};
    },
    .samples = {.cases = pair_samples}};

struct ViewAttrs {
    std::optional<DType> dtype = {};
    static void describe(Schema<ViewAttrs>& s) { s.field<&ViewAttrs::dtype>(); }
};
constinit const Op view_op = {
    .name = "view", .keras = "keras.src.ops.numpy.View", .doc = "The bytes of x as another dtype; a change of width changes the last axis.",
    .infer = [](const InferArgs& a) -> Specs {
        const DType to = a.as<ViewAttrs>().dtype.value_or(a.dtype());
        if (!has_bytes(a.dtype()) || !has_bytes(to)) throw DTypeError(str("ops.view: strings and int4 have no bytes of their own. Received: ", a.dtype(), " as ", to));
        Shape out = a.shape();
        const int from_bits = bits(a.dtype()), to_bits = bits(to);
        if (from_bits == to_bits) return {{out, to}};
        if (out.empty() || (out.back() >= 0 && out.back() * from_bits % to_bits))
            throw ShapeError(str("ops.view: the bytes of the last axis must divide into elements of the new dtype. Received: shape ", a.shape(), ", ", a.dtype(), " as ", to));
        int64_t& last = out[out.rank() - 1];
        if (last >= 0) last = last * from_bits / to_bits;
        return {{out, to}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const DType to = attrs.as<ViewAttrs>().dtype.value_or(in[0].dtype());
        const int from_bits = bits(in[0].dtype()), to_bits = bits(to);
        if (in[0].dtype() == to) return {in[0]};
        if (from_bits == to_bits) return {prim::bitcast(in[0], to)};
        Shape shape = in[0].shape();
        int64_t& last = shape[shape.rank() - 1];
        if (from_bits < to_bits) {
            last = last * from_bits / to_bits;
            Shape grouped = shape;
            grouped.push_back(to_bits / from_bits);
            return {prim::bitcast(ops::reshape(in[0], grouped), to)};
        }
        last = last * from_bits / to_bits;
        return {ops::reshape(prim::bitcast(in[0], to), shape)};
    },
    .samples = {.cases = [] {
        const Spec x{{3, 2}, DType::float64};
        return std::vector<OpSample>{{{x}, ViewAttrs{DType::uint64}}, {{x}, ViewAttrs{DType::int32}}, {{x}, ViewAttrs{}}};
    }},
    .read_attrs = read_attrs<ViewAttrs>};

constexpr const Op* family[] = {&bitcast_op, &real_op, &imag_op, &conjugate_op, &angle_op, &isreal_op, &polar_op, &view_as_complex_op, &view_as_real_op, &view_op};

}  // namespace

std::span<const Op* const> complex_ops() { return family; }

namespace prim {
Tensor bitcast(const Tensor& x, DType dtype) { return x.dtype() == dtype ? x : apply1(bitcast_op, {x}, BitcastAttrs{dtype}); }
}  // namespace prim

namespace ops {
Tensor real(const Tensor& x) { return apply1(real_op, {x}); }
Tensor imag(const Tensor& x) { return apply1(imag_op, {x}); }
Tensor conjugate(const Tensor& x) { return apply1(conjugate_op, {x}); }
Tensor angle(const Tensor& x) { return apply1(angle_op, {x}); }
Tensor isreal(const Tensor& x) { return apply1(isreal_op, {x}); }
Tensor polar(const Tensor& abs_, const Tensor& angle) { return apply1(polar_op, {abs_, angle}); }
Tensor view_as_complex(const Tensor& x) { return apply1(view_as_complex_op, {x}); }
Tensor view_as_real(const Tensor& x) { return apply1(view_as_real_op, {x}); }
Tensor view(const Tensor& x, OptionalDType dtype) { return apply1(view_op, {x}, ViewAttrs{dtype}); }
}  // namespace ops
}  // namespace cornu
