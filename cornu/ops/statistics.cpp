#include "cornu/ops/statistics.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/convolution.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/ops/reduction.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/nested_json.h"

namespace cornu {

namespace {

using composing::between;
using composing::same_known;
using Ints = std::vector<int64_t>;

struct ReductionAttrs {
    Axes axis = {};
    bool keepdims = false;
    static void describe(Schema<ReductionAttrs>& s) {
        s.field<&ReductionAttrs::axis>();
        s.field<&ReductionAttrs::keepdims>();
    }
};
Specs reduced(const InferArgs& a, const Axes& axis, bool keepdims, DType dtype) {
    return {{reduced_shape(a.shape(), axis.resolve(a.shape().rank()), keepdims), dtype}};
}
std::vector<OpSample> reduction_samples() {
    const Spec x{{2, 3, 4}, DType::float64};
    return {{{x}, ReductionAttrs{}}, {{x}, ReductionAttrs{-1, true}}, {{x}, ReductionAttrs{{0, 2}}}};
}
constinit const Op std_op = {
    .name = "std", .keras = "keras.src.ops.numpy.Std", .doc = "Standard deviation over axes: the root of the variance.",
    .infer = [](const InferArgs& a) { return reduced(a, a.as<ReductionAttrs>().axis, a.as<ReductionAttrs>().keepdims, to_float_dtype(a.dtype())); },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& r = attrs.as<ReductionAttrs>();
        const DType dtype = to_float_dtype(in[0].dtype());
        return {ops::cast(ops::sqrt(ops::var(ops::cast(in[0], composing::wide(dtype)), r.axis, r.keepdims)), dtype)};
    },
    .samples = {.cases = reduction_samples, .distinct = true}, .read_attrs = read_attrs<ReductionAttrs>};
constinit const Op ptp_op = {
    .name = "ptp", .keras = "keras.src.ops.numpy.Ptp", .doc = "The largest minus the smallest element over axes.",
    .infer = [](const InferArgs& a) { return reduced(a, a.as<ReductionAttrs>().axis, a.as<ReductionAttrs>().keepdims, a.dtype()); },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& r = attrs.as<ReductionAttrs>();
        return {ops::max(in[0], r.axis, r.keepdims) - ops::min(in[0], r.axis, r.keepdims)};
    },
    .samples = {.cases = reduction_samples, .distinct = true}, .read_attrs = read_attrs<ReductionAttrs>};

struct AxesAttrs {
    Axes axis = {};
    static void describe(Schema<AxesAttrs>& s) { s.field<&AxesAttrs::axis>(); }
};
constinit const Op count_nonzero_op = {
    .name = "count_nonzero", .keras = "keras.src.ops.numpy.CountNonzero", .doc = "The number of elements that are not 0, over axes.",
    .infer = [](const InferArgs& a) { return reduced(a, a.as<AxesAttrs>().axis, false, DType::int32); }, .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        return {ops::sum(ops::cast(ops::cast(in[0], DType::bool_), DType::int32), attrs.as<AxesAttrs>().axis)};
    },
    .samples = {.cases = [] {
        const Spec x{{2, 3, 4}, DType::float64};
        return std::vector<OpSample>{{{x}, AxesAttrs{}}, {{x}, AxesAttrs{1}}};
    }},
    .read_attrs = read_attrs<AxesAttrs>};

