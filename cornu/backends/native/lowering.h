// From an op call to the kernel that carries it out. A lowering runs once, when a graph is compiled:
// it looks at specs and attributes, prepares all it can (strides, oneDNN primitives), and returns a
// kernel that runs many times without allocating.
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "cornu/ops/op.h"

namespace cornu::native {

struct Call {
    const Op& op;
    const Attrs& attrs;
    std::span<const Spec> in, out;
    bool deterministic = false;   // work is cut by sizes alone: the same bits for any number of threads

    template <class T> const T& as() const { return attrs.as<T>(); }
    DType dtype(size_t i = 0) const { return in[i].dtype; }
    const Shape& shape(size_t i = 0) const { return in[i].shape; }
};

struct Kernel {
    std::function<void(const void* const* in, void* const* out, void* scratch)> run;
    size_t scratch_bytes = 0;
    std::vector<std::pair<int, int>> in_place = {};  // (output, input) that may be the same memory
    bool view = false;   // output 0 is input 0's bytes as they are; nothing runs
};

// What the call is as a step of a chain (fusion.h): its kind, and the kernels' code of it.
struct ChainStep {
    enum Kind : uint8_t { never, unary, gelu, compare, arithmetic, logical, select, cast, same, reshape, broadcast, window, reduce } kind = never;
    uint8_t code = 0;
};

struct Lowering {
    const char* op;
    Kernel (*lower)(const Call& call);
    bool (*supports)(const Call& call) = nullptr;  // null: every call that the op's own rule accepts
    ChainStep step = {};
};

// One table per family of ops, at the end of lower_<family>.cpp.
std::span<const Lowering> chain_lowerings();
std::span<const Lowering> elementwise_lowerings();
std::span<const Lowering> creation_lowerings();
std::span<const Lowering> shape_lowerings();
std::span<const Lowering> reduction_lowerings();
std::span<const Lowering> contraction_lowerings();
std::span<const Lowering> attention_lowerings();
std::span<const Lowering> control_flow_lowerings();
std::span<const Lowering> convolution_lowerings();
std::span<const Lowering> math_lowerings();
std::span<const Lowering> cumulative_lowerings();
std::span<const Lowering> random_lowerings();
std::span<const Lowering> pooling_lowerings();
std::span<const Lowering> indexing_lowerings();
std::span<const Lowering> linalg_lowerings();

const Lowering* find_lowering(const Op& op);
bool supports(const Call& call);

}  // namespace cornu::native
