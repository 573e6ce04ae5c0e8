// Matrix products of every dtype: C = A · B (+ C) (+ bias) (then relu), row-major and batched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "cornu/backends/native/kernels/onednn.h"
#include "cornu/tensor/dtype.h"

namespace cornu::native {

struct GemmSpec {
    DType dtype =
        DType::float32;  // of A, B, C and bias alike; sums are carried wider for small floats
    int64_t m = 0, n = 0, k = 0;  // C is m x n
    bool trans_a = false;         // A is stored k x m
    bool trans_b = false;         // B is stored n x k
    int64_t batch = 1;
    // Elements between the matrices of a batch; 0 repeats one matrix; -1: densely packed.
    int64_t stride_a = -1, stride_b = -1, stride_c = -1;
    bool bias = false;        // adds a row of n values
    bool relu = false;        // last
    bool accumulate = false;  // adds to what C holds
    bool pack_b = false;      // run takes B as pack() left it: for weights that rarely change
    bool by_shape = false;    // work is cut by sizes, not by threads: the same bits for any number
};

// Prepared once, run many times without allocation of ours. Small and one-row products never leave
// this class's own kernels; float32 and bfloat16 beyond that go to oneDNN. An object serves one
// caller at a time.
class Gemm {
public:
    // Throws DTypeError for int4 and string, ValueError for negative sizes.
    explicit Gemm(const GemmSpec& spec);

    size_t scratch_bytes() const { return scratch_bytes_; }
    // Packed size of all of B; 0 when packing would bring nothing and run takes B as it is.
    size_t packed_bytes() const { return library_.packed_bytes; }
    void pack(const void* b, void* packed, void* scratch);
    // `bias` may be null when the spec has none; `scratch` holds scratch_bytes(), 64-byte aligned.
    void run(const void* a, const void* b, const void* bias, void* c, void* scratch);
    bool uses_library() const { return library_.main || !pieces_.empty(); }

private:
    using Function = void (*)(const GemmSpec&, const void* a, const void* b, const void* bias,
                              void* c);
    struct Piece {  // a part of the result, made on one thread
        onednn::Packed product;
        int64_t a, b, c, bias;  // where its parts of the operands begin, in elements
        size_t scratch;
    };
    void cut();
    void run_piece(Piece& piece, const void* a, const void* b, const void* bias, void* c,
                   void* scratch) const;

    GemmSpec spec_;
    onednn::Packed library_;
    std::vector<Piece> pieces_;
    Function function_ = nullptr;
    size_t scratch_bytes_ = 0;
};

}  // namespace cornu::native
