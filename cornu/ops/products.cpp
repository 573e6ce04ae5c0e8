#include "cornu/ops/products.h"

#include "cornu/base/checked.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/cumulative.h"
#include "cornu/ops/einsum.h"
#include "cornu/ops/manipulation.h"

namespace cornu {

namespace {

using composing::at;
using Ints = std::vector<int64_t>;

constinit const Op inner_op = {
    .name = "inner", .keras = "keras.src.ops.numpy.Inner", .doc = "Sums of products over the last axes.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const Shape &x = a.shape(0), &y = a.shape(1);
        const DType dtype = result_type(a.dtype(0), a.dtype(1));
        if (x.empty() || y.empty()) return {{x.empty() ? y : x, dtype}};
        if (x.back() != y.back() && x.back() >= 0 && y.back() >= 0)
            throw ShapeError(str("ops.inner: the last axes of x1 and x2 must match. Received: x1.shape=", x, ", x2.shape=", y));
        Shape out(x.begin(), x.end() - 1);
        for (int64_t i = 0; i + 1 < y.rank(); ++i) out.push_back(y[i]);
        return {{out, dtype}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        if (in[0].rank() == 0 || in[1].rank() == 0) return {in[0] * in[1]};
        return {ops::tensordot(in[0], in[1], {{-1}, {-1}})};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64}, y{{3}, DType::float64}, one{{}, DType::float64};
        return std::vector<OpSample>{{{x, y}}, {{x, x}}, {{one, y}}};
    }}};

constinit const Op kron_op = {
    .name = "kron", .keras = "keras.src.ops.numpy.Kron", .doc = "Kronecker product: x2 multiplied by each element of x1.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        Shape x = a.shape(0), y = a.shape(1);
        while (x.rank() < y.rank()) x.insert(0, 1);
        while (y.rank() < x.rank()) y.insert(0, 1);
        for (int64_t i = 0; i < x.rank(); ++i) x[i] = x[i] < 0 || y[i] < 0 ? None : checked_multiply(x[i], y[i]);
        return {{x, result_type(a.dtype(0), a.dtype(1))}};
    },
    // (a, 1, b, 1, …) times (1, c, 1, d, …) is (a, c, b, d, …).
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        Shape x = in[0].shape(), y = in[1].shape(), out;
        while (x.rank() < y.rank()) x.insert(0, 1);
        while (y.rank() < x.rank()) y.insert(0, 1);
        Shape apart, between;
        for (int64_t i = 0; i < x.rank(); ++i) {
            out.push_back(x[i] * y[i]);
            apart.push_back(x[i]);
            apart.push_back(1);
            between.push_back(1);
            between.push_back(y[i]);
        }
        return {ops::reshape(ops::reshape(in[0], apart) * ops::reshape(in[1], between), out)};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        const Spec x{{2, 3}, DType::float64}, y{{2}, DType::float64};
        return std::vector<OpSample>{{{x, x}}, {{x, y}}, {{y, x}}};
    }}};

