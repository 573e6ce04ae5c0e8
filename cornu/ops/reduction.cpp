#include "cornu/ops/reduction.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/cumulative.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/shape_ops.h"

#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

using Ints = std::vector<int64_t>;

// ---- primitives: axes are sorted and non-negative, and go ----

Specs reduce_infer(const InferArgs& a) {
    for (const int64_t axis : a.as<ReduceAttrs>().axes) normalize_axis(axis, a.shape().rank(), "axes");
    return {{reduced_shape(a.shape(), a.as<ReduceAttrs>().axes, false), a.dtype()}};
}

// A reduced value back in x's shape.
Tensor expand_back(const Tensor& y, const Vjp& v) {
    return ops::broadcast_to(ops::reshape(y, reduced_shape(v.x().shape(), v.as<ReduceAttrs>().axes, true)), v.x().shape());
}

std::vector<OpSample> reduce_cases() {
    const Spec x{{2, 3, 4}, DType::float64};
    return {{{x}, ReduceAttrs{{1}}}, {{x}, ReduceAttrs{{0, 2}}}, {{x}, ReduceAttrs{{0, 1, 2}}}, {{x}, ReduceAttrs{{}}}};
}
std::vector<OpSample> reduce_cases_with_empty() {
    std::vector<OpSample> cases = reduce_cases();
    cases.push_back({{{{0, 3}, DType::float64}}, ReduceAttrs{{0}}});
    return cases;
}

constinit const Op reduce_sum_op = {
    .name = "reduce_sum", .doc = "Sum over axes.", .infer = reduce_infer,
    .vjp = [](const Vjp& v) -> Tensors { return {expand_back(v.g(), v)}; },
    .samples = {.cases = reduce_cases_with_empty}};

// Equal maxima share the gradient, as in JAX.
Tensors reduce_extremum_vjp(const Vjp& v) {
    const Tensor hit = ops::cast(ops::equal(v.x(), expand_back(v.y(), v)), v.x().dtype());
    const Tensor count = ops::sum(hit, Axes(v.as<ReduceAttrs>().axes), true);
    return {expand_back(v.g(), v) * hit / count};
}
constinit const Op reduce_max_op = {
    .name = "reduce_max", .doc = "Maximum over axes; NaN wins.", .infer = reduce_infer, .vjp = reduce_extremum_vjp,
    .samples = {.cases = reduce_cases, .distinct = true}};
constinit const Op reduce_min_op = {
    .name = "reduce_min", .doc = "Minimum over axes; NaN wins.", .infer = reduce_infer, .vjp = reduce_extremum_vjp,
    .samples = {.cases = reduce_cases, .distinct = true}};
// The product of the others, without a division that zeros would not survive.
Tensor product_of_others(const Tensor& x, const Ints& axes) {
    Ints order, back(static_cast<size_t>(x.rank()), 0);
    Shape flat;
    for (int64_t i = 0; i < x.rank(); ++i)
        if (std::find(axes.begin(), axes.end(), i) == axes.end()) {
            order.push_back(i);
            flat.push_back(x.shape()[i]);
        }
    flat.push_back(1);
    for (const int64_t axis : axes) {
        order.push_back(axis);
        flat[flat.rank() - 1] *= x.shape()[axis];
    }
    for (size_t i = 0; i < order.size(); ++i) back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
    const Tensor moved = ops::transpose(x, order), row = ops::reshape(moved, flat);
    const int64_t last = flat.rank() - 1;
    Ints in(static_cast<size_t>(flat.rank()), 0), out = in;
    in.back() = 1;
    out.back() = -1;
    const Tensor one = Tensor::full({}, 1, x.dtype());
    const Tensor before = prim::pad(prim::cumulative_prod(row, last), one, in, out);
    const Tensor after = prim::pad(prim::cumulative_prod(row, last, true), one, out, in);
    return ops::transpose(ops::reshape(before * after, moved.shape()), back);
}
constinit const Op reduce_prod_op = {
    .name = "reduce_prod", .doc = "Product over axes.", .infer = reduce_infer,
    .vjp = [](const Vjp& v) -> Tensors {
        const Ints& axes = v.as<ReduceAttrs>().axes;
        if (v.x().size() == 0 || axes.empty()) return {expand_back(v.g(), v)};
        return {expand_back(v.g(), v) * product_of_others(v.x(), axes)};
    },
    .samples = {.low = 0.5, .high = 2, .cases = reduce_cases_with_empty}};

