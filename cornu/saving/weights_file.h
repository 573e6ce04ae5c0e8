// `.weights.h5` files: the weights of a model, and its optimizer's state, without its config.
#pragma once

#include <filesystem>

#include "cornu/models/model.h"
#include "cornu/saving/load_limits.h"
#include "cornu/saving/load_report.h"

namespace cornu::saving {

// Written beside and renamed. The model must be built: ValueError otherwise.
CORNU_API void save_weights(const Model& model, const std::filesystem::path& path);

struct LoadWeightsOptions {
    bool strict = true;        // FileError unless every variable was found and fits
    LoadLimits limits = {};
};
// Nothing is assigned unless everything could be read. An optimizer's state is read when the model is
// compiled and the file has it. Throws FileError naming the file, the place and the variable.
CORNU_API LoadReport load_weights(const Model& model, const std::filesystem::path& path, const LoadWeightsOptions& options = {});

}  // namespace cornu::saving