struct AverageAttrs {
    Axes axis = {};
    bool has_weights = false;
    static void describe(Schema<AverageAttrs>& s) {
        s.field<&AverageAttrs::axis>();
        s.field<&AverageAttrs::has_weights>().hidden();
    }
};
constinit const Op average_op = {
    .name = "average", .keras = "keras.src.ops.numpy.Average", .doc = "Mean over axes, weighted.", .inputs = -1, .arguments = "x * weights?",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& p = a.as<AverageAttrs>();
        const size_t expected = 1u + p.has_weights;
        if (a.in.size() != expected) throw ValueError(str("ops.average takes ", expected, " tensors. Received: ", a.in.size()));
        const Ints axes = p.axis.resolve(a.shape().rank());
        DType dtype = a.dtype();
        if (p.has_weights) {
            Shape along;
            for (const int64_t axis : axes) along.push_back(a.shape()[axis]);
            if (!same_known(a.shape(), a.shape(1)) && !same_known(along, a.shape(1)))
                throw ShapeError(str("ops.average: weights must have the shape of x, or of its reduced axes. Received: x.shape=", a.shape(), ", weights.shape=", a.shape(1)));
            dtype = result_type(a.dtype(), a.dtype(1));
        }
        return {{reduced_shape(a.shape(), axes, false), to_float_dtype(dtype)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& p = attrs.as<AverageAttrs>();
        if (!p.has_weights) return {ops::mean(in[0], p.axis)};
        Tensor weights = in[1];
        if (weights.shape() != in[0].shape()) {
            Shape shape = in[0].shape();
            const Ints axes = p.axis.resolve(shape.rank());
            for (int64_t i = 0; i < shape.rank(); ++i)
                if (std::find(axes.begin(), axes.end(), i) == axes.end()) shape[i] = 1;
            weights = ops::broadcast_to(ops::reshape(weights, shape), in[0].shape());
        }
        return {ops::sum(in[0] * weights, p.axis) / ops::sum(weights, p.axis)};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.low = 0.5, .high = 2, .cases = [] {
        const Spec x{{2, 3, 4}, DType::float64}, w{{3}, DType::float64};
        return std::vector<OpSample>{{{x}, AverageAttrs{1}}, {{x, x}, AverageAttrs{{}, true}}, {{x, w}, AverageAttrs{1, true}}};
    }},
    .read_attrs = read_attrs<AverageAttrs>};

// ---- pairs ----

constinit const Op corrcoef_op = {
    .name = "corrcoef", .keras = "keras.src.ops.numpy.Corrcoef", .doc = "Pearson's correlation between the rows of x.",
    .infer = [](const InferArgs& a) -> Specs {
        if (a.shape().rank() > 2) throw ShapeError(str("ops.corrcoef: x must have at most two axes. Received: x.shape=", a.shape()));
        const DType dtype = to_float_dtype(infer::elementwise(a)[0].dtype);
        if (is_complex(dtype)) throw DTypeError(str("ops.corrcoef takes real numbers. Received: ", dtype));
        if (a.shape().rank() < 2 || a.shape()[0] == 1) return {{{}, dtype}};
        return {{{a.shape()[0], a.shape()[0]}, dtype}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        Tensor x = ops::cast(in[0], composing::wide(in[0].dtype()));
        x = x.rank() < 2 ? ops::reshape(x, {1, -1}) : x;
        const Tensor centred = x - ops::mean(x, 1, true), covariance = ops::matmul(centred, ops::transpose(centred));
        const Tensor deviation = ops::sqrt(ops::sum(ops::square(centred), 1, true));
        const Tensor c = ops::clip(covariance / deviation / ops::transpose(deviation), -1, 1);
        return {ops::cast(c.shape()[0] == 1 ? ops::reshape(c, {}) : c, in[0].dtype())};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.cases = [] { return std::vector<OpSample>{{{{{3, 5}, DType::float64}}}}; }}};

struct CorrelateAttrs {
    std::string mode = "valid";
    static void describe(Schema<CorrelateAttrs>& s) { s.field<&CorrelateAttrs::mode>(); }
};
constinit const Op correlate_op = {
    .name = "correlate", .keras = "keras.src.ops.numpy.Correlate", .doc = "Sliding products of two sequences.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const std::string& mode = a.as<CorrelateAttrs>().mode;
        if (mode != "valid" && mode != "same" && mode != "full") throw ValueError(str("ops.correlate: mode must be \"valid\", \"same\" or \"full\". Received: mode=\"", mode, "\""));
        if (a.shape(0).rank() != 1 || a.shape(1).rank() != 1 || a.shape(0)[0] == 0 || a.shape(1)[0] == 0)
            throw ShapeError(str("ops.correlate: x1 and x2 must have one axis, which is not empty. Received: ", a.shape(0), " and ", a.shape(1)));
        const DType dtype = to_float_dtype(result_type(a.dtype(0), a.dtype(1)));
        if (is_complex(dtype)) throw DTypeError(str("ops.correlate takes real numbers. Received: ", dtype));
        const int64_t m = std::max(a.shape(0)[0], a.shape(1)[0]), n = std::min(a.shape(0)[0], a.shape(1)[0]);
        if (n < 0) return {{{None}, dtype}};
        return {{{mode == "same" ? m : mode == "full" ? m + n - 1 : m - n + 1}, dtype}};
    },
    // The shorter slides along the longer; if that is x1, everything is seen in a mirror.
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const std::string& mode = attrs.as<CorrelateAttrs>().mode;
        const bool mirrored = in[0].size() < in[1].size();
        const Tensor &x = in[mirrored ? 1 : 0], &window = in[mirrored ? 0 : 1];
        const int64_t n = window.size();
        ConvAttrs conv;
        if (mode == "full") conv.pad_low = conv.pad_high = {n - 1};
        if (mode == "same") {
            conv.pad_low = {n / 2};
            conv.pad_high = {n - n / 2 - 1};
        }
        const Tensor y = ops::reshape(prim::conv(ops::reshape(x, {1, -1, 1}), ops::reshape(window, {n, 1, 1}), conv), {-1});
        return {mirrored ? prim::reverse(y, {0}) : y};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.cases = [] {
        const Spec x{{6}, DType::float64}, y{{3}, DType::float64};
        return std::vector<OpSample>{{{x, y}, CorrelateAttrs{}}, {{x, y}, CorrelateAttrs{"same"}}, {{y, x}, CorrelateAttrs{"full"}}};
    }},
    .read_attrs = read_attrs<CorrelateAttrs>};

