// Moments and normalisation of nn.h.
#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

struct MomentsAttrs {
    Axes axes = {};
    bool keepdims = false, synchronized = false;
    static void describe(Schema<MomentsAttrs>& s) {
        s.field<&MomentsAttrs::axes>();
        s.field<&MomentsAttrs::keepdims>();
        s.field<&MomentsAttrs::synchronized>();
    }
};
constinit const Op moments_op = {
    .name = "moments", .keras = "keras.src.ops.nn.Moments", .doc = "Mean and variance over axes.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& m = a.as<MomentsAttrs>();
        const Spec out{reduced_shape(a.shape(), m.axes.resolve(a.shape().rank()), m.keepdims), to_float_dtype(a.dtype())};
        return {out, out};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& m = attrs.as<MomentsAttrs>();
        const DType dtype = in[0].dtype();
        // 16-bit floats have too small a range for statistics.
        const Tensor x = bits(dtype) == 16 ? ops::cast(in[0], DType::float32) : in[0];
        Tensors out{ops::mean(x, m.axes, true), ops::var(x, m.axes, true)};
        const Shape shape = reduced_shape(x.shape(), m.axes.resolve(x.rank()), m.keepdims);
        for (Tensor& y : out) {
            y = ops::reshape(y, shape);
            if (x.dtype() == dtype) continue;
            const double top = 65504;  // the largest float16, for bfloat16 too, as in Keras
            y = ops::cast(ops::minimum(ops::maximum(y, -top), top), dtype);
        }
        return out;
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.cases = [] {
        const Spec x{{3, 4, 2}, DType::float64};
        return std::vector<OpSample>{{{x}, MomentsAttrs{{0, 1}}}, {{x}, MomentsAttrs{-1, true}}, {{{{4, 1}, DType::float64}}, MomentsAttrs{0}}};
    }},
    .read_attrs = read_attrs<MomentsAttrs>};

struct BatchNormAttrs {
    int64_t axis = -1;
    double epsilon = 1e-3;
    bool has_offset = true, has_scale = true;
    static void describe(Schema<BatchNormAttrs>& s) {
        s.field<&BatchNormAttrs::axis>();
        s.field<&BatchNormAttrs::epsilon>();
        s.field<&BatchNormAttrs::has_offset>().hidden();
        s.field<&BatchNormAttrs::has_scale>().hidden();
    }
};
constinit const Op batch_normalization_op = {
    .name = "batch_normalization", .keras = "keras.src.ops.nn.BatchNorm", .doc = "x shifted and scaled per channel by given moments.", .inputs = -1,
    .arguments = "x mean variance offset? scale?",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& b = a.as<BatchNormAttrs>();
        const size_t expected = 3 + b.has_offset + b.has_scale;
        if (a.in.size() != expected) throw ValueError(str("ops.batch_normalization takes ", expected, " tensors. Received: ", a.in.size()));
        const int64_t channels = a.shape()[normalize_axis(b.axis, a.shape().rank())];
        for (size_t i = 1; i < a.in.size(); ++i)
            if (a.shape(i).rank() != 1 || (channels >= 0 && a.shape(i)[0] >= 0 && a.shape(i)[0] != channels))
                throw ShapeError(str("ops.batch_normalization: mean, variance, offset and scale must have one value for each of the ", channels, " channels. Received: x.shape=", a.shape(), ", axis=", b.axis, ", a shape of ", a.shape(i)));
        return {{a.shape(), to_float_dtype(a.dtype())}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& b = attrs.as<BatchNormAttrs>();
        const Tensor& x = in[0];
        const int64_t axis = normalize_axis(b.axis, x.rank());
        const auto per_channel = [&](size_t i) {
            if (axis == x.rank() - 1) return in[i];
            Shape shape(std::vector<int64_t>(static_cast<size_t>(x.rank()), 1));
            shape[axis] = in[i].size();
            return ops::reshape(in[i], shape);
        };
        Tensor scale = ops::rsqrt(per_channel(2) + b.epsilon);
        if (b.has_scale) scale = scale * per_channel(3 + b.has_offset);
        Tensor shift = -per_channel(1) * scale;
        if (b.has_offset) shift = shift + per_channel(3);
        return {ops::cast(x * scale + shift, to_float_dtype(x.dtype()))};
    },
    .samples = {.low = 0.2, .high = 2, .cases = [] {
        const Spec x{{2, 3, 4}, DType::float64}, c{{4}, DType::float64}, d{{3}, DType::float64};
        return std::vector<OpSample>{{{x, c, c, c, c}, BatchNormAttrs{}}, {{x, d, d, d}, BatchNormAttrs{1, 1e-3, false, true}}, {{x, c, c}, BatchNormAttrs{2, 1e-3, false, false}}};
    }},
    .read_attrs = read_attrs<BatchNormAttrs>};

