// The derivative of a scan, worked out when the scan is recorded under a tape: what a step backwards
// needs of its step forwards is saved on the way, and sums over all steps (gradients of weights) are
// taken once, after the loop. Second derivatives of such a scan replay its body instead.
#pragma once

#include <memory>
#include <vector>

#include "cornu/ops/op.h"
#include "cornu/autodiff/control_flow.h"

namespace cornu {

// Gradients of a body: (its inputs, gradients of its outputs) → a gradient for each input; undefined
// for those of types without one.
Tensors body_gradients(const Graph& body, const Tensors& inputs, const Tensors& output_grads);
bool has_gradient(DType dtype);
Tensors part(const Tensors& all, size_t from, size_t count);
void append(Tensors& to, const Tensors& more);

struct ScanGradient {
    // A gradient that is a sum over all steps of products or sums: taken of the stacked operands.
    struct Deferred {
        const Op* op = nullptr;
        Attrs attrs;
        std::vector<Deferred> parts;   // of what it is made, after the loop; none: of stacked values
        std::vector<int> stacked;      // which of them: saved values, xs, gradients of xs, what else the loop stacks
    };
    GraphPtr forward;    // the body, with the saved values after its outputs
    // (saved, xs, captures, gradients of carries, gradients of ys) → (gradients of carries, gradients of
    // captures that are summed in the loop, gradients of xs, what is to be stacked)
    GraphPtr backward;
    size_t saved = 0;
    std::vector<size_t> carries, ys, xs, captures, summed;   // those with gradients; of the captures, those summed in the loop
    std::vector<std::pair<size_t, Deferred>> deferred;       // the other captures
};

// Null when nothing that goes in has a gradient.
std::shared_ptr<const ScanGradient> scan_gradient(const Graph& body, size_t carries, size_t xs);
// The vjp of a scan that was recorded with one; its outputs end with the saved values.
Tensors gradient_of_scan(const Vjp& v, const ScanAttrs& s);

}  // namespace cornu
