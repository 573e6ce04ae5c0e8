// Keras's linear algebra, composed of the decompositions.
#include "cornu/ops/linalg.h"

#include <cmath>

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/matrices.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

using namespace matrices;
using Ints = std::vector<int64_t>;

namespace {

constexpr OpTraits of_floats = {.promote = Promote::to_float};

std::vector<OpSample> square_samples() {
    const auto x = [](Shape shape) { return Spec{std::move(shape), DType::float64}; };
    return {{{x({3, 3})}}, {{x({2, 4, 4})}}, {{x({2, 2})}}, {{x({1, 1})}}, {{x({0, 2, 2})}}};
}
std::vector<OpSample> oblong_samples(const Attrs& attrs) {
    const auto x = [](Shape shape) { return Spec{std::move(shape), DType::float64}; };
    return {{{x({4, 3})}, attrs}, {{x({2, 2, 4})}, attrs}, {{x({3, 3})}, attrs}};
}

// ---- Cholesky ----

struct UpperAttrs {
    bool upper = false;
    static void describe(Schema<UpperAttrs>& s) { s.field<&UpperAttrs::upper>(); }
};
Specs upper_infer(const InferArgs& a) {
    check_matrices(a);
    return {{a.shape(), a.dtype()}};
}
std::vector<OpSample> upper_samples() {
    const Spec x{{3, 3}, DType::float64}, batch{{2, 4, 4}, DType::float64};
    return {{{x}, UpperAttrs{}}, {{batch}, UpperAttrs{true}}};
}

constinit const Op cholesky_op = {
    .name = "cholesky", .keras = "keras.src.ops.linalg.Cholesky", .doc = "The triangular factor of positive definite matrices.",
    .infer = [](const InferArgs& a) -> Specs {
        const Spec wide[] = {{a.shape(), is_integer(a.dtype()) ? to_float_dtype(a.dtype()) : a.dtype()}};
        return upper_infer({a.op, wide, a.attrs});
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor lower = prim::cholesky(ops::cast(in[0], to_float_dtype(in[0].dtype())));
        // As Keras has it, where the values can be seen.
        if (lower.concrete() && ops::any(ops::isnan(lower)).item<bool>())
            throw ValueError("ops.cholesky: the matrix must be positive definite. Received: one that is not");
        return {attrs.as<UpperAttrs>().upper ? T(lower) : lower};
    },
    .samples = {.cases = upper_samples}, .read_attrs = read_attrs<UpperAttrs>};

constinit const Op cholesky_inverse_op = {
    .name = "cholesky_inverse", .keras = "keras.src.ops.linalg.CholeskyInverse", .doc = "The inverse of the matrix whose Cholesky factor is given.", .infer = upper_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const bool upper = attrs.as<UpperAttrs>().upper;
        const Tensor one = ops::broadcast_to(ops::eye(in[0].shape().back(), {}, 0, in[0].dtype()), in[0].shape());
        const Tensor inverse = prim::triangular_solve(in[0], one, {.lower = !upper});
        return {upper ? ops::matmul(inverse, T(inverse)) : ops::matmul(T(inverse), inverse)};
    },
    .traits = of_floats, .samples = {.cases = upper_samples}, .read_attrs = read_attrs<UpperAttrs>};

// ---- solving ----

// b as matrices with a's batch, and back.
struct System {
    Tensor a, b;
    bool vector;

    System(const Tensor& a_in, const Tensor& b_in) : a(a_in), b(b_in), vector(b_in.rank() == a_in.rank() - 1) {
        if (vector) b = ops::expand_dims(b, -1);
        const Shape batch = *broadcast_shapes(batch_of(a.shape()), batch_of(b.shape()));
        const auto widened = [&](const Tensor& x) {
            Shape shape = batch;
            shape.push_back(x.shape().dim(-2));
            shape.push_back(x.shape().dim(-1));
            return shape == x.shape() ? x : ops::broadcast_to(x, shape);
        };
        a = widened(a);
        b = widened(b);
    }
    Tensor result(const Tensor& x) const { return vector ? ops::squeeze(x, {-1}) : x; }
};
Specs system_infer(const InferArgs& a) {
    check_matrices(a, 0);
    const Shape &m = a.shape(0), &b = a.shape(1);
    const bool vector = b.rank() == m.rank() - 1;
    bool fits = b.rank() >= 1 && (vector || b.rank() >= m.rank());
    std::optional<Shape> batch;
    if (fits) {
        const int64_t n = m.back(), rows = vector ? b.back() : b.dim(-2);
        batch = broadcast_shapes(batch_of(m), vector ? Shape(b.begin(), b.end() - 1) : batch_of(b));
        fits = batch && (n < 0 || rows < 0 || n == rows);
    }
    if (!fits) throw ShapeError(str("ops.", a.op.name, ": a must be (…, n, n) and b (…, n) or (…, n, k). Received: a.shape=", m, ", b.shape=", b));
    batch->push_back(vector ? b.back() : b.dim(-2));
    if (!vector) batch->push_back(b.back());
    return {{*batch, a.dtype(1)}};
}
std::vector<OpSample> system_samples(const Attrs& attrs) {
    const auto x = [](Shape shape) { return Spec{std::move(shape), DType::float64}; };
    return {{{x({3, 3}), x({3, 2})}, attrs}, {{x({2, 3, 3}), x({2, 3})}, attrs}, {{x({4, 4}), x({4})}, attrs}, {{x({2, 2}), x({3, 2, 1})}, attrs}};
}

