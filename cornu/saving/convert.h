// Files of models and weights from one format to another.
#pragma once

#include <filesystem>

#include "cornu/base/api.h"
#include "cornu/saving/load_limits.h"

namespace cornu::saving {

// By the extensions: models (.keras, .h5) become models or weights; weights (.weights.h5,
// .weights.json, .safetensors) become weights. safetensors made of weights alone name arrays by their
// places in Keras's layout; the way back needs such names. Throws FileError.
CORNU_API void convert(const std::filesystem::path& in, const std::filesystem::path& out, const LoadLimits& limits = {});

}  // namespace cornu::saving