constinit const Op cdist_op = {
    .name = "cdist", .keras = "keras.src.ops.math.CDist", .doc = "Euclidean distances between all rows of x and of y.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const Shape &x = a.shape(0), &y = a.shape(1);
        if (x.rank() < 2 || y.rank() < 2) throw ShapeError(str("ops.cdist: x and y must have at least two axes. Received: x.shape=", x, ", y.shape=", y));
        if (x.back() != y.back() && x.back() >= 0 && y.back() >= 0) throw ShapeError(str("ops.cdist: the last axes of x and y must match. Received: x.shape=", x, ", y.shape=", y));
        const auto batch = broadcast_shapes(Shape(x.begin(), x.end() - 2), Shape(y.begin(), y.end() - 2));
        if (!batch) throw ShapeError(str("ops.cdist: the leading axes of x and y must broadcast. Received: x.shape=", x, ", y.shape=", y));
        Shape out = *batch;
        out.push_back(x.dim(-2));
        out.push_back(y.dim(-2));
        return {{out, to_float_dtype(result_type(a.dtype(0), a.dtype(1)))}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const DType dtype = composing::wide(in[0].dtype());
        const Tensor apart = ops::expand_dims(ops::cast(in[0], dtype), in[0].rank() - 1) - ops::expand_dims(ops::cast(in[1], dtype), in[1].rank() - 2);
        return {ops::cast(ops::sqrt(ops::sum(ops::square(apart), -1)), in[0].dtype())};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.cases = [] {
        const Spec x{{2, 3, 4}, DType::float64}, y{{5, 4}, DType::float64};
        return std::vector<OpSample>{{{x, y}}, {{y, y}}};
    }, .distinct = true}};

// ---- along one axis ----

