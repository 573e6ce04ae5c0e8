// What happens when an engine lacks a call, or some of a graph's.
#pragma once

#include <memory>

#include "cornu/backend/backend.h"

namespace cornu {

bool supports(const Backend& backend, const Graph& graph, const Graph::Node& node);
// Said once for each op.
void warn_of_fallback(const Op& op, const Backend& backend);
// `graph` is prepared, and `host` has the calls that `backend` lacks, but for host calls, which are
// made as they are. Values move between the two.
std::shared_ptr<Executable> compile_split(Graph graph, Backend& backend, Backend& host);

}  // namespace cornu
