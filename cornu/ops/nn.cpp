#include "cornu/ops/nn.h"

#include <numbers>

#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

// Activations are kept whole for engines that have a kernel for them; each brings its derivative.
constexpr OpTraits activation = {.elementwise = true, .promote = Promote::common, .fused = true};
constexpr OpTraits float_activation = {.elementwise = true, .promote = Promote::to_float, .fused = true};
constexpr OpTraits composed = {.elementwise = true, .promote = Promote::to_float};

Tensor zero_like(const Tensor& x) { return Tensor::full({}, 0, x.dtype()); }

constinit const Op relu_op = {
    .name = "relu", .keras = "keras.src.ops.nn.Relu", .doc = "max(x, 0), element-wise.",
    .infer = infer::elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {ops::where(v.y() > 0, v.g(), zero_like(v.g()))}; },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {ops::maximum(in[0], zero_like(in[0]))}; },
    .traits = activation, .samples = {.low = -3, .high = 3, .away_from_integers = true}};

constinit const Op relu6_op = {
    .name = "relu6", .keras = "keras.src.ops.nn.Relu6", .doc = "min(max(x, 0), 6), element-wise.",
    .infer = infer::elementwise,
    .vjp = [](const Vjp& v) -> Tensors {
        return {ops::where(ops::logical_and(v.x() > 0, v.x() < 6), v.g(), zero_like(v.g()))};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        return {ops::minimum(ops::maximum(in[0], zero_like(in[0])), Tensor::full({}, 6, in[0].dtype()))};
    },
    .traits = activation, .samples = {.low = -3, .high = 9, .away_from_integers = true}};

constinit const Op sigmoid_op = {
    .name = "sigmoid", .keras = "keras.src.ops.nn.Sigmoid", .doc = "1 / (1 + exp(-x)), element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * (v.y() * (1 - v.y()))}; },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {1 / (1 + ops::exp(-in[0]))}; },
    .traits = float_activation, .samples = {.low = -4, .high = 4}};

constinit const Op softsign_op = {
    .name = "softsign", .keras = "keras.src.ops.nn.Softsign", .doc = "x / (1 + |x|), element-wise.",
    .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {in[0] / (ops::abs(in[0]) + 1)}; },
    .traits = composed, .samples = {.low = -3, .high = 3, .away_from_integers = true}};

constinit const Op softplus_op = {
    .name = "softplus", .keras = "keras.src.ops.nn.Softplus", .doc = "log(1 + exp(x)) without overflow, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors { return {v.g() * ops::sigmoid(v.x())}; },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        return {ops::maximum(in[0], zero_like(in[0])) + ops::log1p(ops::exp(-ops::abs(in[0])))};
    },
    .traits = float_activation, .samples = {.low = -4, .high = 4}};

constinit const Op log_sigmoid_op = {
    .name = "log_sigmoid", .keras = "keras.src.ops.nn.LogSigmoid", .doc = "log(sigmoid(x)) without overflow, element-wise.",
    .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {-ops::softplus(-in[0])}; },
    .traits = composed, .samples = {.low = -4, .high = 4}};

constinit const Op silu_op = {
    .name = "silu", .keras = "keras.src.ops.nn.Silu", .doc = "x * sigmoid(x), element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors {
        const Tensor s = ops::sigmoid(v.x());
        return {v.g() * (s * (1 + v.x() * (1 - s)))};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {in[0] * ops::sigmoid(in[0])}; },
    .traits = float_activation, .samples = {.low = -4, .high = 4}};

struct SlopeAttrs {
    double negative_slope = 0.2;
    static void describe(Schema<SlopeAttrs>& s) { s.field<&SlopeAttrs::negative_slope>(); }
};
constinit const Op leaky_relu_op = {
    .name = "leaky_relu", .keras = "keras.src.ops.nn.LeakyRelu", .doc = "x where x ≥ 0, else negative_slope * x, element-wise.",
    .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        return {ops::where(in[0] >= 0, in[0], in[0] * attrs.as<SlopeAttrs>().negative_slope)};
    },
    .traits = composed,
    .samples = {.low = -3, .high = 3, .cases = [] { return std::vector<OpSample>{{{{{7, 13}, DType::float64}}, SlopeAttrs{}}}; }, .away_from_integers = true},
    .read_attrs = read_attrs<SlopeAttrs>};

constinit const Op hard_sigmoid_op = {
    .name = "hard_sigmoid", .keras = "keras.src.ops.nn.HardSigmoid", .doc = "relu6(x + 3) / 6, element-wise.",
    .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {ops::relu6(in[0] + 3) / 6}; },
    .traits = composed, .samples = {.low = -5, .high = 5, .away_from_integers = true}};