constinit const Op solve_op = {
    .name = "solve", .keras = "keras.src.ops.linalg.Solve", .doc = "x with a x = b.", .inputs = 2, .infer = system_infer,
    // Two more solutions are cheaper than the derivative of the decomposition.
    .vjp = [](const Vjp& v) -> Tensors {
        const System s(v.x(0), v.x(1));
        const Tensor g = s.vector ? ops::expand_dims(v.g(), -1) : v.g(), y = s.vector ? ops::expand_dims(v.y(), -1) : v.y();
        const Tensor gb = ops::solve(T(s.a), g);
        return {-ops::matmul(gb, T(y)), s.result(gb)};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const System s(in[0], in[1]);
        const prim::Lu f = prim::lu(s.a);
        const Tensor b = ops::take_along_axis(s.b, ops::broadcast_to(ops::expand_dims(f.permutation, -1), s.b.shape()), -2);
        const Tensor y = prim::triangular_solve(f.lu, b, {.lower = true, .unit_diagonal = true});
        return {s.result(prim::triangular_solve(f.lu, y, {.lower = false}))};
    },
    .traits = {.promote = Promote::to_float, .fused = true},
    .samples = {.cases = [] { return system_samples({}); }}};

struct LowerAttrs {
    bool lower = false;
    static void describe(Schema<LowerAttrs>& s) { s.field<&LowerAttrs::lower>(); }
};
constinit const Op solve_triangular_op = {
    .name = "solve_triangular", .keras = "keras.src.ops.linalg.SolveTriangular", .doc = "x with a x = b; only one triangle of a is read.", .inputs = 2, .infer = system_infer,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const System s(in[0], in[1]);
        return {s.result(prim::triangular_solve(s.a, s.b, {.lower = attrs.as<LowerAttrs>().lower}))};
    },
    .traits = of_floats, .samples = {.cases = [] { return system_samples(LowerAttrs{true}); }}, .read_attrs = read_attrs<LowerAttrs>};

constinit const Op inv_op = {
    .name = "inv", .keras = "keras.src.ops.linalg.Inv", .doc = "Inverse matrices.",
    .infer = [](const InferArgs& a) -> Specs {
        check_matrices(a);
        return {{a.shape(), a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        return {ops::solve(in[0], ops::broadcast_to(ops::eye(in[0].shape().back(), {}, 0, in[0].dtype()), in[0].shape()))};
    },
    .traits = of_floats, .samples = {.cases = square_samples}};

constinit const Op lu_factor_op = {
    .name = "lu_factor", .keras = "keras.src.ops.linalg.LuFactor", .doc = "L below the diagonal, U on and above it, and the row that each row was swapped with.",
    .infer = [](const InferArgs& a) -> Specs {
        check_matrices(a, 0, false);
        Shape pivots = batch_of(a.shape());
        const int64_t m = a.shape().dim(-2), n = a.shape().dim(-1);
        pivots.push_back(m < 0 || n < 0 ? None : std::min(m, n));
        return {{a.shape(), a.dtype()}, {pivots, DType::int32}};
    },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const prim::Lu f = prim::lu(in[0]);
        return {f.lu, f.pivots};
    },
    .traits = of_floats, .samples = {.cases = square_samples}};

// ---- determinants ----

Specs det_infer(const InferArgs& a) {
    check_matrices(a);
    return {{batch_of(a.shape()), a.dtype()}};
}
// 1 or -1 by the number of rows swapped.
Tensor parity(const Tensor& pivots, DType dtype) {
    const Tensor moved = ops::not_equal(pivots, prim::iota(pivots.shape(), pivots.rank() - 1, DType::int32));
    return 1 - 2 * ops::cast(ops::mod(ops::sum(ops::cast(moved, DType::int32), -1), 2), dtype);
}
// Up to 3 x 3 a polynomial, whose derivative is right for singular matrices too.
Tensor small_det(const Tensor& x) {
    const Shape batch = batch_of(x.shape());
    const auto e = [&](int64_t i, int64_t j) {
        Ints start(static_cast<size_t>(x.rank()), 0), stop = x.shape().dims();
        const auto last = static_cast<size_t>(x.rank()) - 1;
        start[last - 1] = i;
        stop[last - 1] = i + 1;
        start[last] = j;
        stop[last] = j + 1;
        return ops::reshape(prim::slice(x, start, stop), batch);
    };
    switch (x.shape().back()) {
        case 0: return ops::ones(batch, x.dtype());
        case 1: return e(0, 0);
        case 2: return e(0, 0) * e(1, 1) - e(0, 1) * e(1, 0);
        default: break;
    }
    return e(0, 0) * e(1, 1) * e(2, 2) + e(0, 1) * e(1, 2) * e(2, 0) + e(0, 2) * e(1, 0) * e(2, 1) -
           e(0, 2) * e(1, 1) * e(2, 0) - e(0, 0) * e(1, 2) * e(2, 1) - e(0, 1) * e(1, 0) * e(2, 2);
}
constinit const Op det_op = {
    .name = "det", .keras = "keras.src.ops.linalg.Det", .doc = "Determinants.", .infer = det_infer,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        if (in[0].shape().back() <= 3) return {small_det(in[0])};
        const prim::Lu f = prim::lu(in[0]);
        return {parity(f.pivots, in[0].dtype()) * ops::prod(ops::diagonal(f.lu, 0, -2, -1), -1)};
    },
    .traits = of_floats, .samples = {.cases = square_samples}};

