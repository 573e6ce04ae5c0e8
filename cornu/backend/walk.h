// A compiled graph for engines that have no compiler: the calls are made one after the other.
#pragma once

#include <memory>

#include "cornu/backend/backend.h"

namespace cornu {

// `run` carries out one call; values die after their last use.
CORNU_API std::shared_ptr<Executable> walk_graph(const Graph& graph,
                                                 std::function<Tensors(const Op&, const Tensors&, const Attrs&)> run);

}  // namespace cornu