Specs arg_infer(const InferArgs& a) {
    const int64_t axis = normalize_axis(a.as<AxisAttrs>().axis, a.shape().rank());
    if (a.shape()[axis] == 0) throw ShapeError(str("ops.", a.op.name, ": the axis must not be empty. Received: shape ", a.shape(), ", axis=", axis));
    return {{reduced_shape(a.shape(), {axis}, false), DType::int32}};
}
std::vector<OpSample> arg_cases() {
    const Spec x{{2, 3, 4}, DType::float64};
    return {{{x}, AxisAttrs{0}}, {{x}, AxisAttrs{2}}};
}
constinit const Op arg_max_op = {.name = "arg_max", .doc = "Index of the first maximum along an axis.", .infer = arg_infer, .vjp = no_gradient, .samples = {.cases = arg_cases, .distinct = true}};
constinit const Op arg_min_op = {.name = "arg_min", .doc = "Index of the first minimum along an axis.", .infer = arg_infer, .vjp = no_gradient, .samples = {.cases = arg_cases, .distinct = true}};

// ---- Keras's reductions ----

struct KerasReduceAttrs {
    Axes axis = {};
    bool keepdims = false;
    static void describe(Schema<KerasReduceAttrs>& s) {
        s.field<&KerasReduceAttrs::axis>();
        s.field<&KerasReduceAttrs::keepdims>();
    }
};

std::vector<OpSample> keras_reduce_cases() {
    const Spec x{{2, 3, 4}, DType::float64};
    return {{{x}, KerasReduceAttrs{}}, {{x}, KerasReduceAttrs{-1, true}}, {{x}, KerasReduceAttrs{{0, 2}}}};
}
std::vector<OpSample> keras_arg_cases() {
    const Spec x{{2, 3, 4}, DType::float64};
    return {{{x}, KerasReduceAttrs{}}, {{x}, KerasReduceAttrs{1, true}}, {{x}, KerasReduceAttrs{-1}}};
}

Specs keras_reduce_infer(const InferArgs& a, DType dtype) {
    const auto& attrs = a.as<KerasReduceAttrs>();
    return {{reduced_shape(a.shape(), attrs.axis.resolve(a.shape().rank()), attrs.keepdims), dtype}};
}
DType sum_dtype(DType t) {
    if (t == DType::bool_ || t == DType::int8 || t == DType::int16) return DType::int32;
    if (t == DType::uint8 || t == DType::uint16) return DType::uint32;
    return t;
}
Specs sum_infer(const InferArgs& a) { return keras_reduce_infer(a, sum_dtype(a.dtype())); }
Specs mean_infer(const InferArgs& a) { return keras_reduce_infer(a, to_float_dtype(a.dtype())); }
Specs bool_infer(const InferArgs& a) { return keras_reduce_infer(a, DType::bool_); }

// Reduces `x`, already of the right dtype, by a primitive and puts axes of size 1 back if asked.
Tensor reduce(const Op& op, const Tensor& x, const Attrs& attrs) {
    const auto& a = attrs.as<KerasReduceAttrs>();
    const Ints axes = a.axis.resolve(x.rank());
    const Tensor y = axes.empty() ? x : apply1(op, {x}, ReduceAttrs{axes});
    return ops::reshape(y, reduced_shape(x.shape(), axes, a.keepdims));
}

constinit const Op sum_op = {
    .name = "sum", .keras = "keras.src.ops.numpy.Sum", .doc = "Sum over axes.", .infer = sum_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {reduce(reduce_sum_op, ops::cast(in[0], sum_dtype(in[0].dtype())), attrs)}; },
    .samples = {.low = 0.5, .high = 2, .cases = keras_reduce_cases, .distinct = true},
    .read_attrs = read_attrs<KerasReduceAttrs>};