// `values` shaped to meet x along `axes`: a vector already does when the last axis is the only one.
Tensor along(const Tensor& values, const Tensor& x, const std::vector<int64_t>& axes) {
    if (values.rank() == x.rank() || (axes.size() == 1 && axes[0] == x.rank() - 1)) return values;
    Shape shape(std::vector<int64_t>(static_cast<size_t>(x.rank()), 1));
    for (const int64_t axis : axes) shape[axis] = x.shape()[axis];
    return ops::reshape(values, shape);
}
using composing::at_least_float32;

struct LayerNormAttrs {
    Axes axis = -1;
    std::optional<double> epsilon = {};  // none: config's
    bool rms_scaling = false;
    bool has_gamma = true, has_beta = true;
    static void describe(Schema<LayerNormAttrs>& s) {
        s.field<&LayerNormAttrs::axis>();
        s.field<&LayerNormAttrs::epsilon>();
        s.field<&LayerNormAttrs::rms_scaling>();
        s.field<&LayerNormAttrs::has_gamma>().hidden();
        s.field<&LayerNormAttrs::has_beta>().hidden();
    }
};
constinit const Op layer_normalization_op = {
    .name = "layer_normalization", .keras = "keras.src.ops.nn.LayerNorm", .doc = "x normalised over axes by its own moments.", .inputs = -1, .arguments = "x gamma? beta?",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& l = a.as<LayerNormAttrs>();
        const size_t expected = 1u + l.has_beta + l.has_gamma;
        if (a.in.size() != expected) throw ValueError(str("ops.layer_normalization takes ", expected, " tensors. Received: ", a.in.size()));
        l.axis.resolve(a.shape().rank());
        return {{a.shape(), to_float_dtype(a.dtype())}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& l = attrs.as<LayerNormAttrs>();
        const DType dtype = to_float_dtype(in[0].dtype());
        const Tensor x = ops::cast(in[0], at_least_float32(dtype));
        const auto axes = l.axis.resolve(x.rank());
        const auto [mean, variance] = ops::moments(x, Axes(axes), true);
        Tensor scale = ops::rsqrt(variance + l.epsilon.value_or(Context::current().epsilon()));
        if (l.has_gamma) scale = scale * ops::cast(along(in[1], x, axes), x.dtype());
        if (l.rms_scaling) return {ops::cast(x * scale, dtype)};
        Tensor shift = -mean * scale;
        if (l.has_beta) shift = shift + ops::cast(along(in[1 + l.has_gamma], x, axes), x.dtype());
        return {ops::cast(x * scale + shift, dtype)};
    },
    .samples = {.cases = [] {
        const Spec x{{2, 3, 4}, DType::float64}, c{{4}, DType::float64}, d{{3, 4}, DType::float64};
        return std::vector<OpSample>{{{x, c, c}, LayerNormAttrs{-1, 1e-3}}, {{x, d, d}, LayerNormAttrs{{1, 2}, 1e-3}},
                                     {{x}, LayerNormAttrs{1, 1e-3, false, false, false}}, {{x, c}, LayerNormAttrs{-1, 1e-3, true, true, false}}};
    }},
    .read_attrs = read_attrs<LayerNormAttrs>};

struct RmsNormAttrs {
    Axes axis = -1;
    std::optional<double> epsilon = {};
    bool has_scale = true;
    static void describe(Schema<RmsNormAttrs>& s) {
        s.field<&RmsNormAttrs::axis>();
        s.field<&RmsNormAttrs::epsilon>();
        s.field<&RmsNormAttrs::has_scale>().hidden();
    }
};
constinit const Op rms_normalization_op = {
    .name = "rms_normalization", .keras = "keras.src.ops.nn.RMSNorm", .doc = "x over the root of its mean square along axes.", .inputs = -1, .arguments = "x * scale?",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& r = a.as<RmsNormAttrs>();
        const size_t expected = 1u + r.has_scale;
        if (a.in.size() != expected) throw ValueError(str("ops.rms_normalization takes ", expected, " tensors. Received: ", a.in.size()));
        r.axis.resolve(a.shape().rank());
        return {{a.shape(), to_float_dtype(a.dtype())}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& r = attrs.as<RmsNormAttrs>();
        const DType dtype = to_float_dtype(in[0].dtype());
        const Tensor x = ops::cast(in[0], at_least_float32(dtype));
        Tensor y = x * ops::rsqrt(ops::mean(ops::square(x), r.axis, true) + r.epsilon.value_or(Context::current().epsilon()));
        if (r.has_scale) y = y * ops::cast(in[1], x.dtype());
        return {ops::cast(y, dtype)};
    },
    .samples = {.cases = [] {
        const Spec x{{2, 3, 4}, DType::float64}, c{{4}, DType::float64};
        return std::vector<OpSample>{{{x, c}, RmsNormAttrs{-1, 1e-3}}, {{x}, RmsNormAttrs{{0, 1}, 1e-3, false}}};
    }},
    .read_attrs = read_attrs<RmsNormAttrs>};

