// Reductions over any axes, of every dtype. Prepared once; `run` allocates nothing of ours.
// Float sums are carried in double, so that they are as good as the inputs.
#pragma once

#include <cstdint>
#include <vector>

#include "cornu/backends/native/kernels/strided.h"
#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu::native {

// max, min, argmax and argmin hand NaN on; argmax and argmin give the first of equals.
enum class ReduceOp : uint8_t { sum, mean, prod, max, min, any, all, sum_squares, argmax, argmin };

// The dtype of the result: bool for any and all, else the operand's. argmax and argmin write the
// index type that Reduce was given.
DType result_dtype(ReduceOp op, DType dtype);

// The result's shape without the reduced axes (keepdims is a reshape of the same memory).
Shape reduced_shape(const Shape& shape, const std::vector<int64_t>& axes);

class Reduce {
public:
    // `axes` sorted, unique, non-negative; none given means nothing is reduced. argmax and argmin
    // number positions in row-major order over all reduced axes, as int32 or int64 (`index`).
    // Throws DTypeError for operations that a dtype lacks, ValueError for max, min and arg of
    // nothing.
    Reduce(ReduceOp op, DType dtype, const Shape& shape, const std::vector<int64_t>& axes,
           DType index = DType::int32);
    void run(const void* x, void* y) const;

    struct Plan {
        Walk<2> kept;          // over results: offsets in x, in y
        Walk<1> reduced;       // over what is summed into one result: offset in x
        bool columns = false;  // x is contiguous along the innermost kept axis
        bool index64 = false;
        int64_t terms = 0;
    };
    using Function = void (*)(const Plan& plan, const void* x, void* y);

private:
    Plan plan_;
    Function function_ = nullptr;
};

// Running totals along one axis; max and min hand NaN on. `reverse` starts at the far end,
// `exclusive` leaves each element out of its own total (sum and prod only).
enum class ScanOp : uint8_t { sum, prod, max, min, logsumexp };

class Scan {
public:
    Scan(ScanOp op, DType dtype, const Shape& shape, int64_t axis, bool reverse = false,
         bool exclusive = false);
    void run(const void* x, void* y) const;

    struct Plan {
        int64_t outer, length, inner;
        bool reverse, exclusive;
    };
    using Function = void (*)(const Plan& plan, const void* x, void* y);

private:
    Plan plan_;
    Function function_ = nullptr;
};

// Rows of float32: softmax and layer normalisation over the last axis of (rows, n).
// y = softmax(scale * x); a row of -inf alone gives NaN, as in Keras on JAX.
void softmax_rows(const float* x, float* y, int64_t rows, int64_t n, float scale = 1.f);
void log_softmax_rows(const float* x, float* y, int64_t rows, int64_t n);
// dx = scale * y * (dy - sum(dy * y)), y = softmax(scale * x).
void softmax_grad_rows(const float* y, const float* dy, float* dx, int64_t rows, int64_t n,
                       float scale = 1.f);
// dx = dy - exp(y) * sum(dy), y = log_softmax(x).
void log_softmax_grad_rows(const float* y, const float* dy, float* dx, int64_t rows, int64_t n);
// mean and rstd = 1 / sqrt(variance + epsilon) of each row.
void moments_rows(const float* x, float* mean, float* rstd, int64_t rows, int64_t n, float epsilon);
// y = (x - mean) * rstd * gamma + beta; gamma, beta, mean and rstd may be null (the last two are
// results).
void layer_norm_rows(const float* x, const float* gamma, const float* beta, float* y, float* mean,
                     float* rstd, int64_t rows, int64_t n, float epsilon);
// dx of the above; gamma may be null. dgamma and dbeta are column sums, for Reduce.
void layer_norm_grad_rows(const float* x, const float* gamma, const float* mean, const float* rstd,
                          const float* dy, float* dx, int64_t rows, int64_t n);

}  // namespace cornu::native