Tensors sign_and_log(const Tensor& x) {
    const prim::Lu f = prim::lu(x);
    const Tensor diagonal = ops::diagonal(f.lu, 0, -2, -1);
    return {parity(f.pivots, x.dtype()) * ops::prod(ops::sign(diagonal), -1), ops::sum(ops::log(ops::abs(diagonal)), -1)};
}
constinit const Op slogdet_op = {
    .name = "slogdet", .keras = "keras.src.ops.numpy.Slogdet", .doc = "The sign of determinants, and the logarithm of their absolute value.",
    .infer = [](const InferArgs& a) -> Specs {
        const Spec out = det_infer(a)[0];
        return {out, out};
    },
    .decompose = [](const Tensors& in, const Attrs&) { return sign_and_log(in[0]); },
    .traits = of_floats, .samples = {.cases = square_samples}};
constinit const Op logdet_op = {
    .name = "logdet", .keras = "keras.src.ops.math.Logdet", .doc = "The logarithm of the absolute value of determinants.", .infer = det_infer,
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors { return {sign_and_log(in[0])[1]}; },
    .traits = of_floats, .samples = {.cases = square_samples}};

// ---- by singular values ----

struct RcondAttrs {
    std::optional<double> rcond = {};
    static void describe(Schema<RcondAttrs>& s) { s.field<&RcondAttrs::rcond>(); }
};
constinit const Op pinv_op = {
    .name = "pinv", .keras = "keras.src.ops.linalg.Pinv", .doc = "Pseudo-inverses; singular values up to rcond times the largest count as zero.",
    .infer = [](const InferArgs& a) -> Specs {
        check_matrices(a, 0, false);
        Shape out = a.shape();
        std::swap(out[out.rank() - 1], out[out.rank() - 2]);
        return {{out, a.dtype()}};
    },
    // Golub and Pereyra's, which no two equal singular values upset.
    .vjp = [](const Vjp& v) -> Tensors {
        const auto product = [](const Tensor& a, const Tensor& b) { return ops::matmul(a, b); };
        const Tensor &a = v.x(), &p = v.y(), g = T(v.g()), pt = T(p);
        const Tensor right = product(g, product(p, pt)), left = product(product(pt, p), g);
        return {right - product(a, product(p, right)) + left - product(product(left, p), a) - product(pt, product(v.g(), pt))};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor& x = in[0];
        const auto [u, s, vt] = ops::svd(x, false);
        const double size = static_cast<double>(std::max(x.shape().dim(-1), x.shape().dim(-2)));
        const double rcond = attrs.as<RcondAttrs>().rcond.value_or(10 * size * composing::epsilon_of(x.dtype()));
        const Tensor keep = s > rcond * ops::max(s, -1, true);
        const Tensor inverse = ops::where(keep, 1 / ops::where(keep, s, ops::ones_like(s)), ops::zeros_like(s));
        return {ops::matmul(T(vt), ops::expand_dims(inverse, -1) * T(u))};
    },
    .traits = {.promote = Promote::to_float, .fused = true}, .samples = {.cases = [] { return oblong_samples(RcondAttrs{}); }}, .read_attrs = read_attrs<RcondAttrs>};

