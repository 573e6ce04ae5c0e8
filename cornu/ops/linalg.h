// keras.ops.linalg: decompositions, solving, determinants, norms, of the matrices on the last two
// axes. float32 and float64; integers become floatx. The signs of eigenvectors and of singular
// vectors are LAPACK's.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include "cornu/ops/apply.h"
#include "cornu/ops/axes.h"

namespace cornu {

// Which norm: none, a number (infinities too), "fro" or "nuc".
struct NormOrder {
    std::variant<std::monostate, double, std::string> value;

    NormOrder() = default;
    NormOrder(std::nullopt_t) {}
    NormOrder(int order) : value(static_cast<double>(order)) {}
    NormOrder(double order) : value(order) {}
    NormOrder(const char* name) : value(std::string(name)) {}
    bool given() const { return value.index() != 0; }
    bool is(double order) const { return value.index() == 1 && std::get<double>(value) == order; }
    bool is(std::string_view name) const { return value.index() == 2 && std::get<std::string>(value) == name; }
};

namespace ops {

// x = L Lᵀ (or UᵀU); only the symmetric part of x counts. Throws ValueError when x is concrete and
// not positive definite; inside a graph the result is NaN.
CORNU_API Tensor cholesky(const Tensor& x, bool upper = false);
CORNU_API Tensor cholesky_inverse(const Tensor& x, bool upper = false);   // of the matrix whose factor x is
CORNU_API Tensor det(const Tensor& x);
CORNU_API std::pair<Tensor, Tensor> slogdet(const Tensor& x);             // sign, log |det|
CORNU_API Tensor logdet(const Tensor& x);                                 // log |det|
CORNU_API std::pair<Tensor, Tensor> eig(const Tensor& x);                 // values and vectors (columns), complex, in no order
CORNU_API std::pair<Tensor, Tensor> eigh(const Tensor& x);                // ascending values, vectors (columns)
CORNU_API Tensor inv(const Tensor& x);                                    // of a singular matrix: inf or NaN
CORNU_API std::pair<Tensor, Tensor> lu_factor(const Tensor& x);           // L below and U above; rows swapped, int32
CORNU_API Tensor norm(const Tensor& x, NormOrder ord = {}, Axes axis = {}, bool keepdims = false);
CORNU_API std::pair<Tensor, Tensor> qr(const Tensor& x, const std::string& mode = "reduced");  // or "complete"
CORNU_API Tensor solve(const Tensor& a, const Tensor& b);                 // b (…, n) or (…, n, k); batches broadcast
CORNU_API Tensor solve_triangular(const Tensor& a, const Tensor& b, bool lower = false);
CORNU_API std::tuple<Tensor, Tensor, Tensor> svd(const Tensor& x, bool full_matrices = true);  // U, S descending, Vᵀ
CORNU_API Tensor svdvals(const Tensor& x);                                // svd(x, compute_uv=False) in Keras
CORNU_API Tensor lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond = {});    // a (m, n), b (m,) or (m, k)
CORNU_API Tensor matrix_rank(const Tensor& x, std::optional<double> tol = {});                 // int32
CORNU_API Tensor pinv(const Tensor& x, std::optional<double> rcond = {});

}  // namespace ops

// ---- attributes of the primitives, for those who lower them ----

struct TriangularSolveAttrs {
    bool lower = true, transpose = false, unit_diagonal = false;   // transpose: aᵀ x = b
    static void describe(Schema<TriangularSolveAttrs>& s) {
        s.field<&TriangularSolveAttrs::lower>();
        s.field<&TriangularSolveAttrs::transpose>();
        s.field<&TriangularSolveAttrs::unit_diagonal>();
    }
};
struct QrAttrs {
    std::string mode = "reduced";
    static void describe(Schema<QrAttrs>& s) { s.field<&QrAttrs::mode>(); }
};
struct SvdAttrs {
    bool full_matrices = true, compute_uv = true;
    static void describe(Schema<SvdAttrs>& s) {
        s.field<&SvdAttrs::full_matrices>();
        s.field<&SvdAttrs::compute_uv>();
    }
};

namespace prim {
CORNU_API Tensor cholesky(const Tensor& x);   // lower; NaN when x is not positive definite
// Batches of a (…, n, n) and b (…, n, k) are the same; the other triangle of a is not read.
CORNU_API Tensor triangular_solve(const Tensor& a, const Tensor& b, TriangularSolveAttrs attrs = {});
struct Lu {
    Tensor lu, pivots, permutation;   // x[permutation] = L U
};
CORNU_API Lu lu(const Tensor& x);
}  // namespace prim
}  // namespace cornu