struct NormalizeAttrs {
    Axes axis = -1;
    int64_t order = 2;
    std::optional<double> epsilon = {};
    static void describe(Schema<NormalizeAttrs>& s) {
        s.field<&NormalizeAttrs::axis>();
        s.field<&NormalizeAttrs::order>().positive();
        s.field<&NormalizeAttrs::epsilon>();
    }
};
constinit const Op normalize_op = {
    .name = "normalize", .keras = "keras.src.ops.nn.Normalize", .doc = "x over its norm along axes.",
    .infer = [](const InferArgs& a) -> Specs {
        if (a.as<NormalizeAttrs>().order < 1) throw ValueError(str("ops.normalize: order must be a positive integer. Received: ", a.as<NormalizeAttrs>().order));
        return {{a.shape().empty() ? Shape{1} : a.shape(), to_float_dtype(a.dtype())}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& n = attrs.as<NormalizeAttrs>();
        const Tensor x = in[0].rank() == 0 ? ops::reshape(in[0], {1}) : in[0];
        const double epsilon = n.epsilon.value_or(Context::current().epsilon());
        if (n.order == 2) return {x * ops::minimum(ops::rsqrt(ops::sum(ops::square(x), n.axis, true)), 1 / epsilon)};
        const auto order = static_cast<double>(n.order);
        const Tensor norm = n.order == 1 ? ops::sum(ops::abs(x), n.axis, true)
                                         : ops::power(ops::sum(ops::power(ops::abs(x), order), n.axis, true), 1 / order);
        return {x / ops::maximum(norm, epsilon)};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.low = 0.2, .high = 2, .cases = [] {
        const Spec x{{2, 3, 4}, DType::float64};
        return std::vector<OpSample>{{{x}, NormalizeAttrs{}}, {{x}, NormalizeAttrs{1, 1}}, {{x}, NormalizeAttrs{-1, 3}}};
    }},
    .read_attrs = read_attrs<NormalizeAttrs>};

constexpr const Op* family[] = {&moments_op, &batch_normalization_op, &layer_normalization_op, &rms_normalization_op, &normalize_op};

}  // namespace

std::span<const Op* const> normalization_ops() { return family; }

namespace ops {

std::pair<Tensor, Tensor> moments(const Tensor& x, Axes axes, bool keepdims, bool synchronized) {
    const Tensors out = apply(moments_op, {x}, MomentsAttrs{std::move(axes), keepdims, synchronized});
    return {out[0], out[1]};
}
Tensor batch_normalization(const Tensor& x, const Tensor& mean, const Tensor& variance, int64_t axis, const Tensor& offset, const Tensor& scale, double epsilon) {
    Tensors in{x, mean, variance};
    if (offset.defined()) in.push_back(offset);
    if (scale.defined()) in.push_back(scale);
    return apply1(batch_normalization_op, in, BatchNormAttrs{axis, epsilon, offset.defined(), scale.defined()});
}
Tensor layer_normalization(const Tensor& x, const Tensor& gamma, const Tensor& beta, Axes axis, double epsilon) {
    Tensors in{x};
    if (gamma.defined()) in.push_back(gamma);
    if (beta.defined()) in.push_back(beta);
    return apply1(layer_normalization_op, in, LayerNormAttrs{std::move(axis), epsilon, false, gamma.defined(), beta.defined()});
}
Tensor rms_normalization(const Tensor& x, const Tensor& scale, Axes axis, double epsilon) {
    Tensors in{x};
    if (scale.defined()) in.push_back(scale);
    return apply1(rms_normalization_op, in, RmsNormAttrs{std::move(axis), epsilon, scale.defined()});
}
Tensor normalize(const Tensor& x, int64_t axis, int64_t order, double epsilon) {
    return apply1(normalize_op, {x}, NormalizeAttrs{axis, order, epsilon > 0 ? std::optional(epsilon) : std::nullopt});
}

}  // namespace ops
}  // namespace cornu
