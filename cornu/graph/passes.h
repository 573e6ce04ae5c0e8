// What is done to a graph before any backend sees it. Each pass returns a graph that computes the
// same; `simplify` runs them in the order that suits most.
#pragma once

#include <functional>

#include "cornu/graph/graph.h"

namespace cornu {

CORNU_API Graph eliminate_dead_code(const Graph& graph);
CORNU_API Graph eliminate_common_subexpressions(const Graph& graph);
// Computes calls whose inputs are all constant, unless the result is large and its inputs are not.
CORNU_API Graph fold_constants(const Graph& graph, const std::function<Tensors(const Op&, const Tensors&, const Attrs&)>& run);
// x + 0, x * 1, a cast to its own dtype, a reshape of a reshape, transposes that cancel, …
CORNU_API Graph apply_identities(const Graph& graph);
// Replaces compositions that `supported` says no to by what they are composed of.
CORNU_API Graph expand(const Graph& graph, const std::function<bool(const Graph::Node&, const Specs&)>& supported);

}  // namespace cornu
