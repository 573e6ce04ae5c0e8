// What a file of Keras's holds, found out without building anything, and what is suspicious about it.
#pragma once

#include <filesystem>
#include <string>

#include "cornu/base/api.h"
#include "cornu/base/json.h"
#include "cornu/saving/load_limits.h"

namespace cornu::saving {

// Of a .keras, .h5, .weights.h5, .weights.json, .safetensors, .npz or .npy file, whatever its name:
//   file, format, size, keras_version, date_saved
//   members: [{name, size, stored_size, compressed}]         of an archive
//   layers: [{name, class_name, registered_name, known}]     of a config; nested models' as "outer/inner"
//   weights: [{path, layer, shape, dtype}], parameters
//   report: {read: [paths], unexpected: [paths], layers_without_weights: [names]}   config against weights
//   suspicious: [{where, what}]: everything that a reader refuses, and what has been used in attacks
// Keys that do not apply are absent. What cannot be read is suspicious, not an error; FileError only
// when the file cannot be opened or is of none of these formats.
CORNU_API Json inspect(const std::filesystem::path& path, const LoadLimits& limits = {});
// The same for people.
CORNU_API std::string inspection_text(const Json& inspection);

}  // namespace cornu::saving