struct CrossAttrs {
    int64_t axisa = -1, axisb = -1, axisc = -1;
    std::optional<int64_t> axis = {};
    static void describe(Schema<CrossAttrs>& s) {
        s.field<&CrossAttrs::axisa>();
        s.field<&CrossAttrs::axisb>();
        s.field<&CrossAttrs::axisc>();
        s.field<&CrossAttrs::axis>();
    }
    int64_t a() const { return axis.value_or(axisa); }
    int64_t b() const { return axis.value_or(axisb); }
    int64_t c() const { return axis.value_or(axisc); }
};
constinit const Op cross_op = {
    .name = "cross", .keras = "keras.src.ops.numpy.Cross", .doc = "Cross product of vectors of two or three elements.", .inputs = 2,
    .infer = [](const InferArgs& args) -> Specs {
        const auto& c = args.as<CrossAttrs>();
        Shape x = args.shape(0), y = args.shape(1);
        const int64_t a = normalize_axis(c.a(), x.rank(), "axisa"), b = normalize_axis(c.b(), y.rank(), "axisb"), m = x[a], n = y[b];
        if ((m != 2 && m != 3) || (n != 2 && n != 3)) throw ShapeError(str("ops.cross: vectors must have 2 or 3 elements. Received: x1.shape=", x, ", x2.shape=", y, " along axes ", a, " and ", b));
        x.erase(a);
        y.erase(b);
        auto out = broadcast_shapes(x, y);
        if (!out) throw ShapeError(str("ops.cross: the other axes must broadcast together. Received: x1.shape=", args.shape(0), ", x2.shape=", args.shape(1)));
        if (m == 3 || n == 3) out->insert(normalize_axis(c.c(), out->rank() + 1, "axisc"), 3);
        return {{*out, result_type(args.dtype(0), args.dtype(1))}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& c = attrs.as<CrossAttrs>();
        const auto element = [&](const Tensor& x, int64_t axis, int64_t i) {
            const int64_t along = normalize_axis(axis, x.rank());
            return i < x.shape()[along] ? at(x, along, i) : Tensor();
        };
        Tensor a[3], b[3];
        for (int64_t i = 0; i < 3; ++i) {
            a[i] = element(in[0], c.a(), i);
            b[i] = element(in[1], c.b(), i);
        }
        const Tensor third = a[0] * b[1] - a[1] * b[0];
        if (!a[2].defined() && !b[2].defined()) return {third};
        if (!a[2].defined()) a[2] = ops::zeros_like(a[0]);
        if (!b[2].defined()) b[2] = ops::zeros_like(b[0]);
        return {ops::stack({a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], third}, normalize_axis(c.c(), third.rank() + 1))};
    },
    .traits = {.promote = Promote::common},
    .samples = {.cases = [] {
        const Spec x{{4, 3}, DType::float64}, y{{3}, DType::float64}, flat{{4, 2}, DType::float64}, up{{3, 4}, DType::float64};
        return std::vector<OpSample>{{{x, y}, CrossAttrs{}}, {{flat, x}, CrossAttrs{}}, {{flat, flat}, CrossAttrs{}}, {{up, x}, CrossAttrs{0, 1, 0}}, {{up, up}, CrossAttrs{-1, -1, -1, 0}}};
    }},
    .read_attrs = read_attrs<CrossAttrs>};

struct VanderAttrs {
    std::optional<int64_t> N = {};
    bool increasing = false;
    static void describe(Schema<VanderAttrs>& s) {
        s.field<&VanderAttrs::N>().non_negative();
        s.field<&VanderAttrs::increasing>();
    }
};
constinit const Op vander_op = {
    .name = "vander", .keras = "keras.src.ops.numpy.Vander", .doc = "Powers of a vector as columns.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& v = a.as<VanderAttrs>();
        if (v.N.value_or(0) < 0) throw ValueError(str("ops.vander: N must not be negative. Received: N=", *v.N));
        if (a.shape().rank() != 1) throw ShapeError(str("ops.vander: x must have one axis. Received: x.shape=", a.shape()));
        return {{{a.shape()[0], v.N.value_or(a.shape()[0])}, a.dtype() == DType::bool_ ? DType::int32 : a.dtype()}};
    },
    // A running product, exact for whole numbers and smooth at 0.
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& v = attrs.as<VanderAttrs>();
        const Tensor x = in[0].dtype() == DType::bool_ ? ops::cast(in[0], DType::int32) : in[0];
        const int64_t rows = x.shape()[0], columns = v.N.value_or(rows);
        if (columns == 0) return {ops::zeros({rows, 0}, x.dtype())};
        const Tensor ones = ops::ones({rows, 1}, x.dtype());
        Tensor factors = ones;
        if (columns != 1) factors = ops::concatenate({ones, ops::broadcast_to(ops::reshape(x, {rows, 1}), {rows, columns - 1})}, 1);
        const Tensor powers = prim::cumulative_prod(factors, 1);
        return {v.increasing ? powers : prim::reverse(powers, {1})};
    },
    .samples = {.cases = [] {
        const Spec x{{3}, DType::float64};
        return std::vector<OpSample>{{{x}, VanderAttrs{}}, {{x}, VanderAttrs{4, true}}, {{x}, VanderAttrs{1}}};
    }},
    .read_attrs = read_attrs<VanderAttrs>};

constexpr const Op* family[] = {&inner_op, &kron_op, &cross_op, &vander_op};

}  // namespace

std::span<const Op* const> product_ops() { return family; }

namespace ops {
Tensor inner(const Tensor& x1, const Tensor& x2) { return apply1(inner_op, {x1, x2}); }
Tensor kron(const Tensor& x1, const Tensor& x2) { return apply1(kron_op, {x1, x2}); }
Tensor cross(const Tensor& x1, const Tensor& x2, int64_t axisa, int64_t axisb, int64_t axisc, std::optional<int64_t> axis) {
    return apply1(cross_op, {x1, x2}, CrossAttrs{axisa, axisb, axisc, axis});
}
Tensor vander(const Tensor& x, std::optional<int64_t> n, bool increasing) { return apply1(vander_op, {x}, VanderAttrs{n, increasing}); }
}  // namespace ops
}  // namespace cornu
