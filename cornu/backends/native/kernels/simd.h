// The vectorised kernels, chosen once at run time. The same sources are compiled for several
// instruction sets (simd_base.cpp, simd_avx2.cpp, simd_avx512.cpp; flags in
// cmake/cornu_native.cmake) into namespaces of their own; each fills one of these tables. What
// those files include must not hold inline functions of the standard library: the linker would keep
// one copy of them, possibly the one for the wrong machine.
#pragma once

#include <cstdint>

#include "cornu/backends/native/kernels/opcodes.h"

namespace cornu::native {

// How a tile of a matrix product is finished.
struct TileEpilogue {
    const void* bias = nullptr;  // one value per column, of the product's type
    bool accumulate = false;     // adds to what C holds
    bool relu = false;
};

struct Simd {
    const char* name;
    int width;  // floats per vector

    using Unary = void (*)(const float* x, float* y, int64_t n);
    using Binary = void (*)(const float* a, const float* b, float* y, int64_t n);
    using Compare = void (*)(const float* a, const float* b, bool* y, int64_t n);
    Unary unary[simd_unary_op_count];
    Binary binary[simd_binary_op_count][3];  // by Form
    Compare compare[binary_op_count - first_compare][3];
    Binary mask[binary_op_count - first_compare][3];  // comparisons giving 0 or 1
    // `step`: 1, or 0 for an operand of one value, of which `width` copies are at hand. Rounds twice.
    using Pair = void (*)(const float* a, int64_t a_step, const float* b, int64_t b_step, const float* c, int64_t c_step, float* y, int64_t n);
    Pair pair[pair_first_count][pair_second_count];
    // best = max(best, row), and place = position where row is the first to be so large; NaN is largest.
    void (*later_maximum)(const float* row, float position, float* best, float* place, int64_t n);
    // y += place == position ? g : 0.
    void (*add_where)(const float* place, float position, const float* g, float* y, int64_t n);
    void (*clamp)(const float* x, float low, float high, float* y, int64_t n);
    void (*select)(const bool* c, const float* a, const float* b, float* y, int64_t n);
    void (*select_mask)(const float* c, const float* a, const float* b, float* y, int64_t n);

    // Conversions of 16-bit floats, rounding to nearest even.
    void (*from_bfloat16)(const uint16_t* x, float* y, int64_t n);
    void (*to_bfloat16)(const float* x, uint16_t* y, int64_t n);
    void (*from_float16)(const uint16_t* x, float* y, int64_t n);
    void (*to_float16)(const float* x, uint16_t* y, int64_t n);

    // Reductions of a contiguous run. Sums are carried in double beyond short blocks.
    double (*sum)(const float* x, int64_t n);
    double (*sum_of_squares)(const float* x, double center, int64_t n);  // sum of (x - center)^2
    double (*dot)(const float* a, const float* b, int64_t n);
    float (*max)(const float* x, int64_t n);  // NaN wins; n > 0
    float (*min)(const float* x, int64_t n);
    // acc[i] += sum over rows of x[r * stride + i], blocks of rows summed in float.
    void (*add_rows)(const float* x, int64_t rows, int64_t stride, int64_t n, double* acc);
    void (*max_rows)(const float* x, int64_t rows, int64_t stride, int64_t n, float* acc);
    void (*min_rows)(const float* x, int64_t rows, int64_t stride, int64_t n, float* acc);

    // y = exp(x * scale - shift), returning the sum; the heart of softmax.
    double (*exp_sum)(const float* x, float scale, float shift, float* y, int64_t n);
    // y = (x - mean) * rstd * gamma + beta; gamma and beta may be null.
    void (*normalize)(const float* x, float mean, float rstd, const float* gamma, const float* beta,
                      float* y, int64_t n);

    // y[c * ldy + r] = x[r * ldx + c].
    void (*transpose)(const float* x, int64_t ldx, float* y, int64_t ldy, int64_t rows,
                      int64_t columns);
    // x = exp(x - max), returning 1 / sum: the heart of attention.
    float (*softmax)(float* x, int64_t n);
    // p *= factor makes p a softmax; then dp = p * (dp - sum of p * dp).
    void (*softmax_grad)(float* p, float* dp, float factor, int64_t n);

    // C[m,n] = epilogue(A[m,k] * B[k,n]); A's element (i,p) is a[i*a_row + p*a_col], rows of B and
    // C are contiguous (nn). In nt, B's element (p,j) is b[j*ldb + p] and A's rows are contiguous.
    template <class T>
    using Gemm = void (*)(const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t ldb, T* c,
                          int64_t ldc, int64_t m, int64_t n, int64_t k,
                          const TileEpilogue& epilogue);
    Gemm<float> gemm_nn_f32, gemm_nt_f32;
    Gemm<double> gemm_nn_f64, gemm_nt_f64;

    // y = x * factor + term, rounded once where the machine has such an instruction.
    void (*fma_scalars)(const float* x, float factor, float term, float* y, int64_t n);

    // Threefry-2x32 of the counters first … first + n - 1 (64-bit, high word first).
    void (*threefry_xor32)(uint32_t k0, uint32_t k1, uint64_t first, uint32_t* out, int64_t n);
    void (*threefry_64)(uint32_t k0, uint32_t k1, uint64_t first, uint64_t* out, int64_t n);
};

// The best table that this machine can run; CORNU_SIMD=base|avx2|avx512 asks for a lesser one.
const Simd& simd();
// The table of that name; nullptr when this build or this machine lacks it. For tests.
const Simd* find_simd(const char* name);

}  // namespace cornu::native
