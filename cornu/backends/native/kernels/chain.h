// A fused chain of elementwise operations, interpreted block by block: each step runs over a block
// small enough to stay in the first-level cache, so that a chain reads its inputs and writes its
// outputs once. Values between steps are float32, whatever inputs and outputs are stored as.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "cornu/backends/native/kernels/elementwise.h"
#include "cornu/backends/native/kernels/opcodes.h"
#include "cornu/backends/native/kernels/simd.h"
#include "cornu/backends/native/kernels/strided.h"
#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu::native {

// The program, built in order; every method returns the id of a new value.
class ChainSpec {
public:
    explicit ChainSpec(Shape shape) : shape_(std::move(shape)) {}

    // An operand of run, in call order; its shape broadcasts to the chain's. Any real dtype.
    int input(DType dtype, const Shape& shape);
    int constant(float value);
    int unary(UnaryOp op, int a);             // is_nan and the like give 0 or 1
    int binary(BinaryOp op, int a, int b);    // comparisons give 0 or 1; logical ops take 0 or 1
    int select(int condition, int a, int b);  // condition != 0 ? a : b
    void output(int value,
                DType dtype);  // a result of run, in call order; dense, of the chain's shape

    // Whether a chain can hold the operation (float32 domain).
    static bool supports(UnaryOp op);
    static bool supports(BinaryOp op);

private:
    friend class Chain;
    enum class Kind : uint8_t { input, constant, unary, binary, select };
    struct Value {
        Kind kind;
        uint8_t op = 0;
        int a = -1, b = -1, c = -1;
        float constant = 0;
        DType dtype = DType::float32;
        Shape shape = {};
    };
    int push(Value value);
    Shape shape_;
    std::vector<Value> values_;
    std::vector<std::pair<int, DType>> outputs_;
};

class Chain {
public:
    // Throws ShapeError when an input does not broadcast to the shape, ValueError for an id that is
    // not yet defined, UnsupportedError for a chain of more values than fit (split it).
    explicit Chain(const ChainSpec& spec);
    // An output may be the memory of an input of the chain's full shape and the output's dtype.
    void run(const void* const* in, void* const* out) const;

    static constexpr int max_inputs = 16, max_registers = 32, max_scalars = 64;

private:
    // Where a value lives while a block is worked on.
    struct Place {
        enum Where : uint8_t { scalar, reg, direct } where;
        int index;  // scalar slot, register, or input that is read where it lies
    };
    struct Input {
        int operand;
        Walk<1> walk;
        Place to;
        Cast::Loop cast;  // null for float32
        int64_t bytes;
        bool dense;
    };
    struct Step {
        ChainSpec::Kind kind;
        Place a, b, c, to;
        Simd::Unary unary;
        Simd::Binary binary[3];
        Unary::Loop unary_loop;
        Binary::Loop binary_loop;
        int64_t to_output;  // writes this output's memory at once; -1: to its place
    };
    struct Output {
        Place from;
        Cast::Loop cast;
        int64_t bytes;
        bool done;  // its step wrote it
    };
    struct Frame;
    void block(const Frame& frame, int64_t begin, int64_t count) const;
    static void apply(const Step& step, const float* a, const float* b, const float* c, float* to,
                      int64_t n);

    int64_t size_ = 0, block_ = 0, grain_ = 0;
    int registers_ = 0;
    std::vector<std::pair<int, float>> constants_;  // scalar slot, value
    std::vector<Input> inputs_, scalar_inputs_;
    std::vector<Step> steps_, scalar_steps_;
    std::vector<Output> outputs_;
};

}  // namespace cornu::native
