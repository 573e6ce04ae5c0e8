// Weights spread over several `.weights.h5` files: `NAME.weights.json` says which lies where.
#pragma once

#include <filesystem>

#include "cornu/saving/load_limits.h"
#include "cornu/saving/model_state.h"

namespace cornu::saving {

// Shards are plain names beside the .json; links and paths are refused. Throws FileError.
StoredWeights read_shards(const std::filesystem::path& path, const LoadLimits& limits);
// `max_bytes` of variables a shard; ValueError when one variable is larger. Shards get names that are
// free, and those of the list that is replaced are removed last: a kill leaves the old weights or the new.
void write_shards(const std::vector<StateGroup>& groups, const std::filesystem::path& path, double max_bytes);

}  // namespace cornu::saving