constinit const Op hard_silu_op = {
    .name = "hard_silu", .keras = "keras.src.ops.nn.HardSilu", .doc = "x * hard_sigmoid(x), element-wise.",
    .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {in[0] * ops::hard_sigmoid(in[0])}; },
    .traits = composed, .samples = {.low = -5, .high = 5, .away_from_integers = true}};

constinit const Op hard_tanh_op = {
    .name = "hard_tanh", .keras = "keras.src.ops.nn.HardTanh", .doc = "x limited to [-1, 1], element-wise.",
    .infer = infer::elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor one = Tensor::full({}, 1, in[0].dtype()), minus = Tensor::full({}, -1, in[0].dtype());
        return {ops::where(in[0] > one, one, ops::where(in[0] < minus, minus, in[0]))};
    },
    .traits = {.elementwise = true, .promote = Promote::common}, .samples = {.low = -3, .high = 3, .away_from_integers = true}};

struct AlphaAttrs {
    double alpha = 1.0;
    static void describe(Schema<AlphaAttrs>& s) { s.field<&AlphaAttrs::alpha>(); }
};
std::vector<OpSample> alpha_cases() { return {{{{{7, 13}, DType::float64}}, AlphaAttrs{}}, {{{{3}, DType::float64}}, AlphaAttrs{0.7}}}; }

// exp is only asked where x is not positive: what where() hides must not overflow.
Tensor elu_of(const Tensor& x, double alpha) {
    const Tensor below = ops::where(x > 0, zero_like(x), x);
    return ops::where(x > 0, x, ops::expm1(below) * alpha);
}
constinit const Op elu_op = {
    .name = "elu", .keras = "keras.src.ops.nn.Elu", .doc = "x where x > 0, else alpha * (exp(x) - 1), element-wise.",
    .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors { return {elu_of(in[0], attrs.as<AlphaAttrs>().alpha)}; },
    .traits = composed, .samples = {.low = -3, .high = 3, .cases = alpha_cases, .away_from_integers = true},
    .read_attrs = read_attrs<AlphaAttrs>};

constinit const Op selu_op = {
    .name = "selu", .keras = "keras.src.ops.nn.Selu", .doc = "scale * elu(x, alpha) with the constants that keep unit variance, element-wise.",
    .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        return {1.0507009873554804934193349852946 * elu_of(in[0], 1.6732632423543772848170429916717)};
    },
    .traits = composed, .samples = {.low = -3, .high = 3, .away_from_integers = true}};

constinit const Op celu_op = {
    .name = "celu", .keras = "keras.src.ops.nn.Celu", .doc = "max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0), element-wise.",
    .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const double alpha = attrs.as<AlphaAttrs>().alpha;
        return {ops::maximum(in[0], zero_like(in[0])) + ops::expm1(ops::minimum(in[0], zero_like(in[0])) / alpha) * alpha};
    },
    .traits = composed, .samples = {.low = -3, .high = 3, .cases = alpha_cases, .away_from_integers = true},
    .read_attrs = read_attrs<AlphaAttrs>};

constexpr double sqrt_two_over_pi = 0.79788456080286535588;
Tensor gelu_tanh_argument(const Tensor& x) { return sqrt_two_over_pi * (x + 0.044715 * (x * x * x)); }
constinit const Op gelu_op = {
    .name = "gelu", .keras = "keras.src.ops.nn.Gelu", .doc = "x times the normal distribution function of x, element-wise.",
    .infer = infer::float_elementwise,
    .vjp = [](const Vjp& v) -> Tensors {
        const Tensor& x = v.x();
        if (!v.as<GeluAttrs>().approximate) {
            const Tensor density = ops::exp(-0.5 * ops::square(x)) * (sqrt_two_over_pi / 2);
            return {v.g() * (0.5 * ops::erfc(x * -std::numbers::sqrt2 / 2) + x * density)};
        }
        const Tensor t = ops::tanh(gelu_tanh_argument(x));
        const Tensor slope = sqrt_two_over_pi * (1 + (3 * 0.044715) * ops::square(x));
        return {v.g() * (0.5 * (1 + t) + 0.5 * x * (1 - ops::square(t)) * slope)};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor& x = in[0];
        if (!attrs.as<GeluAttrs>().approximate) return {0.5 * x * ops::erfc(x * (-std::numbers::sqrt2 / 2))};
        return {x * (0.5 * (1 + ops::tanh(gelu_tanh_argument(x))))};
    },
    .traits = float_activation,
    .samples = {.low = -3, .high = 3, .cases = [] {
        return std::vector<OpSample>{{{{{7, 13}, DType::float64}}, GeluAttrs{true}}, {{{{7, 13}, DType::float64}}, GeluAttrs{false}}};
    }},
    .read_attrs = read_attrs<GeluAttrs>};

