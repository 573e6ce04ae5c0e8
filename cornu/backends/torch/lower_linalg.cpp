// Linear algebra and Fourier transforms, of float32 and float64.
#include <ATen/ops/add.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/complex.h>
#include <ATen/ops/fft_fft.h>
#include <ATen/ops/fft_ifft.h>
#include <ATen/ops/full.h>
#include <ATen/ops/imag.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_lu_factor_ex.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/lu_unpack.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/real.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/tril.h>
#include <ATen/ops/where.h>

#include <limits>

#include "cornu/backends/torch/lowering.h"
#include "cornu/ops/fourier.h"
#include "cornu/ops/linalg.h"

namespace cornu::torch {

namespace {

at::Tensor symmetric(const at::Tensor& x) { return at::mul(at::add(x, x.mT()), 0.5); }

// NaN where there is no such matrix.
Values cholesky(const Call&, Values& in) {
    const auto [l, info] = at::linalg_cholesky_ex(symmetric(in[0]));
    const at::Tensor nan = at::full({}, std::numeric_limits<double>::quiet_NaN(), l.options());
    return {at::where(at::ne(info, 0).unsqueeze(-1).unsqueeze(-1), nan, l).tril()};
}

Values triangular_solve(const Call& call, Values& in) {
    const auto& a = call.as<TriangularSolveAttrs>();
    const bool upper = a.lower == a.transpose;
    return {at::linalg_solve_triangular(a.transpose ? in[0].mT() : in[0], in[1], upper, true,
                                        a.unit_diagonal)};
}

Values lu(const Call& call, Values& in) {
    const Shape& rows = call.out[2].shape;
    const auto [factors, pivots, info] = at::linalg_lu_factor_ex(in[0]);
    // Row i of the result is row j of x where P[j, i] is 1.
    const at::Tensor p = std::get<0>(at::lu_unpack(factors, pivots, false, true));
    const at::Tensor order =
        rows.size() == 0 ? full(call, rows, 0, DType::int32) : at::argmax(p, -2).to(at::kInt);
    return {factors, at::sub(pivots, 1).to(at::kInt), order};
}

Values qr(const Call& call, Values& in) {
    auto [q, r] = at::linalg_qr(in[0], call.as<QrAttrs>().mode);
    return {q, r};
}

Values eigh(const Call&, Values& in) {
    auto [values, vectors] = at::linalg_eigh(symmetric(in[0]));
    return {values, vectors};
}

// Vectors have the signs that LAPACK gives them on the host: LibTorch's library gives others.
Values svd(const Call&, Values& in) { return {at::linalg_svdvals(in[0])}; }
bool values_only(const Call& call) {
    return bits(call.in[0].dtype) >= 32 && !call.as<SvdAttrs>().compute_uv;
}

// Without a factor either way.
Values fft_pair(const Call& call, Values& in) {
    if (in[0].numel() == 0) return {in[0], in[1]};
    const at::Tensor x = at::complex(in[0], in[1]);
    const at::Tensor y = call.as<FftAttrs>().inverse ? at::fft_ifft(x, c10::nullopt, -1, "forward")
                                                     : at::fft_fft(x, c10::nullopt, -1, "backward");
    return {at::real(y), at::imag(y)};
}

bool wide_floats(const Call& call) { return bits(call.in[0].dtype) >= 32; }

using enum Carried;
constexpr Lowering table[] = {
    {"cholesky_lower", cholesky, moved, floats, wide_floats},
    {"triangular_solve", triangular_solve, moved, floats, wide_floats},
    {"lu", lu, moved, floats, wide_floats},
    {"qr", qr, moved, floats, wide_floats},
    {"eigh", eigh, moved, floats, wide_floats},
    {"svd", svd, moved, floats, values_only},
    {"fft_pair", fft_pair, moved, floats, wide_floats},
};

}  // namespace

std::span<const Lowering> linalg_lowerings() { return table; }

}  // namespace cornu::torch