struct ProdAttrs {
    Axes axis = {};
    bool keepdims = false;
    std::optional<DType> dtype = {};
    static void describe(Schema<ProdAttrs>& s) {
        s.field<&ProdAttrs::axis>();
        s.field<&ProdAttrs::keepdims>();
        s.field<&ProdAttrs::dtype>();
    }
};
constinit const Op prod_op = {
    .name = "prod", .keras = "keras.src.ops.numpy.Prod", .doc = "Product over axes.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& p = a.as<ProdAttrs>();
        return {{reduced_shape(a.shape(), p.axis.resolve(a.shape().rank()), p.keepdims), p.dtype.value_or(sum_dtype(a.dtype()))}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& p = attrs.as<ProdAttrs>();
        return {reduce(reduce_prod_op, ops::cast(in[0], p.dtype.value_or(sum_dtype(in[0].dtype()))), KerasReduceAttrs{p.axis, p.keepdims})};
    },
    .samples = {.low = 0.5, .high = 2, .cases = [] {
        const Spec x{{2, 3, 4}, DType::float64};
        return std::vector<OpSample>{{{x}, ProdAttrs{}}, {{x}, ProdAttrs{-1, true}}, {{x}, ProdAttrs{{0, 2}, false, DType::float64}}};
    }, .distinct = true},
    .read_attrs = read_attrs<ProdAttrs>};

struct ExtremumAttrs {
    Axes axis = {};
    bool keepdims = false;
    std::optional<double> initial = {};
    static void describe(Schema<ExtremumAttrs>& s) {
        s.field<&ExtremumAttrs::axis>();
        s.field<&ExtremumAttrs::keepdims>();
        s.field<&ExtremumAttrs::initial>();
    }
};
Specs extremum_infer(const InferArgs& a) {
    const auto& e = a.as<ExtremumAttrs>();
    return {{reduced_shape(a.shape(), e.axis.resolve(a.shape().rank()), e.keepdims), a.dtype()}};
}
// `initial` takes part as one more element; without elements it is the result.
Tensors extremum(const Op& op, const Tensor& x, const Attrs& attrs, Tensor (*combine)(const Tensor&, const Tensor&)) {
    const auto& e = attrs.as<ExtremumAttrs>();
    const KerasReduceAttrs plain{e.axis, e.keepdims};
    if (!e.initial) return {reduce(op, x, plain)};
    const Tensor initial = Tensor::full({}, *e.initial, x.dtype());
    if (x.size() == 0) return {ops::broadcast_to(initial, reduced_shape(x.shape(), e.axis.resolve(x.rank()), e.keepdims))};
    return {combine(reduce(op, x, plain), initial)};
}
std::vector<OpSample> extremum_samples() {
    const Spec x{{2, 3, 4}, DType::float64}, y{{2, 3, 4}, DType::float32};
    return {{{x}, ExtremumAttrs{}}, {{x}, ExtremumAttrs{-1, true}}, {{x}, ExtremumAttrs{{0, 2}}}, {{y}, ExtremumAttrs{1, false, 1.2}}};
}
constinit const Op max_op = {
    .name = "max", .keras = "keras.src.ops.numpy.Max", .doc = "Maximum over axes.", .infer = extremum_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) { return extremum(reduce_max_op, in[0], attrs, ops::maximum); },
    .samples = {.low = 0.5, .high = 2, .cases = extremum_samples, .distinct = true}, .read_attrs = read_attrs<ExtremumAttrs>};
constinit const Op min_op = {
    .name = "min", .keras = "keras.src.ops.numpy.Min", .doc = "Minimum over axes.", .infer = extremum_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) { return extremum(reduce_min_op, in[0], attrs, ops::minimum); },
    .samples = {.low = 0.5, .high = 2, .cases = extremum_samples, .distinct = true}, .read_attrs = read_attrs<ExtremumAttrs>};
