// Linear algebra and Fourier transforms.
#include "cornu/backends/native/kernels/fft.h"
#include "cornu/backends/native/kernels/linalg.h"
#include "cornu/backends/native/lowering.h"
#include "cornu/ops/fourier.h"
#include "cornu/ops/linalg.h"

namespace cornu::native {

namespace {

Matrices matrices_of(const Call& call, size_t i = 0) {
    if (!has_linalg())
        throw UnsupportedError(str("ops.", call.op.name, " needs LAPACK, which this build of Cornu was made without: install liblapack-dev (tools/install_deps does), then configure and build again."));
    const Shape& x = call.shape(i);
    Matrices m{call.dtype(i), 1, x.dim(-2), x.dim(-1)};
    for (int64_t axis = 0; axis + 2 < x.rank(); ++axis) m.batch *= x[axis];
    return m;
}

Kernel lower_cholesky(const Call& call) {
    return {.run = [m = matrices_of(call)](const void* const* in, void* const* out, void*) { cholesky(m, in[0], out[0]); }};
}
Kernel lower_triangular_solve(const Call& call) {
    const auto& a = call.as<TriangularSolveAttrs>();
    const Triangle triangle{a.lower, a.transpose, a.unit_diagonal};
    return {.run = [m = matrices_of(call, 1), triangle](const void* const* in, void* const* out, void*) { triangular_solve(m, triangle, in[0], in[1], out[0]); }};
}
Kernel lower_lu(const Call& call) {
    return {.run = [m = matrices_of(call)](const void* const* in, void* const* out, void*) { lu(m, in[0], out[0], static_cast<int32_t*>(out[1]), static_cast<int32_t*>(out[2])); }};
}
Kernel lower_qr(const Call& call) {
    const bool complete = call.as<QrAttrs>().mode == "complete";
    return {.run = [m = matrices_of(call), complete](const void* const* in, void* const* out, void*) { qr(m, complete, in[0], out[0], out[1]); }};
}
Kernel lower_eigh(const Call& call) {
    return {.run = [m = matrices_of(call)](const void* const* in, void* const* out, void*) { eigh(m, in[0], out[0], out[1]); }};
}
Kernel lower_eig(const Call& call) {
    return {.run = [m = matrices_of(call)](const void* const* in, void* const* out, void*) { eig(m, in[0], out[0], out[1]); }};
}
Kernel lower_svd(const Call& call) {
    const SvdAttrs a = call.as<SvdAttrs>();
    return {.run = [m = matrices_of(call), a](const void* const* in, void* const* out, void*) {
        if (a.compute_uv) svd(m, a.full_matrices, in[0], out[0], out[1], out[2]);
        else singular_values(m, in[0], out[0]);
    }};
}

Kernel lower_fft(const Call& call) {
    const Fft fft(call.dtype(), call.shape().back(), call.as<FftAttrs>().inverse);
    const int64_t rows = call.shape().size() / std::max<int64_t>(call.shape().back(), 1);
    return {.run = [fft, rows](const void* const* in, void* const* out, void* scratch) { fft.run(rows, in[0], in[1], out[0], out[1], scratch); },
            .scratch_bytes = fft.scratch_bytes(rows)};
}

constexpr Lowering table[] = {{"cholesky_lower", lower_cholesky}, {"triangular_solve", lower_triangular_solve}, {"lu", lower_lu}, {"qr", lower_qr},
                              {"eigh", lower_eigh}, {"eig", lower_eig}, {"svd", lower_svd}, {"fft_pair", lower_fft}};

}  // namespace

std::span<const Lowering> linalg_lowerings() { return table; }

}  // namespace cornu::native
