// Control flow that is data: loops and branches decided by tensors. Run at once they are ordinary
// C++ loops (a debugger steps through them); inside a trace they become one node with the body as a
// graph of its own.
#pragma once

#include <functional>
#include <optional>

#include "cornu/graph/graph.h"

namespace cornu {

// Attributes of the nodes, for those who lower them.
struct WhileAttrs {
    GraphPtr cond, body;             // inputs of each: the carried values, then what it captures
    int64_t cond_captures = 0;       // node inputs: carried values, cond's captures, body's captures
    static void describe(Schema<WhileAttrs>& s) {
        s.field<&WhileAttrs::cond>();
        s.field<&WhileAttrs::body>();
        s.field<&WhileAttrs::cond_captures>();
    }
};
struct CondAttrs {
    GraphPtr then_branch, else_branch;   // inputs of each: what it captures
    int64_t then_captures = 0;           // node inputs: predicate, then's captures, else's captures
    static void describe(Schema<CondAttrs>& s) {
        s.field<&CondAttrs::then_branch>();
        s.field<&CondAttrs::else_branch>();
        s.field<&CondAttrs::then_captures>();
    }
};
struct ScanGradient;
struct ScanAttrs {
    GraphPtr body;                   // (carries, x slices, captures) → (carries, y slices)
    int64_t carries = 0, xs = 0, length = 0;   // node inputs: carries, xs, captures; outputs: carries, ys
    bool reverse = false;
    // Of a scan recorded under a tape: how to go back; its last outputs are what that needs.
    std::shared_ptr<const ScanGradient> gradient = {};
    static void describe(Schema<ScanAttrs>& s) {
        s.field<&ScanAttrs::body>();
        s.field<&ScanAttrs::carries>();
        s.field<&ScanAttrs::xs>();
        s.field<&ScanAttrs::length>();
        s.field<&ScanAttrs::reverse>();
    }
};

namespace ops {

using Predicate = std::function<Tensor(const Tensors&)>;
using Body = std::function<Tensors(const Tensors&)>;

// body applied while cond holds; values keep shape and dtype. No gradient through it inside a trace
// (the number of steps is unknown): use scan.
CORNU_API Tensors while_loop(const Predicate& cond, const Body& body, Tensors loop_vars,
                             std::optional<int64_t> maximum_iterations = {});
// One of the two, by a scalar; both give the same shapes and dtypes.
CORNU_API Tensors cond(const Tensor& pred, const std::function<Tensors()>& true_fn, const std::function<Tensors()>& false_fn);

struct ScanResult {
    Tensors carry, ys;               // ys: each step's outputs stacked along a new first axis
};
// f(carry, x slices) → {carry, y slices}, once for each index of the xs' first axis, in order or reversed.
CORNU_API ScanResult scan(const std::function<ScanResult(const Tensors& carry, const Tensors& x)>& f, const Tensors& init,
                          const Tensors& xs, std::optional<int64_t> length = {}, bool reverse = false);

}  // namespace ops
}  // namespace cornu
