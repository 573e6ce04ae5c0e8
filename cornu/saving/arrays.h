// Tensors from and to NumPy's files.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cornu/saving/load_limits.h"
#include "cornu/tensor/tensor.h"

namespace cornu {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// The arrays of an .npz in the file's order, or the one of an .npy under the name "". Data that lies
// plainly in the file is mapped, not copied. Throws FileError.
CORNU_API NamedTensors load_arrays(const std::string& path, const saving::LoadLimits& limits = {});
// Written beside and renamed. bfloat16, float8 and int4, which NumPy lacks, are written as float32.
CORNU_API void save_npz(const std::string& path, const NamedTensors& arrays);

}  // namespace cornu
