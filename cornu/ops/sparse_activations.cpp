#include "cornu/ops/sparse_activations.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/cumulative.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/sorting.h"

namespace cornu {

namespace {

using composing::number;

constexpr OpTraits float_function = {.elementwise = true, .promote = Promote::to_float};

struct ShrinkAttrs {
    double threshold = 0.5;
    static void describe(Schema<ShrinkAttrs>& s) { s.field<&ShrinkAttrs::threshold>(); }
};
std::vector<OpSample> shrink_samples() { return {{{{{2, 3}, DType::float64}}, ShrinkAttrs{}}, {{{{4}, DType::float64}}, ShrinkAttrs{0.25}}}; }
constinit const Op hard_shrink_op = {
    .name = "hard_shrink", .keras = "keras.src.ops.nn.HardShrink", .doc = "x where |x| > threshold, else 0, element-wise.", .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        return {ops::where(ops::abs(in[0]) > attrs.as<ShrinkAttrs>().threshold, in[0], number(0, in[0]))};
    },
    .traits = float_function, .samples = {.cases = shrink_samples}, .read_attrs = read_attrs<ShrinkAttrs>};
constinit const Op soft_shrink_op = {
    .name = "soft_shrink", .keras = "keras.src.ops.nn.SoftShrink", .doc = "x nearer to 0 by threshold, element-wise.", .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor& x = in[0];
        const double t = attrs.as<ShrinkAttrs>().threshold;
        return {ops::where(x > t, x - t, ops::where(x < -t, x + t, number(0, x)))};
    },
    .traits = float_function, .samples = {.cases = shrink_samples}, .read_attrs = read_attrs<ShrinkAttrs>};
constinit const Op tanh_shrink_op = {
    .name = "tanh_shrink", .keras = "keras.src.ops.nn.TanhShrink", .doc = "x - tanh(x), element-wise.", .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {in[0] - ops::tanh(in[0])}; },
    .traits = float_function, .samples = {.low = 1, .high = 3}};
constinit const Op sparse_plus_op = {
    .name = "sparse_plus", .keras = "keras.src.ops.nn.SparsePlus", .doc = "A parabola from 0 to x, element-wise.", .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const Tensor& x = in[0];
        return {ops::where(x <= -1, number(0, x), ops::where(x >= 1, x, ops::square(x + 1) / 4))};
    },
    .traits = float_function, .samples = {.low = -3, .high = 3, .away_from_integers = true}};
constinit const Op sparse_sigmoid_op = {
    .name = "sparse_sigmoid", .keras = "keras.src.ops.nn.SparseSigmoid", .doc = "A line from 0 to 1, element-wise.", .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {ops::clip(in[0] + 1, 0, 2) * 0.5}; },
    .traits = float_function, .samples = {.low = -3, .high = 3, .away_from_integers = true}};

struct SquareplusAttrs {
    double b = 4;
    static void describe(Schema<SquareplusAttrs>& s) { s.field<&SquareplusAttrs::b>(); }
};
constinit const Op squareplus_op = {
    .name = "squareplus", .keras = "keras.src.ops.nn.Squareplus", .doc = "(x + sqrt(x^2 + b)) / 2, element-wise.", .infer = infer::float_elementwise,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        return {(in[0] + ops::sqrt(ops::square(in[0]) + attrs.as<SquareplusAttrs>().b)) / 2};
    },
    .traits = float_function,
    .samples = {.cases = [] { return std::vector<OpSample>{{{{{2, 3}, DType::float64}}, SquareplusAttrs{}}}; }}, .read_attrs = read_attrs<SquareplusAttrs>};

struct SparsemaxAttrs {
    int64_t axis = -1;
    static void describe(Schema<SparsemaxAttrs>& s) { s.field<&SparsemaxAttrs::axis>(); }
};
constinit const Op sparsemax_op = {
    .name = "sparsemax", .keras = "keras.src.ops.nn.Sparsemax", .doc = "x less a threshold that its largest elements set, 0 below it, along an axis.",
    .infer = [](const InferArgs& a) {
        normalize_axis(a.as<SparsemaxAttrs>().axis, a.shape().rank());
        return infer::float_elementwise(a);
    },
    // Which elements belong to the largest is seen from the sorted row.
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor x = ops::cast(in[0], composing::wide(in[0].dtype()));
        const int64_t axis = normalize_axis(attrs.as<SparsemaxAttrs>().axis, x.rank());
        const Tensor sorted = prim::reverse(ops::sort(x, axis), {axis}), sums = prim::cumulative_sum(sorted, axis);
        Shape line(std::vector<int64_t>(static_cast<size_t>(x.rank()), 1));
        line[axis] = x.shape()[axis];
        const Tensor rank = prim::iota(line, axis, x.dtype()) + 1;
        const Tensor support = sorted - (sums - 1) / rank > 0;
        const Tensor k = ops::sum(ops::cast(support, x.dtype()), axis, true);
        // Keras adds the running sums of all that belong, where the last of them would do.
        const Tensor tau = (ops::sum(ops::where(support, sums, number(0, x)), axis, true) - 1) / k;
        return {ops::cast(ops::maximum(x - tau, number(0, x)), in[0].dtype())};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.low = -0.9, .high = 1.3, .cases = [] {   // clear of distances of 1, where a second element joins
        const Spec x{{2, 4}, DType::float64};
        return std::vector<OpSample>{{{x}, SparsemaxAttrs{}}, {{x}, SparsemaxAttrs{0}}};
    }, .distinct = true},
    .read_attrs = read_attrs<SparsemaxAttrs>};

constexpr const Op* family[] = {&hard_shrink_op, &soft_shrink_op, &tanh_shrink_op, &sparse_plus_op, &sparse_sigmoid_op, &squareplus_op, &sparsemax_op};

}  // namespace

std::span<const Op* const> sparse_activation_ops() { return family; }

namespace ops {
Tensor hard_shrink(const Tensor& x, double threshold) { return apply1(hard_shrink_op, {x}, ShrinkAttrs{threshold}); }
Tensor soft_shrink(const Tensor& x, double threshold) { return apply1(soft_shrink_op, {x}, ShrinkAttrs{threshold}); }
Tensor tanh_shrink(const Tensor& x) { return apply1(tanh_shrink_op, {x}); }
Tensor sparse_plus(const Tensor& x) { return apply1(sparse_plus_op, {x}); }
Tensor sparse_sigmoid(const Tensor& x) { return apply1(sparse_sigmoid_op, {x}); }
Tensor sparsemax(const Tensor& x, int64_t axis) { return apply1(sparsemax_op, {x}, SparsemaxAttrs{axis}); }
Tensor squareplus(const Tensor& x, double b) { return apply1(squareplus_op, {x}, SquareplusAttrs{b}); }
}  // namespace ops
}  // namespace cornu
