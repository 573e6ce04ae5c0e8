// A fused chain of elementwise operations and sums of rows, interpreted block by block: each step
// runs over a block small enough to stay in the first-level cache, so that a chain reads its inputs
// and writes its outputs once. Values between steps are float32, whatever inputs and outputs are
// stored as.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cornu/backends/native/kernels/elementwise.h"
#include "cornu/backends/native/kernels/opcodes.h"
#include "cornu/backends/native/kernels/reduce.h"
#include "cornu/backends/native/kernels/simd.h"
#include "cornu/backends/native/kernels/strided.h"
#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu::native {

// How much of the chain's shape a value covers: one number, one for each row (all axes but the
// last), one for each column (the last axis), or all of it.
enum class Extent : uint8_t { scalar, row, column, full };

// The program, built in order; every method returns the id of a new value.
class ChainSpec {
public:
    // `by_rows` lets values have one number a row, and rows be reduced; a block is then whole rows.
    explicit ChainSpec(Shape shape, bool by_rows = false);

    // An operand of run, in call order; its shape broadcasts to the chain's. Any real dtype.
    int input(DType dtype, const Shape& shape);
    // One that is read with strides of its own, in elements, for each axis of the chain's shape.
    int input(DType dtype, std::vector<int64_t> strides, int64_t offset);
    int constant(float value);
    int unary(UnaryOp op, int a);             // is_nan and the like give 0 or 1
    int binary(BinaryOp op, int a, int b);    // comparisons give 0 or 1; logical ops take 0 or 1
    int select(int condition, int a, int b);  // condition != 0 ? a : b
    int reduce(ReduceOp op, int a);           // sum, max or min of each row of a full value
    // Over all rows of a full value, and over all of it; known only at the end: outputs.
    int sum_columns(int a);
    int sum_all(int a);
    // A result of run, in call order; dense, of the chain's shape, or with one element a row or column,
    // or one in all (of sum_all alone).
    void output(int value, DType dtype, Extent extent = Extent::full);

    Extent extent(int value) const { return values_[static_cast<size_t>(value)].extent; }
    const Shape& shape() const { return shape_; }
    std::string to_string() const;

    // Whether a chain can hold the operation (float32 domain).
    static bool supports(UnaryOp op);
    static bool supports(BinaryOp op);
    static bool supports(ReduceOp op) { return op == ReduceOp::sum || op == ReduceOp::max || op == ReduceOp::min; }

private:
    friend class Chain;
    enum class Kind : uint8_t { input, constant, unary, binary, pair, select, reduce, sum_columns, sum_all };
    static bool sums_blocks(Kind kind) { return kind == Kind::sum_columns || kind == Kind::sum_all; }
    struct Value {
        Kind kind;
        uint8_t op = 0, second = 0;   // of a pair: PairFirst, PairSecond
        int a = -1, b = -1, c = -1;
        float constant = 0;
        DType dtype = DType::float32;
        std::vector<int64_t> strides = {};
        int64_t offset = 0;
        Extent extent = Extent::scalar;
    };
    struct Result {
        int value;
        DType dtype;
        Extent extent;
    };
    int push(Value value);
    void join_pairs();   // of two operations, one of which serves the other alone
    Shape shape_;
    bool by_rows_;
    std::vector<Value> values_;
    std::vector<Result> outputs_;
};

class Chain {
public:
    // Throws UnsupportedError for a chain of more values than fit (split it).
    explicit Chain(const ChainSpec& spec);
    // An output may be the memory of an input of the chain's full shape and the output's dtype.
    // `scratch`: scratch_bytes() of memory, needed for sums over blocks only.
    void run(const void* const* in, void* const* out, void* scratch = nullptr) const;
    size_t scratch_bytes() const { return static_cast<size_t>(parts_ * sums_ * unit_) * sizeof(double); }

    static constexpr int max_inputs = 24, max_registers = 32, max_scalars = 64;
    static constexpr int64_t max_floats = 32768;   // of all registers of a block

private:
    // Where a value lives while a block is worked on; `operand`: read where it lies.
    struct Place {
        enum Where : uint8_t { scalar, reg, operand } where = scalar;
        Extent extent = Extent::scalar;
        int index = 0;
    };
    struct Input {
        int operand;
        Walk<1> walk;
        Place to;
        Cast::Loop cast;  // null for float32
        int64_t bytes, offset;
    };
    struct Step {
        ChainSpec::Kind kind;
        Place a, b, c, to;
        Simd::Unary unary;
        Simd::Binary binary[3];
        Simd::Pair pair;
        Unary::Loop unary_loop;
        Binary::Loop binary_loop;
        ReduceOp reduce;
        bool each_row;      // an operand changes from row to row, or repeats in each
        int64_t to_output;  // writes this output's memory at once; -1: to its place
    };
    struct Output {
        Place from;
        Extent extent;
        Cast::Loop cast;
        int64_t bytes;
        bool done;  // its step wrote it, or it is a sum over blocks
    };
    struct Frame;
    class Builder;
    void block(const Frame& frame, int64_t first, int64_t units) const;
    void load(const Input& input, const Frame& frame, int64_t begin, int64_t count) const;
    void store(const Output& output, char* to, const float* from, int64_t count) const;
    static void apply(const Step& step, const float* a, const float* b, const float* c, float* to, int64_t n);

    // A unit is a row, or one element where rows do not matter.
    int64_t units_ = 0, unit_ = 1, block_ = 0, grain_ = 0;
    std::vector<int> fetched_ahead_;                // operands that are fetched from memory a block ahead
    int64_t parts_ = 0, sums_ = 0;   // blocks are summed in so many parts, which follow from the sizes alone
    int registers_ = 0, row_registers_ = 0;
    std::vector<std::pair<int, float>> constants_;  // scalar slot, value
    std::vector<Input> inputs_, scalar_inputs_;
    std::vector<Input> resident_;                   // short columns, spread over a block once
    std::vector<int64_t> offsets_;                  // by operand, in elements
    std::vector<Step> steps_, scalar_steps_;
    std::vector<Output> outputs_;
};

}  // namespace cornu::native
