#include "cornu/ops/cumulative.h"

#include "cornu/ops/catalogue.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/primitive_attrs.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

using Ints = std::vector<int64_t>;

Specs cumulative_infer(const InferArgs& a) {
    normalize_axis(a.as<CumulativeAttrs>().axis, a.shape().rank());
    return {{a.shape(), a.dtype()}};
}
std::vector<OpSample> cumulative_samples() {
    const Spec x{{3, 4, 2}, DType::float64};
    return {{{x}, CumulativeAttrs{1}}, {{x}, CumulativeAttrs{0, true}}, {{{{7}, DType::float64}}, CumulativeAttrs{0}}, {{{{0, 2}, DType::float64}}, CumulativeAttrs{0}}};
}

// x moved by `steps` along the axis towards its end (towards its start in reverse), `fill` moving in.
Tensor shifted(const Tensor& x, int64_t axis, int64_t steps, bool reverse, double fill) {
    Ints low(static_cast<size_t>(x.rank()), 0), high = low;
    low[static_cast<size_t>(axis)] = reverse ? -steps : steps;
    high[static_cast<size_t>(axis)] = reverse ? steps : -steps;
    return prim::pad(x, Tensor::full({}, fill, x.dtype()), low, high);
}

constinit const Op cumulative_sum_op = {
    .name = "cumulative_sum", .doc = "Running sums along an axis.", .infer = cumulative_infer,
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& c = v.as<CumulativeAttrs>();
        return {prim::cumulative_sum(v.g(), c.axis, !c.reverse)};
    },
    .samples = {.cases = cumulative_samples}};

// dx[i] = (x[0]…x[i-1]) * s[i], where s[i] = g[i] + x[i+1] * s[i+1]. The recurrence is solved by
// doubling, without the division by x that zeros would not survive.
constinit const Op cumulative_prod_op = {
    .name = "cumulative_prod", .doc = "Running products along an axis.", .infer = cumulative_infer,
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& c = v.as<CumulativeAttrs>();
        const int64_t n = v.x().shape()[c.axis];
        if (n == 0) return {ops::zeros_like(v.x())};
        Tensor s = v.g(), factor = shifted(v.x(), c.axis, 1, !c.reverse, 0);
        for (int64_t step = 1; step < n; step *= 2) {
            s = s + factor * shifted(s, c.axis, step, !c.reverse, 0);
            if (2 * step < n) factor = factor * shifted(factor, c.axis, step, !c.reverse, 0);
        }
        return {s * shifted(v.y(), c.axis, 1, c.reverse, 1)};
    },
    .samples = {.cases = cumulative_samples}};

// ---- Keras's ops ----

struct KerasCumulativeAttrs {
    std::optional<int64_t> axis = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<KerasCumulativeAttrs>& s) {
        s.field<&KerasCumulativeAttrs::axis>();
        s.field<&KerasCumulativeAttrs::dtype>();
    }
    DType resolved(DType x) const { return dtype.value_or(x == DType::bool_ ? DType::int32 : x); }
};
Specs keras_infer(const InferArgs& a) {
    const auto& c = a.as<KerasCumulativeAttrs>();
    if (c.axis) normalize_axis(*c.axis, a.shape().rank());
    const Shape flat{a.shape().is_static() ? a.shape().size() : None};
    return {{c.axis ? a.shape() : flat, c.resolved(a.dtype())}};
}
Tensors keras_decompose(const Tensors& in, const Attrs& attrs, Tensor (*cumulative)(const Tensor&, int64_t, bool)) {
    const auto& c = attrs.as<KerasCumulativeAttrs>();
    const Tensor x = ops::cast(c.axis ? in[0] : ops::reshape(in[0], {-1}), c.resolved(in[0].dtype()));
    return {cumulative(x, c.axis ? normalize_axis(*c.axis, x.rank()) : 0, false)};
}
std::vector<OpSample> keras_samples() {
    const Spec x{{3, 4}, DType::float64};
    return {{{x}, KerasCumulativeAttrs{}}, {{x}, KerasCumulativeAttrs{-1}}, {{x}, KerasCumulativeAttrs{0}}};
}
constinit const Op cumsum_op = {
    .name = "cumsum", .keras = "keras.src.ops.numpy.Cumsum", .doc = "Running sums along an axis.", .infer = keras_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) { return keras_decompose(in, attrs, prim::cumulative_sum); },
    .samples = {.cases = keras_samples}, .read_attrs = read_attrs<KerasCumulativeAttrs>};
constinit const Op cumprod_op = {
    .name = "cumprod", .keras = "keras.src.ops.numpy.Cumprod", .doc = "Running products along an axis.", .infer = keras_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) { return keras_decompose(in, attrs, prim::cumulative_prod); },
    .samples = {.cases = keras_samples}, .read_attrs = read_attrs<KerasCumulativeAttrs>};

constexpr const Op* family[] = {&cumulative_sum_op, &cumulative_prod_op, &cumsum_op, &cumprod_op};

}  // namespace

std::span<const Op* const> cumulative_ops() { return family; }

namespace prim {
Tensor cumulative_sum(const Tensor& x, int64_t axis, bool reverse) { return apply1(cumulative_sum_op, {x}, CumulativeAttrs{normalize_axis(axis, x.rank()), reverse}); }
Tensor cumulative_prod(const Tensor& x, int64_t axis, bool reverse) { return apply1(cumulative_prod_op, {x}, CumulativeAttrs{normalize_axis(axis, x.rank()), reverse}); }
}  // namespace prim

namespace ops {
Tensor cumsum(const Tensor& x, std::optional<int64_t> axis, OptionalDType dtype) { return apply1(cumsum_op, {x}, KerasCumulativeAttrs{axis, dtype}); }
Tensor cumprod(const Tensor& x, std::optional<int64_t> axis, OptionalDType dtype) { return apply1(cumprod_op, {x}, KerasCumulativeAttrs{axis, dtype}); }
}  // namespace ops
}  // namespace cornu