constinit const Op mean_op = {
    .name = "mean", .keras = "keras.src.ops.numpy.Mean", .doc = "Arithmetic mean over axes.", .infer = mean_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        // float16 sums overflow early: JAX sums in float32 too.
        const DType out = to_float_dtype(in[0].dtype());
        const DType wide = bits(out) == 16 ? DType::float32 : out;
        const Tensor total = reduce(reduce_sum_op, ops::cast(in[0], wide), attrs);
        int64_t n = 1;
        for (const int64_t axis : attrs.as<KerasReduceAttrs>().axis.resolve(in[0].rank())) n *= in[0].shape()[axis];
        return {ops::cast(total / static_cast<double>(n), out)};
    },
    .samples = {.low = 0.5, .high = 2, .cases = keras_reduce_cases, .distinct = true},
    .read_attrs = read_attrs<KerasReduceAttrs>};
constinit const Op var_op = {
    .name = "var", .keras = "keras.src.ops.numpy.Var", .doc = "Variance over axes: the mean squared distance from the mean.", .infer = mean_infer,
    // The mean's own share of the derivative is the mean distance from it: what rounding left of zero.
    .vjp = [](const Vjp& v) -> Tensors {
        const auto axes = v.as<KerasReduceAttrs>().axis.resolve(v.x().rank());
        double n = 1;
        for (const int64_t axis : axes) n *= static_cast<double>(v.x().shape()[axis]);
        const Tensor g = ops::reshape(v.g(), reduced_shape(v.x().shape(), axes, true));
        const Tensor centred = v.x() - ops::mean(v.x(), Axes(axes), true);
        return {(centred - ops::mean(centred, Axes(axes), true)) * (g * (2 / n))};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& a = attrs.as<KerasReduceAttrs>();
        const Tensor centred = in[0] - ops::mean(in[0], a.axis, true);
        return {ops::mean(ops::square(centred), a.axis, a.keepdims)};
    },
    .traits = {.fused = true},
    .samples = {.low = 0.5, .high = 2, .cases = keras_reduce_cases, .distinct = true},
    .read_attrs = read_attrs<KerasReduceAttrs>};
constinit const Op any_op = {
    .name = "any", .keras = "keras.src.ops.numpy.Any", .doc = "Whether any element is non-zero.", .infer = bool_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {reduce(reduce_max_op, ops::cast(in[0], DType::bool_), attrs)}; },
    .samples = {.low = 0.5, .high = 2, .cases = keras_reduce_cases, .distinct = true},
    .read_attrs = read_attrs<KerasReduceAttrs>};
constinit const Op all_op = {
    .name = "all", .keras = "keras.src.ops.numpy.All", .doc = "Whether all elements are non-zero.", .infer = bool_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {reduce(reduce_min_op, ops::cast(in[0], DType::bool_), attrs)}; },
    .samples = {.low = 0.5, .high = 2, .cases = keras_reduce_cases, .distinct = true},
    .read_attrs = read_attrs<KerasReduceAttrs>};

Tensors arg_decompose(const Op& op, const Tensor& x, const Attrs& attrs) {
    const auto& a = attrs.as<KerasReduceAttrs>();
    const bool flat = a.axis.kind == Axes::Kind::all;
    if (!flat && a.axis.axes.size() != 1) throw ValueError("ops.argmax and ops.argmin take one axis or none.");
    const int64_t axis = flat ? 0 : normalize_axis(a.axis.axes[0], x.rank());
    const Tensor y = apply1(op, {flat ? ops::reshape(x, {-1}) : x}, AxisAttrs{axis});
    return {a.keepdims ? ops::reshape(y, reduced_shape(x.shape(), a.axis.resolve(x.rank()), true)) : y};
}
Specs keras_arg_infer(const InferArgs& a) { return keras_reduce_infer(a, DType::int32); }
constinit const Op argmax_op = {
    .name = "argmax", .keras = "keras.src.ops.numpy.Argmax", .doc = "Index of the first maximum.", .infer = keras_arg_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) { return arg_decompose(arg_max_op, in[0], attrs); },
    .samples = {.low = 0.5, .high = 2, .cases = keras_arg_cases, .distinct = true},
    .read_attrs = read_attrs<KerasReduceAttrs>};