struct OneAxisAttrs {
    int64_t axis = -1;
    static void describe(Schema<OneAxisAttrs>& s) { s.field<&OneAxisAttrs::axis>(); }
};
constinit const Op glu_op = {
    .name = "glu", .keras = "keras.src.ops.nn.Glu", .doc = "The first half of x along an axis times the sigmoid of the second.",
    .infer = [](const InferArgs& a) -> Specs {
        Shape shape = a.shape();
        const int64_t axis = normalize_axis(a.as<OneAxisAttrs>().axis, shape.rank());
        if (shape[axis] >= 0 && shape[axis] % 2)
            throw ShapeError(str("ops.glu: the axis must have an even size. Received: shape ", shape, ", axis=", axis));
        if (shape[axis] >= 0) shape[axis] /= 2;
        return {{shape, to_float_dtype(a.dtype())}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor& x = in[0];
        const int64_t axis = normalize_axis(attrs.as<OneAxisAttrs>().axis, x.rank());
        std::vector<int64_t> start(static_cast<size_t>(x.rank()), 0), middle = x.shape().dims();
        middle[static_cast<size_t>(axis)] /= 2;
        const Tensor first = prim::slice(x, start, middle);
        start[static_cast<size_t>(axis)] = middle[static_cast<size_t>(axis)];
        return {first * ops::sigmoid(prim::slice(x, start, x.shape().dims()))};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.cases = [] {
        return std::vector<OpSample>{{{{{2, 6}, DType::float64}}, OneAxisAttrs{-1}}, {{{{4, 3}, DType::float64}}, OneAxisAttrs{0}}};
    }},
    .read_attrs = read_attrs<OneAxisAttrs>};

struct ThresholdAttrs {
    double threshold = 0, default_value = 0;
    static void describe(Schema<ThresholdAttrs>& s) {
        s.field<&ThresholdAttrs::threshold>();
        s.field<&ThresholdAttrs::default_value>();
    }
};
constinit const Op threshold_op = {
    .name = "threshold", .keras = "keras.src.ops.nn.Threshold", .doc = "x where x > threshold, else default_value, element-wise.",
    .infer = infer::elementwise,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& t = attrs.as<ThresholdAttrs>();
        return {ops::where(in[0] > t.threshold, in[0], Tensor::full({}, t.default_value, in[0].dtype()))};
    },
    .traits = {.elementwise = true},
    .samples = {.low = -3, .high = 3, .cases = [] { return std::vector<OpSample>{{{{{2, 5}, DType::float64}}, ThresholdAttrs{0, -1}}}; }, .away_from_integers = true},
    .read_attrs = read_attrs<ThresholdAttrs>};

// ---- probabilities ----

Specs softmax_infer(const InferArgs& a) {
    a.as<SoftmaxAttrs>().axis.resolve(a.shape().rank());
    return {{a.shape(), to_float_dtype(a.dtype())}};
}
std::vector<OpSample> softmax_cases() {
    const Spec x{{3, 4, 5}, DType::float64};
    return {{{x}, SoftmaxAttrs{-1}}, {{x}, SoftmaxAttrs{1}}, {{x}, SoftmaxAttrs{{0, 2}}}, {{{{1, 1}, DType::float64}}, SoftmaxAttrs{-1}}};
}
Tensor minus_maximum(const Tensor& x, const Axes& axis) { return x - ops::stop_gradient(ops::max(x, axis, true)); }

constinit const Op softmax_op = {
    .name = "softmax", .keras = "keras.src.ops.nn.Softmax", .doc = "exp(x) over its sum along axes.",
    .infer = softmax_infer,
    .vjp = [](const Vjp& v) -> Tensors {
        const Tensor weighted = v.g() * v.y();
        return {weighted - v.y() * ops::sum(weighted, v.as<SoftmaxAttrs>().axis, true)};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Axes& axis = attrs.as<SoftmaxAttrs>().axis;
        const Tensor e = ops::exp(minus_maximum(in[0], axis));
        return {e / ops::sum(e, axis, true)};
    },
    .traits = {.promote = Promote::to_float, .fused = true},
    .samples = {.low = -3, .high = 3, .cases = softmax_cases},
    .read_attrs = read_attrs<SoftmaxAttrs>};

constinit const Op log_softmax_op = {
    .name = "log_softmax", .keras = "keras.src.ops.nn.LogSoftmax", .doc = "Logarithm of softmax(x), exact where that vanishes.",
    .infer = softmax_infer,
    .vjp = [](const Vjp& v) -> Tensors {
        return {v.g() - ops::exp(v.y()) * ops::sum(v.g(), v.as<SoftmaxAttrs>().axis, true)};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Axes& axis = attrs.as<SoftmaxAttrs>().axis;
        const Tensor shifted = minus_maximum(in[0], axis);
        return {shifted - ops::log(ops::sum(ops::exp(shifted), axis, true))};
    },
    .traits = {.promote = Promote::to_float, .fused = true},
    .samples = {.low = -3, .high = 3, .cases = softmax_cases},
    .read_attrs = read_attrs<SoftmaxAttrs>};

