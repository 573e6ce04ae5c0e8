// Graph: a recorded computation, and all that a backend sees: primitive ops and named compositions
// in an order in which they can run, with static or unknown shapes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cornu/ops/op.h"

namespace cornu {

using ValueId = int32_t;

struct CORNU_API Graph {
    struct Value {
        Spec spec;
        int32_t node = -1;      // its producer; -1: an input or a constant
        int32_t constant = -1;  // index into constants
    };
    struct Node {
        const Op* op;
        Attrs attrs;
        std::vector<ValueId> in, out;
        std::string scope;      // where the user wrote it: "model/encoder/dense"
    };

    std::vector<Value> values;
    std::vector<Node> nodes;        // in execution order
    std::vector<ValueId> inputs, outputs;
    std::vector<Tensor> constants;
    // For each output the input whose memory it may take over (that input is dead after the run), or
    // -1. Empty: none.
    std::vector<int32_t> donated;

    const Spec& spec(ValueId id) const { return values[static_cast<size_t>(id)].spec; }
    bool is_constant(ValueId id) const { return values[static_cast<size_t>(id)].constant >= 0; }
    const Tensor& constant(ValueId id) const { return constants[static_cast<size_t>(values[static_cast<size_t>(id)].constant)]; }
    Specs input_specs() const;
    Specs output_specs() const;
    std::string to_string() const;  // one line a node, as one would write it
    void verify() const;            // throws InternalError: order, specs against the ops' own rule, marks
};
using GraphPtr = std::shared_ptr<const Graph>;

// A graph as an attribute (the body of a loop): compared by identity, printed as text.
template <> struct Codec<GraphPtr> {
    static Json encode(const GraphPtr& v) { return v ? v->to_string() : std::string(); }
    static void decode(const Json&, GraphPtr&) { throw ValueError("a loop's body cannot be read from a config."); }
};

// Carries the graph's calls out again on other inputs, in the mode those are in: runs it when they
// are concrete, inlines it into the current trace otherwise.
CORNU_API Tensors replay(const Graph& graph, const Tensors& inputs);

}  // namespace cornu