constinit const Op argmin_op = {
    .name = "argmin", .keras = "keras.src.ops.numpy.Argmin", .doc = "Index of the first minimum.", .infer = keras_arg_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) { return arg_decompose(arg_min_op, in[0], attrs); },
    .samples = {.low = 0.5, .high = 2, .cases = keras_arg_cases, .distinct = true},
    .read_attrs = read_attrs<KerasReduceAttrs>};

constexpr const Op* family[] = {&reduce_sum_op, &reduce_max_op, &reduce_min_op, &reduce_prod_op, &arg_max_op, &arg_min_op,
                                &sum_op, &prod_op, &max_op, &min_op, &mean_op, &var_op, &any_op, &all_op, &argmax_op, &argmin_op};

}  // namespace

std::span<const Op* const> reduction_ops() { return family; }

Shape reduced_shape(const Shape& shape, const Ints& axes, bool keepdims) {
    Shape out;
    for (int64_t i = 0; i < shape.rank(); ++i) {
        const bool goes = std::find(axes.begin(), axes.end(), i) != axes.end();
        if (!goes) out.push_back(shape[i]);
        else if (keepdims) out.push_back(1);
    }
    return out;
}

Tensor sum_to_shape(const Tensor& x, const Shape& shape) {
    if (x.shape() == shape) return x;
    const int64_t extra = x.rank() - shape.rank();
    Ints axes;
    for (int64_t i = 0; i < x.rank(); ++i)
        if (i < extra || (shape[i - extra] == 1 && x.shape()[i] != 1)) axes.push_back(i);
    return ops::reshape(axes.empty() ? x : apply1(reduce_sum_op, {x}, ReduceAttrs{axes}), shape);
}

namespace ops {
Tensor sum(const Tensor& x, Axes axis, bool keepdims) { return apply1(sum_op, {x}, KerasReduceAttrs{std::move(axis), keepdims}); }
Tensor mean(const Tensor& x, Axes axis, bool keepdims) { return apply1(mean_op, {x}, KerasReduceAttrs{std::move(axis), keepdims}); }
Tensor prod(const Tensor& x, Axes axis, bool keepdims, OptionalDType dtype) { return apply1(prod_op, {x}, ProdAttrs{std::move(axis), keepdims, dtype}); }
Tensor max(const Tensor& x, Axes axis, bool keepdims) { return apply1(max_op, {x}, ExtremumAttrs{std::move(axis), keepdims}); }
Tensor min(const Tensor& x, Axes axis, bool keepdims) { return apply1(min_op, {x}, ExtremumAttrs{std::move(axis), keepdims}); }
Tensor max(const Tensor& x, Axes axis, bool keepdims, double initial) { return apply1(max_op, {x}, ExtremumAttrs{std::move(axis), keepdims, initial}); }
Tensor min(const Tensor& x, Axes axis, bool keepdims, double initial) { return apply1(min_op, {x}, ExtremumAttrs{std::move(axis), keepdims, initial}); }
Tensor any(const Tensor& x, Axes axis, bool keepdims) { return apply1(any_op, {x}, KerasReduceAttrs{std::move(axis), keepdims}); }
Tensor all(const Tensor& x, Axes axis, bool keepdims) { return apply1(all_op, {x}, KerasReduceAttrs{std::move(axis), keepdims}); }
Tensor var(const Tensor& x, Axes axis, bool keepdims) { return apply1(var_op, {x}, KerasReduceAttrs{std::move(axis), keepdims}); }
Tensor argmax(const Tensor& x, Axes axis, bool keepdims) { return apply1(argmax_op, {x}, KerasReduceAttrs{std::move(axis), keepdims}); }
Tensor argmin(const Tensor& x, Axes axis, bool keepdims) { return apply1(argmin_op, {x}, KerasReduceAttrs{std::move(axis), keepdims}); }
}  // namespace ops
}  // namespace cornu
