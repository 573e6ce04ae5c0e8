// Inputs and outputs stored in a `.keras` file, by which a loaded model proves that it computes what
// the saved one did. Keras does not mind the extra member.
#pragma once

#include <vector>

#include "cornu/models/model.h"
#include "cornu/saving/load_limits.h"
#include "cornu/saving/zip.h"

namespace cornu::saving {

inline constexpr const char* self_check_member = "cornu/self_check.npz";

// An .npz of x0, x1, … and y0, y1, …, flattened. ValueError for a model that was not built.
std::vector<std::byte> make_self_check(const Model& model, const Structure& inputs);
// Throws FileError when there is none, or when the outputs are not close at 1e-5 (mixed policies: at
// their precision).
void run_self_check(const Model& model, const ZipReader& zip, const LoadLimits& limits);

}  // namespace cornu::saving
