// Decompositions of batches of row-major matrices, float32 and float64, by LAPACK. A build
// without it has none of them.
#pragma once

#include <cstdint>

#include "cornu/tensor/dtype.h"

namespace cornu::native {

struct Matrices {
    DType dtype;
    int64_t batch, rows, columns;
};

bool has_linalg();   // whether this build was made with LAPACK

// Results are memory of their own. Square ones are `rows` wide.
void cholesky(const Matrices& m, const void* a, void* lower);   // of the symmetric part; NaN where it fails
// b and x are (batch, rows, columns), a (batch, rows, rows).
struct Triangle {
    bool lower, transpose, unit_diagonal;
};
void triangular_solve(const Matrices& m, Triangle triangle, const void* a, const void* b, void* x);
void lu(const Matrices& m, const void* a, void* lu, int32_t* pivots, int32_t* permutation);
void qr(const Matrices& m, bool complete, const void* a, void* q, void* r);
void eigh(const Matrices& m, const void* a, void* values, void* vectors);
void eig(const Matrices& m, const void* a, void* values, void* vectors);   // complex results
void svd(const Matrices& m, bool full, const void* a, void* u, void* s, void* vt);
void singular_values(const Matrices& m, const void* a, void* s);

}  // namespace cornu::native
