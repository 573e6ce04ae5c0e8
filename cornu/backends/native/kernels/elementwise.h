// Elementwise kernels of every dtype. Each object is prepared once from dtypes and shapes; `run`
// allocates nothing and may work in place where the result has an operand's dtype and shape.
// Operands are dense and row-major; smaller ones are broadcast as in NumPy.
#pragma once

#include <cstdint>

#include "cornu/backends/native/kernels/opcodes.h"
#include "cornu/backends/native/kernels/simd.h"
#include "cornu/backends/native/kernels/strided.h"
#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu::native {

// The dtype of op's result on operands of `dtype`.
DType result_dtype(UnaryOp op, DType dtype);
DType result_dtype(BinaryOp op, DType dtype);

class Unary {
public:
    // Throws DTypeError when the op is not defined for the dtype (sin of an integer).
    Unary(UnaryOp op, DType dtype, int64_t count);
    void run(const void* x, void* y) const;

    using Loop = void (*)(const void* x, void* y, int64_t n);

private:
    int64_t count_, grain_, in_bytes_, out_bytes_;
    DType dtype_;
    Simd::Unary vector_ = nullptr;
    Loop loop_ = nullptr;
};

// JAX's integer rules: arithmetic wraps; division by zero gives all ones (div), the dividend (rem)
// or zero (mod); shifts by the width or more give zero or the sign. pow of integers takes its
// exponent as unsigned. max and min hand NaN on.
class Binary {
public:
    // Both operands have `dtype`. Throws DTypeError, or ShapeError when the shapes don't broadcast.
    Binary(BinaryOp op, DType dtype, const Shape& a, const Shape& b);
    const Shape& shape() const { return shape_; }
    void run(const void* a, const void* b, void* y) const;

    using Loop = void (*)(const void* a, int64_t a_step, const void* b, int64_t b_step, void* y,
                          int64_t n);

private:
    void run_small_float(const uint16_t* a, int64_t a_step, const uint16_t* b, int64_t b_step,
                         void* y, int64_t n) const;
    Shape shape_;
    Walk<2> walk_;
    int64_t grain_, in_bytes_, out_bytes_;
    DType dtype_;
    Simd::Binary vector_[3] = {};
    Simd::Compare compare_[3] = {};
    Loop loop_ = nullptr;
};

// XLA's conversions: floats to integers truncate, saturate, and give 0 for NaN; integers wrap;
// anything to bool asks for non-zero; complex to real drops the imaginary part.
class Cast {
public:
    Cast(DType from, DType to, int64_t count);
    void run(const void* x, void* y) const;

    using Loop = void (*)(const void* x, void* y, int64_t n);

private:
    DType from_, to_;
    int64_t count_, grain_;
    Loop loop_;
};

// The loops themselves, for kernels that fuse; nullptr when the op is not defined for the dtype.
Unary::Loop unary_loop(UnaryOp op, DType dtype);
Binary::Loop binary_loop(BinaryOp op, DType dtype);
Cast::Loop cast_loop(DType from, DType to);

// int4 values, two a byte, low nibble first, from and to one int8 each. An odd last nibble is 0.
void unpack_int4(const void* packed, int8_t* out, int64_t count);
void pack_int4(const int8_t* values, void* packed, int64_t count);

// y = condition ? a : b, of any dtype but int4 and string.
class Select {
public:
    Select(DType dtype, const Shape& condition, const Shape& a, const Shape& b);
    const Shape& shape() const { return shape_; }
    void run(const bool* condition, const void* a, const void* b, void* y) const;

private:
    Shape shape_;
    Walk<3> walk_;
    DType dtype_;
    int64_t bytes_, grain_;
};

// y = min(max(x, low), high), with NaN in x kept; low and high are scalars or broadcast to x.
class Clamp {
public:
    Clamp(DType dtype, const Shape& low, const Shape& x, const Shape& high);
    void run(const void* low, const void* x, const void* high, void* y) const;

    using Loop = void (*)(const void* low, const void* x, const void* high, void* y,
                          const int64_t* steps, int64_t n);

private:
    Walk<3> walk_;
    DType dtype_;
    int64_t bytes_, grain_;
    Loop loop_ = nullptr;
};

}  // namespace cornu::native
