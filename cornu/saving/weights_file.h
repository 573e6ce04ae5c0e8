// Files of weights without a config: `.weights.h5`, sharded `.weights.json`, `.safetensors`, and the
// `.h5` of Keras 2; the weights in a `.keras` file too.
#pragma once

#include <filesystem>
#include <optional>

#include "cornu/models/model.h"
#include "cornu/saving/load_limits.h"
#include "cornu/saving/load_report.h"

namespace cornu {

struct SaveWeightsOptions {
    std::optional<double> max_shard_size = {};   // in GB: the file must be a .weights.json then
};

struct LoadWeightsOptions {
    bool by_name = false;        // layers of equal names only; others stay as they are
    bool skip_mismatch = false;  // what does not fit stays as it is, with a warning in the log
    bool strict = true;          // FileError unless every variable was found and fits
    saving::LoadLimits limits = {};
};

namespace saving {

// Written beside and renamed; of shards the .json, which names them, comes last. The model must be
// built: ValueError otherwise.
CORNU_API void save_weights(const Model& model, const std::filesystem::path& path, const SaveWeightsOptions& options = {});

// By the extension: .weights.h5, .weights.json, .keras, .safetensors, .h5 or .hdf5; an .h5 file of
// either layout. Nothing is assigned unless everything could be read. An optimizer's state is read
// when the model is compiled and the file has it. Throws FileError naming the file, the place and
// the variable; with `strict` also for what is missing, unexpected or mismatched.
CORNU_API LoadReport load_weights(const Model& model, const std::filesystem::path& path, const LoadWeightsOptions& options = {});

}  // namespace saving
}  // namespace cornu
