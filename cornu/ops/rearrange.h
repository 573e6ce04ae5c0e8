// Axes split, reordered and merged as a pattern says, in the manner of einops.
#pragma once

#include <map>
#include <string>

#include "cornu/ops/apply.h"

namespace cornu::ops {

// rearrange(x, "b (h p) c -> b h (c p)", {{"p", 2}}): each name is an axis, a bracket one axis made of
// several. Of the names in a bracket on the left all but one need a length. Both sides hold the same
// names, each once; throws ValueError otherwise, ShapeError where a length does not fit.
CORNU_API Tensor rearrange(const Tensor& tensor, const std::string& pattern, const std::map<std::string, int64_t>& axes_lengths = {});

}  // namespace cornu::ops
