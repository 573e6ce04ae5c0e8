// What compile() does when an engine lacks some of a graph's calls.
#pragma once

#include <memory>

#include "cornu/backend/backend.h"

namespace cornu {

bool supports(const Backend& backend, const Graph& graph, const Graph::Node& node);
// `graph` is prepared, and `host` has the calls that `backend` lacks. Values move between the two;
// nothing is donated.
std::shared_ptr<Executable> compile_split(Graph graph, Backend& backend, Backend& host);

}  // namespace cornu