struct LogsumexpAttrs {
    Axes axis = {};
    bool keepdims = false;
    static void describe(Schema<LogsumexpAttrs>& s) {
        s.field<&LogsumexpAttrs::axis>();
        s.field<&LogsumexpAttrs::keepdims>();
    }
};
constinit const Op logsumexp_op = {
    .name = "logsumexp", .keras = "keras.src.ops.math.Logsumexp", .doc = "Logarithm of the sum of exp(x) over axes, without overflow.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& l = a.as<LogsumexpAttrs>();
        return {{reduced_shape(a.shape(), l.axis.resolve(a.shape().rank()), l.keepdims), to_float_dtype(a.dtype())}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& l = attrs.as<LogsumexpAttrs>();
        const Tensor top = ops::stop_gradient(ops::max(in[0], l.axis, true));
        // An infinite maximum would turn its own term into NaN.
        const Tensor safe = ops::where(ops::isfinite(top), top, zero_like(top));
        const Tensor out = ops::log(ops::sum(ops::exp(in[0] - safe), l.axis, true)) + safe;
        return {l.keepdims ? out : ops::reshape(out, reduced_shape(in[0].shape(), l.axis.resolve(in[0].rank()), false))};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.low = -3, .high = 3, .cases = [] {
        const Spec x{{3, 4, 5}, DType::float64};
        return std::vector<OpSample>{{{x}, LogsumexpAttrs{}}, {{x}, LogsumexpAttrs{1, true}}, {{x}, LogsumexpAttrs{{0, 2}, false}}};
    }},
    .read_attrs = read_attrs<LogsumexpAttrs>};

constexpr const Op* family[] = {&relu_op, &relu6_op, &sigmoid_op, &softplus_op, &softsign_op, &log_sigmoid_op, &silu_op, &leaky_relu_op,
                                &hard_sigmoid_op, &hard_silu_op, &hard_tanh_op, &elu_op, &selu_op, &celu_op, &gelu_op,
                                &glu_op, &threshold_op, &softmax_op, &log_softmax_op, &logsumexp_op};

}  // namespace

std::span<const Op* const> nn_ops() { return family; }

namespace ops {

Tensor relu(const Tensor& x) { return apply1(relu_op, {x}); }
Tensor relu6(const Tensor& x) { return apply1(relu6_op, {x}); }
Tensor sigmoid(const Tensor& x) { return apply1(sigmoid_op, {x}); }
Tensor softplus(const Tensor& x) { return apply1(softplus_op, {x}); }
Tensor softsign(const Tensor& x) { return apply1(softsign_op, {x}); }
Tensor log_sigmoid(const Tensor& x) { return apply1(log_sigmoid_op, {x}); }
Tensor silu(const Tensor& x) { return apply1(silu_op, {x}); }
Tensor leaky_relu(const Tensor& x, double negative_slope) { return apply1(leaky_relu_op, {x}, SlopeAttrs{negative_slope}); }
Tensor hard_sigmoid(const Tensor& x) { return apply1(hard_sigmoid_op, {x}); }
Tensor hard_silu(const Tensor& x) { return apply1(hard_silu_op, {x}); }
Tensor hard_tanh(const Tensor& x) { return apply1(hard_tanh_op, {x}); }
Tensor elu(const Tensor& x, double alpha) { return apply1(elu_op, {x}, AlphaAttrs{alpha}); }
Tensor selu(const Tensor& x) { return apply1(selu_op, {x}); }
Tensor celu(const Tensor& x, double alpha) { return apply1(celu_op, {x}, AlphaAttrs{alpha}); }
Tensor gelu(const Tensor& x, bool approximate) { return apply1(gelu_op, {x}, GeluAttrs{approximate}); }
Tensor glu(const Tensor& x, int64_t axis) { return apply1(glu_op, {x}, OneAxisAttrs{axis}); }
Tensor threshold(const Tensor& x, double threshold, double default_value) { return apply1(threshold_op, {x}, ThresholdAttrs{threshold, default_value}); }
Tensor softmax(const Tensor& x, Axes axis) { return apply1(softmax_op, {x}, SoftmaxAttrs{std::move(axis)}); }
Tensor log_softmax(const Tensor& x, Axes axis) { return apply1(log_softmax_op, {x}, SoftmaxAttrs{std::move(axis)}); }
Tensor logsumexp(const Tensor& x, Axes axis, bool keepdims) { return apply1(logsumexp_op, {x}, LogsumexpAttrs{std::move(axis), keepdims}); }

}  // namespace ops
}  // namespace cornu
