// The primitives of linear algebra, with their derivatives.
#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/linalg.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/matrices.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/ops/sorting.h"
#include "cornu/tensor/codec.h"

namespace cornu {

using namespace matrices;
using Ints = std::vector<int64_t>;

namespace {

Shape plus(Shape batch, std::initializer_list<int64_t> dims) {
    for (const int64_t d : dims) batch.push_back(d);
    return batch;
}
int64_t smaller(int64_t a, int64_t b) { return a < 0 || b < 0 ? None : std::min(a, b); }

Tensor symmetric(const Tensor& x) { return 0.5 * (x + T(x)); }
Tensor operator%(const Tensor& a, const Tensor& b) { return ops::matmul(a, b); }
Tensor identity(int64_t n, DType dtype) { return ops::eye(n, {}, 0, dtype); }
// diag(s), from vectors on the last axis.
Tensor diagonal_matrices(const Tensor& s) { return ops::expand_dims(s, -1) * identity(s.shape().back(), s.dtype()); }
// Columns (the last axis) or rows from..to of matrices.
Tensor cut(const Tensor& x, int64_t axis, int64_t from, int64_t to) { return composing::between(x, x.rank() + axis, from, to); }
// x r⁻ᵀ for triangular r: (r⁻¹ xᵀ)ᵀ.
Tensor over_transposed(const Tensor& x, const Tensor& r, bool lower, bool unit = false) {
    return T(prim::triangular_solve(r, T(x), {lower, false, unit}));
}


std::vector<OpSample> square_samples() {
    const auto x = [](Shape shape) { return Spec{std::move(shape), DType::float64}; };
    return {{{x({3, 3})}}, {{x({2, 4, 4})}}, {{x({1, 1})}}, {{x({0, 2, 2})}}, {{x({0, 0})}}};
}

// ---- Cholesky ----

constinit const Op cholesky_lower_op = {
    .name = "cholesky_lower", .doc = "L with x = L Lᵀ, from the symmetric part of x; NaN when that is not positive definite.",
    .infer = [](const InferArgs& a) -> Specs {
        check_matrices(a);
        return {{a.shape(), a.dtype()}};
    },
    // L⁻ᵀ Φ(Lᵀ g) L⁻¹, where Φ takes the lower triangle and half the diagonal.
    .vjp = [](const Vjp& v) -> Tensors {
        const Tensor& l = v.y();
        const Tensor p = T(l) % v.g(), half = ops::tril(p) - 0.5 * (p * identity(p.shape().back(), p.dtype()));
        const Tensor left = prim::triangular_solve(l, half, {.lower = true, .transpose = true});
        return {symmetric(T(prim::triangular_solve(l, T(left), {.lower = true, .transpose = true})))};
    },
    .samples = {.cases = square_samples}};

// ---- triangular systems ----

constinit const Op triangular_solve_op = {
    .name = "triangular_solve", .doc = "x with a x = b for triangular a.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        check_matrices(a, 0);
        check_matrices(a, 1, false);
        const Shape &m = a.shape(0), &b = a.shape(1);
        bool fits = m.rank() == b.rank() && a.dtype(0) == a.dtype(1);
        for (int64_t i = 0; fits && i + 1 < m.rank(); ++i) fits = m[i] == b[i] || m[i] < 0 || b[i] < 0;
        if (!fits) throw ShapeError(str("triangular_solve: a (…, n, n) and b (…, n, k) of one dtype are needed. Received: ", a.in[0], " and ", a.in[1]));
        return {{b, a.dtype(1)}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        TriangularSolveAttrs back = v.as<TriangularSolveAttrs>();
        const bool transposed = back.transpose;
        back.transpose = !transposed;
        const Tensor gb = prim::triangular_solve(v.x(0), v.g(), back);
        if (!v.wants(0)) return {Tensor(), gb};
        const Tensor outer = transposed ? v.y() % T(gb) : gb % T(v.y());
        const int64_t k = back.unit_diagonal ? 1 : 0;
        return {-(back.lower ? ops::tril(outer, -k) : ops::triu(outer, k)), gb};
    },
    .samples = {.cases = [] {
        const Spec a{{3, 3}, DType::float64}, b{{3, 2}, DType::float64}, as{{2, 3, 3}, DType::float64}, bs{{2, 3, 4}, DType::float64};
        return std::vector<OpSample>{{{a, b}, TriangularSolveAttrs{}}, {{a, b}, TriangularSolveAttrs{false, false, false}}, {{as, bs}, TriangularSolveAttrs{true, true, false}},
                                     {{a, b}, TriangularSolveAttrs{false, true, true}}, {{a, b}, TriangularSolveAttrs{true, false, true}}, {{a, {{3, 0}, DType::float64}}, TriangularSolveAttrs{}}};
    }}};

// ---- LU ----

// Rows of x in the order of a permutation.
Tensor permuted(const Tensor& x, const Tensor& permutation) {
    return ops::take_along_axis(x, ops::broadcast_to(ops::expand_dims(permutation, -1), x.shape()), -2);
}

constinit const Op lu_op = {
    .name = "lu", .doc = "L below the diagonal and U on and above it, x[permutation] = L U; the row that each row was swapped with; the permutation.",
    .infer = [](const InferArgs& a) -> Specs {
        check_matrices(a, 0, false);
        const Shape batch = batch_of(a.shape());
        const int64_t m = a.shape().dim(-2), n = a.shape().dim(-1);
        return {{a.shape(), a.dtype()}, {plus(batch, {smaller(m, n)}), DType::int32}, {plus(batch, {m}), DType::int32}};
    },
    // Of the square part as in "LU differentiation"; what stands beside it (wide) or below it
    // (tall) is L⁻¹ X and X U⁻¹, whose derivatives feed into it.
    .vjp = [](const Vjp& v) -> Tensors {
        if (!v.grads[0].defined()) return {Tensor()};
        const Tensor &lu = v.y(0), g = v.g(0);
        const int64_t m = lu.shape().dim(-2), n = lu.shape().dim(-1), k = std::min(m, n);
        const Tensor square = cut(cut(lu, -2, 0, k), -1, 0, k), g_square = cut(cut(g, -2, 0, k), -1, 0, k);
        const Tensor l = ops::tril(square, -1) + identity(k, lu.dtype()), u = ops::triu(square);
        Tensor low = T(l) % ops::tril(g_square, -1), high = ops::triu(g_square) % T(u), beside, below;
        if (n > k) {
            const Tensor u2 = cut(lu, -1, k, n), g2 = cut(g, -1, k, n);
            low = low - g2 % T(u2);
            beside = prim::triangular_solve(l, g2, {true, true, true});
        }
        if (m > k) {
            const Tensor l2 = cut(lu, -2, k, m), g2 = cut(g, -2, k, m);
            high = high - T(l2) % g2;
            below = over_transposed(g2, u, false);
        }
        const Tensor inner = ops::tril(low, -1) + ops::triu(high);
        Tensor grad = over_transposed(prim::triangular_solve(l, inner, {true, true, true}), u, false);
        if (beside.defined()) grad = ops::concatenate({grad, beside}, -1);
        if (below.defined()) grad = ops::concatenate({grad, below}, -2);
        return {permuted(grad, ops::argsort(v.y(2), -1))};
    },
    .samples = {.cases = [] {
        std::vector<OpSample> out = square_samples();
        out.push_back({{{{2, 3, 4}, DType::float64}}});
        out.push_back({{{{4, 2}, DType::float64}}});
        return out;
    }}};

// ---- QR ----

void check_mode(const QrAttrs& q) {
    if (q.mode != "reduced" && q.mode != "complete") throw ValueError(str("ops.qr: mode must be \"reduced\" or \"complete\". Received: mode=", q.mode));
}
// From the gradients of q (square or tall) and r (square) that of q r.
Tensor qr_gradient(const Tensor& q, const Tensor& r, const Tensor& gq, const Tensor& gr) {
    const Tensor m = r % T(gr) - T(gq) % q;
    return over_transposed(gq + q % (ops::tril(m) + T(ops::tril(m, -1))), r, false);
}
constinit const Op qr_op = {
    .name = "qr", .keras = "keras.src.ops.linalg.Qr", .doc = "Q with orthonormal columns and R upper triangular, x = Q R.",
    .infer = [](const InferArgs& a) -> Specs {
        check_matrices(a, 0, false);
        check_mode(a.as<QrAttrs>());
        const Shape batch = batch_of(a.shape());
        const int64_t m = a.shape().dim(-2), n = a.shape().dim(-1);
        if (m < 0 || n < 0) throw ShapeError(str("ops.qr: the last two dimensions must be known. Received: shape ", a.shape()));
        const int64_t k = a.as<QrAttrs>().mode == "complete" ? m : std::min(m, n);
        return {{plus(batch, {m, k}), a.dtype()}, {plus(batch, {k, n}), a.dtype()}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        const Tensor &q = v.y(0), &r = v.y(1);
        const int64_t m = q.shape().dim(-2), k = q.shape().dim(-1), n = r.shape().dim(-1);
        if (k > n) throw UnsupportedError(str("ops.qr: the complete decomposition of a tall matrix has no derivative. Received: shape ", v.x().shape(), ", mode=complete"));
        if (n == m || n == k) return {qr_gradient(q, r, v.g(0), v.g(1))};
        // Wide: q comes of the first columns alone, and the others are q times the rest of r.
        const Tensor beside = cut(v.x(), -1, k, n), g_beside = cut(v.g(1), -1, k, n);
        const Tensor square = qr_gradient(q, cut(r, -1, 0, k), v.g(0) + beside % T(g_beside), cut(v.g(1), -1, 0, k));
        return {ops::concatenate({square, q % g_beside}, -1)};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.cases = [] {
        const Spec tall{{4, 3}, DType::float64}, wide{{2, 2, 4}, DType::float64}, square{{3, 3}, DType::float64};
        return std::vector<OpSample>{{{tall}, QrAttrs{}}, {{wide}, QrAttrs{}}, {{square}, QrAttrs{"complete"}}, {{{{0, 2, 2}, DType::float64}}, QrAttrs{}}};
    }},
    .read_attrs = read_attrs<QrAttrs>};

// ---- eigenvalues ----

// 1 / (w_j - w_i) off the diagonal, 0 on it.
Tensor reciprocal_gaps(const Tensor& w) {
    const Tensor gap = ops::expand_dims(w, -2) - ops::expand_dims(w, -1), one = identity(w.shape().back(), w.dtype());
    return (1 - one) / (gap + one);
}
constinit const Op eigh_op = {
    .name = "eigh", .keras = "keras.src.ops.linalg.Eigh", .doc = "Eigenvalues, ascending, and eigenvectors, as columns, of the symmetric part of x.",
    .infer = [](const InferArgs& a) -> Specs {
        check_matrices(a);
        return {{plus(batch_of(a.shape()), {a.shape().back()}), a.dtype()}, {a.shape(), a.dtype()}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        const Tensor& vectors = v.y(1);
        Tensor inner = diagonal_matrices(v.g(0));
        if (v.grads[1].defined()) inner = inner + reciprocal_gaps(v.y(0)) * (T(vectors) % v.g(1));
        return {symmetric(vectors % inner % T(vectors))};
    },
    .traits = {.promote = Promote::to_float}, .samples = {.cases = square_samples}};

constinit const Op eig_op = {
    .name = "eig", .keras = "keras.src.ops.linalg.Eig", .doc = "Eigenvalues and eigenvectors, as columns of length 1, complex, in no order.",
    .infer = [](const InferArgs& a) -> Specs {
        check_matrices(a);
        const DType dtype = a.dtype() == DType::float64 ? DType::complex128 : DType::complex64;
        return {{plus(batch_of(a.shape()), {a.shape().back()}), dtype}, {a.shape(), dtype}};
    },
    .traits = {.promote = Promote::to_float, .not_differentiable = true}, .samples = {.cases = square_samples}};

// ---- singular values ----

Tensor svd_gradient(const Tensor& u, const Tensor& s, const Tensor& vt, const Tensor& gu, const Tensor& gs, const Tensor& gvt) {
    Tensor inner = diagonal_matrices(gs);
    const Tensor row = ops::expand_dims(s, -2), column = ops::expand_dims(s, -1), gaps = reciprocal_gaps(s * s);
    if (gu.defined()) {
        const Tensor j = gaps * (T(u) % gu);
        inner = inner + (j + T(j)) * row;
    }
    if (gvt.defined()) {
        const Tensor j = gaps * (vt % T(gvt));
        inner = inner + column * (j + T(j));
    }
    Tensor out = u % inner % vt;
    // What leaves the spans of u and v.
    if (gu.defined() && u.shape().dim(-2) > u.shape().back()) {
        const Tensor x = gu / row;
        out = out + (x - u % (T(u) % x)) % vt;
    }
    if (gvt.defined() && vt.shape().back() > vt.shape().dim(-2)) {
        const Tensor x = gvt / column;
        out = out + u % (x - (x % T(vt)) % vt);
    }
    return out;
}
constinit const Op svd_op = {
    .name = "svd", .keras = "keras.src.ops.linalg.SVD", .doc = "U, singular values (descending) and Vᵀ, x = U diag(s) Vᵀ; or the values alone.",
    .infer = [](const InferArgs& a) -> Specs {
        check_matrices(a, 0, false);
        const auto& s = a.as<SvdAttrs>();
        const Shape batch = batch_of(a.shape());
        const int64_t m = a.shape().dim(-2), n = a.shape().dim(-1), k = smaller(m, n);
        const Spec values{plus(batch, {k}), a.dtype()};
        if (!s.compute_uv) return {values};
        return {{plus(batch, {m, s.full_matrices ? m : k}), a.dtype()}, values, {plus(batch, {s.full_matrices ? n : k, n}), a.dtype()}};
    },
    .vjp = [](const Vjp& v) -> Tensors {
        const auto& a = v.as<SvdAttrs>();
        const Shape& shape = v.x().shape();
        const bool square = shape.dim(-1) == shape.dim(-2), vectors = a.compute_uv && (v.grads[0].defined() || v.grads[2].defined());
        if (vectors && a.full_matrices && !square)
            throw UnsupportedError(str("ops.svd: with full_matrices the singular vectors of matrices that are not square have no derivative. Received: shape ", shape));
        if (a.compute_uv && (square || !a.full_matrices)) return {svd_gradient(v.y(0), v.y(1), v.y(2), v.grads[0], v.g(1), v.grads[2])};
        const auto [u, s, vt] = ops::svd(v.x(), false);
        return {svd_gradient(u, s, vt, {}, v.g(a.compute_uv ? 1 : 0), {})};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.cases = [] {
        const Spec tall{{4, 3}, DType::float64}, wide{{2, 2, 4}, DType::float64}, square{{3, 3}, DType::float64};
        return std::vector<OpSample>{{{tall}, SvdAttrs{false, true}}, {{wide}, SvdAttrs{false, true}}, {{square}, SvdAttrs{}}, {{wide}, SvdAttrs{true, false}}, {{{{0, 2, 3}, DType::float64}}, SvdAttrs{false, true}}};
    }},
    .read_attrs = read_attrs<SvdAttrs>};

constexpr const Op* family[] = {&cholesky_lower_op, &triangular_solve_op, &lu_op, &qr_op, &eigh_op, &eig_op, &svd_op};

}  // namespace

std::span<const Op* const> decomposition_ops() { return family; }

namespace prim {
Tensor cholesky(const Tensor& x) { return apply1(cholesky_lower_op, {x}); }
Tensor triangular_solve(const Tensor& a, const Tensor& b, TriangularSolveAttrs attrs) { return apply1(triangular_solve_op, {a, b}, attrs); }
Lu lu(const Tensor& x) {
    const Tensors out = apply(lu_op, {x});
    return {out[0], out[1], out[2]};
}
}  // namespace prim

namespace ops {
std::pair<Tensor, Tensor> qr(const Tensor& x, const std::string& mode) {
    const Tensors out = apply(qr_op, {x}, QrAttrs{mode});
    return {out[0], out[1]};
}
std::pair<Tensor, Tensor> eigh(const Tensor& x) {
    const Tensors out = apply(eigh_op, {x});
    return {out[0], out[1]};
}
std::pair<Tensor, Tensor> eig(const Tensor& x) {
    const Tensors out = apply(eig_op, {x});
    return {out[0], out[1]};
}
std::tuple<Tensor, Tensor, Tensor> svd(const Tensor& x, bool full_matrices) {
    const Tensors out = apply(svd_op, {x}, SvdAttrs{full_matrices, true});
    return {out[0], out[1], out[2]};
}
Tensor svdvals(const Tensor& x) { return apply1(svd_op, {x}, SvdAttrs{false, false}); }
}  // namespace ops
}  // namespace cornu