struct DiffAttrs {
    int64_t n = 1, axis = -1;
    static void describe(Schema<DiffAttrs>& s) {
        s.field<&DiffAttrs::n>().non_negative();
        s.field<&DiffAttrs::axis>();
    }
};
constinit const Op diff_op = {
    .name = "diff", .keras = "keras.src.ops.numpy.Diff", .doc = "Differences of neighbours along an axis, n times over.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& d = a.as<DiffAttrs>();
        if (d.n < 0) throw ValueError(str("ops.diff: n must not be negative. Received: n=", d.n));
        Shape out = a.shape();
        int64_t& dim = out[normalize_axis(d.axis, out.rank())];
        if (dim >= 0) dim = std::max<int64_t>(dim - d.n, 0);
        return {{out, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& d = attrs.as<DiffAttrs>();
        Tensor x = in[0];
        const int64_t axis = normalize_axis(d.axis, x.rank());
        for (int64_t i = 0; i < d.n && x.shape()[axis] > 0; ++i) {
            const int64_t size = x.shape()[axis];
            const Tensor after = between(x, axis, 1, size), before = between(x, axis, 0, size - 1);
            x = x.dtype() == DType::bool_ ? ops::not_equal(after, before) : after - before;
        }
        return {x};
    },
    .samples = {.cases = [] {
        const Spec x{{3, 4}, DType::float64};
        return std::vector<OpSample>{{{x}, DiffAttrs{}}, {{x}, DiffAttrs{2, 0}}, {{x}, DiffAttrs{5}}};
    }},
    .read_attrs = read_attrs<DiffAttrs>};

// Keras's operation holds x itself, so that only a list of numbers can be saved: `x`. Any tensor is an input.
struct TrapezoidAttrs {
    Json x = {};
    double dx = 1;
    int64_t axis = -1;
    bool has_x = false;
    static void describe(Schema<TrapezoidAttrs>& s) {
        s.field<&TrapezoidAttrs::x>();
        s.field<&TrapezoidAttrs::dx>();
        s.field<&TrapezoidAttrs::axis>();
        s.field<&TrapezoidAttrs::has_x>().hidden();
    }
};
constinit const Op trapezoid_op = {
    .name = "trapezoid", .keras = "keras.src.ops.numpy.Trapezoid", .doc = "Integral along an axis by the trapezoidal rule.", .inputs = -1, .arguments = "y -x?",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& t = a.as<TrapezoidAttrs>();
        const size_t expected = 1u + t.has_x;
        if (a.in.size() != expected) throw ValueError(str("ops.trapezoid takes ", expected, " tensors. Received: ", a.in.size()));
        const int64_t axis = normalize_axis(t.axis, a.shape().rank());
        if (a.shape()[axis] == 0) throw ShapeError(str("ops.trapezoid: the axis must not be empty. Received: y.shape=", a.shape()));
        DType dtype = a.dtype();
        if (t.has_x || !t.x.is_null()) {
            const Spec x = t.has_x ? a.in[1] : specs_of({tensor_from_json(t.x)})[0];
            dtype = result_type(dtype, x.dtype);
            const bool fits = same_known(x.shape, a.shape()) || same_known(x.shape, Shape{a.shape()[axis]});
            if (!fits) throw ShapeError(str("ops.trapezoid: x must have the shape of y, or of its axis. Received: y.shape=", a.shape(), ", x.shape=", x.shape));
        }
        Shape out = a.shape();
        out.erase(axis);
        return {{out, to_float_dtype(dtype)}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& t = attrs.as<TrapezoidAttrs>();
        const Tensor& y = in[0];
        const int64_t axis = normalize_axis(t.axis, y.rank()), n = y.shape()[axis];
        const Tensor heights = between(y, axis, 1, n) + between(y, axis, 0, n - 1);
        if (!t.has_x && t.x.is_null()) return {ops::sum(heights, axis) * (0.5 * t.dx)};
        Tensor x = t.has_x ? in[1] : tensor_from_json(t.x);
        if (x.rank() == 1) {
            Shape shape(Ints(static_cast<size_t>(y.rank()), 1));
            shape[axis] = n;
            x = ops::reshape(x, shape);
        }
        return {ops::sum(heights * (between(x, axis, 1, n) - between(x, axis, 0, n - 1)), axis) * 0.5};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.cases = [] {
        const Spec y{{3, 4}, DType::float64}, x{{4}, DType::float64};
        return std::vector<OpSample>{{{y}, TrapezoidAttrs{{}, 0.5}}, {{y}, TrapezoidAttrs{{}, 1, 0}}, {{y, x}, TrapezoidAttrs{{}, 1, -1, true}}, {{y, y}, TrapezoidAttrs{{}, 1, 0, true}}};
    }},
    .read_attrs = read_attrs<TrapezoidAttrs>};

constexpr const Op* family[] = {&std_op, &ptp_op, &count_nonzero_op, &average_op, &corrcoef_op, &correlate_op, &cdist_op, &diff_op, &trapezoid_op};

}  // namespace

std::span<const Op* const> statistics_ops() { return family; }

namespace ops {
Tensor std(const Tensor& x, Axes axis, bool keepdims) { return apply1(std_op, {x}, ReductionAttrs{std::move(axis), keepdims}); }
Tensor ptp(const Tensor& x, Axes axis, bool keepdims) { return apply1(ptp_op, {x}, ReductionAttrs{std::move(axis), keepdims}); }
Tensor count_nonzero(const Tensor& x, Axes axis) { return apply1(count_nonzero_op, {x}, AxesAttrs{std::move(axis)}); }
Tensor average(const Tensor& x, Axes axis, const Tensor& weights) {
    return apply1(average_op, weights.defined() ? Tensors{x, weights} : Tensors{x}, AverageAttrs{std::move(axis), weights.defined()});
}
Tensor corrcoef(const Tensor& x) { return apply1(corrcoef_op, {x}); }
Tensor correlate(const Tensor& x1, const Tensor& x2, const std::string& mode) { return apply1(correlate_op, {x1, x2}, CorrelateAttrs{mode}); }
Tensor cdist(const Tensor& x, const Tensor& y) { return apply1(cdist_op, {x, y}); }
Tensor diff(const Tensor& a, int64_t n, int64_t axis) { return apply1(diff_op, {a}, DiffAttrs{n, axis}); }
Tensor trapezoid(const Tensor& y, const Tensor& x, double dx, int64_t axis) {
    if (y.symbolic() && x.defined() && x.concrete()) return apply1(trapezoid_op, {y}, TrapezoidAttrs{nested_json(x), dx, axis});
    return apply1(trapezoid_op, x.defined() ? Tensors{y, x} : Tensors{y}, TrapezoidAttrs{{}, dx, axis, x.defined()});
}
}  // namespace ops
}  // namespace cornu