constinit const Op lstsq_op = {
    .name = "lstsq", .keras = "keras.src.ops.linalg.Lstsq", .doc = "The x of least length that makes |a x - b| least.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        check_matrices(a, 0, false);
        const Shape &m = a.shape(0), &b = a.shape(1);
        if (m.rank() != 2 || (b.rank() != 1 && b.rank() != 2) || (m[0] >= 0 && b[0] >= 0 && m[0] != b[0]))
            throw ShapeError(str("ops.lstsq: a must be (m, n), and b (m,) or (m, k). Received: a.shape=", m, ", b.shape=", b));
        Shape out = b;
        out[0] = m[1];
        return {{out, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const double size = static_cast<double>(std::max(in[0].shape()[0], in[0].shape()[1])), epsilon = composing::epsilon_of(in[0].dtype());
        const double given = attrs.as<RcondAttrs>().rcond.value_or(size * epsilon);
        return {ops::matmul(ops::pinv(in[0], given < 0 ? epsilon : given), in[1])};
    },
    .traits = of_floats, .samples = {.cases = [] {
        const auto x = [](Shape shape) { return Spec{std::move(shape), DType::float64}; };
        return std::vector<OpSample>{{{x({4, 3}), x({4})}, RcondAttrs{}}, {{x({2, 3}), x({2, 2})}, RcondAttrs{0.01}}};
    }},
    .read_attrs = read_attrs<RcondAttrs>};

struct TolAttrs {
    std::optional<double> tol = {};
    static void describe(Schema<TolAttrs>& s) { s.field<&TolAttrs::tol>(); }
};
constinit const Op matrix_rank_op = {
    .name = "matrix_rank", .keras = "keras.src.ops.linalg.MatrixRank", .doc = "How many singular values are larger than tol.",
    .infer = [](const InferArgs& a) -> Specs {
        check_matrices(a, 0, false);
        return {{batch_of(a.shape()), DType::int32}};
    },
    .vjp = no_gradient,
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Tensor s = ops::svdvals(in[0]);
        const auto& tol = attrs.as<TolAttrs>().tol;
        const double size = static_cast<double>(std::max(in[0].shape().dim(-1), in[0].shape().dim(-2)));
        const Tensor bar = tol ? Tensor::full({}, *tol, s.dtype()) : ops::max(s, -1, true) * (size * composing::epsilon_of(s.dtype()));
        return {ops::sum(ops::cast(s > bar, DType::int32), -1)};
    },
    .traits = of_floats, .samples = {.cases = [] { return oblong_samples(TolAttrs{}); }}, .read_attrs = read_attrs<TolAttrs>};

constexpr const Op* family[] = {&cholesky_op, &cholesky_inverse_op, &solve_op, &solve_triangular_op, &inv_op, &lu_factor_op, &det_op, &slogdet_op, &logdet_op, &pinv_op, &lstsq_op, &matrix_rank_op};

}  // namespace

std::span<const Op* const> linalg_ops() { return family; }

namespace ops {

Tensor cholesky(const Tensor& x, bool upper) { return apply1(cholesky_op, {x}, UpperAttrs{upper}); }
Tensor cholesky_inverse(const Tensor& x, bool upper) { return apply1(cholesky_inverse_op, {x}, UpperAttrs{upper}); }
Tensor solve(const Tensor& a, const Tensor& b) { return apply1(solve_op, {a, b}); }
Tensor solve_triangular(const Tensor& a, const Tensor& b, bool lower) { return apply1(solve_triangular_op, {a, b}, LowerAttrs{lower}); }
Tensor inv(const Tensor& x) { return apply1(inv_op, {x}); }
std::pair<Tensor, Tensor> lu_factor(const Tensor& x) {
    const Tensors out = apply(lu_factor_op, {x});
    return {out[0], out[1]};
}
Tensor det(const Tensor& x) { return apply1(det_op, {x}); }
std::pair<Tensor, Tensor> slogdet(const Tensor& x) {
    const Tensors out = apply(slogdet_op, {x});
    return {out[0], out[1]};
}
Tensor logdet(const Tensor& x) { return apply1(logdet_op, {x}); }
Tensor pinv(const Tensor& x, std::optional<double> rcond) { return apply1(pinv_op, {x}, RcondAttrs{rcond}); }
Tensor lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond) { return apply1(lstsq_op, {a, b}, RcondAttrs{rcond}); }
Tensor matrix_rank(const Tensor& x, std::optional<double> tol) { return apply1(matrix_rank_op, {x}, TolAttrs{tol}); }

}  // namespace ops
}  // namespace cornu
