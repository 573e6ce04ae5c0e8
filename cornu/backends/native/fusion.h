// Fusion: element-wise calls that feed each other, and the sums of rows among them, become one call of
// a chain (kernels/chain.h), so that values between them never reach memory. A pass over the graph,
// after which a plan sees fewer and longer calls.
#pragma once

#include <memory>

#include "cornu/backends/native/kernels/chain.h"
#include "cornu/graph/graph.h"
#include "cornu/tensor/codec.h"

namespace cornu {

// The program of a chain, as an attribute: compared by identity, printed as text.
template <> struct Codec<std::shared_ptr<const native::ChainSpec>> {
    static Json encode(const std::shared_ptr<const native::ChainSpec>& v) { return v ? v->to_string() : std::string(); }
    static void decode(const Json&, std::shared_ptr<const native::ChainSpec>&) { throw ValueError("a chain cannot be read from a config."); }
};

namespace native {

struct ChainAttrs {
    std::shared_ptr<const ChainSpec> program;
    std::shared_ptr<const Chain> chain;   // the same, ready to run
    std::vector<Spec> out;             // of the results
    std::vector<char> plain;           // by input: read once from end to end, so that a result may replace it
    static void describe(Schema<ChainAttrs>& s) { s.field<&ChainAttrs::program>(); }
};

// The graph with such calls merged; everything it computed for its outputs, it still computes.
// CORNU_FUSION=0 in the environment leaves graphs as they are, to tell whose fault something is.
Graph fuse(const Graph& graph);

}  // namespace native
}  // namespace cornu
