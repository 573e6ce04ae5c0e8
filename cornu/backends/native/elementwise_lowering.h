// What the tables of element-wise calls share: kernels by operation, and their steps of a chain.
#pragma once

#include <utility>
#include <vector>

#include "cornu/backends/native/kernels/elementwise.h"
#include "cornu/backends/native/lowering.h"

namespace cornu::native {

constexpr ChainStep step(UnaryOp op) { return {ChainStep::unary, static_cast<uint8_t>(op)}; }
constexpr ChainStep step(BinaryOp op, ChainStep::Kind kind = ChainStep::arithmetic) { return {kind, static_cast<uint8_t>(op)}; }

inline bool no_packed_or_string(const Call& call) {
    for (const Spec& spec : call.in)
        if (spec.dtype == DType::int4 || spec.dtype == DType::string) return false;
    return true;
}

// Inputs of the output's shape and dtype may give it their memory.
inline std::vector<std::pair<int, int>> same_as_output(const Call& call) {
    std::vector<std::pair<int, int>> pairs;
    for (size_t i = 0; i < call.in.size(); ++i)
        if (call.in[i].shape == call.out[0].shape && call.in[i].dtype == call.out[0].dtype) pairs.emplace_back(0, static_cast<int>(i));
    return pairs;
}

inline Kernel unary(UnaryOp op, const Call& call) {
    Unary kernel(op, call.dtype(), call.shape().size());
    return {.run = [kernel](const void* const* in, void* const* out, void*) { kernel.run(in[0], out[0]); }, .in_place = same_as_output(call)};
}
template <UnaryOp op>
Kernel lower_unary(const Call& call) { return unary(op, call); }

template <BinaryOp op>
Kernel lower_binary(const Call& call) {
    Binary kernel(op, call.dtype(), call.shape(0), call.shape(1));
    return {.run = [kernel](const void* const* in, void* const* out, void*) { kernel.run(in[0], in[1], out[0]); }, .in_place = same_as_output(call)};
}

}  // namespace cornu::native
