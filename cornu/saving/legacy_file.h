// The `.h5` files of Keras 2, which Keras 3 still reads and writes: whole models, and weights alone.
// Layers are groups by name; attributes list them and their weights in order.
#pragma once

#include <filesystem>

#include "cornu/models/model.h"
#include "cornu/saving/hdf5.h"
#include "cornu/saving/model_state.h"

namespace cornu::saving {

bool is_legacy(const Hdf5Group& file);              // "layer_names", or a group "model_weights"
Hdf5Group legacy_weights(const Hdf5Group& file);    // the group with "layer_names"; FileError when there is none

// By order of the layers that have weights, or by their names. Throws FileError when the numbers of
// layers or of a layer's weights differ, unless that is to be skipped.
StateValues read_legacy_state(const Model& model, const Hdf5Group& weights, bool by_name, bool skip_mismatch);
// The optimizer's variables in order; nothing when they are not those of this optimizer.
StateValues read_legacy_optimizer(const Model& model, const Hdf5Group& file);

// What Keras 2 spells differently in a config, as Keras 3 does; what is already so stays as it is.
Json modern_model_config(const Json& config);
Json modern_compile_config(const Json& training_config);

// Written beside and renamed, as `model.save("m.h5")` of Keras 3 does. ValueError when the config is
// too long for an attribute of HDF5.
void save_legacy_model(const Model& model, const std::filesystem::path& path);

}  // namespace cornu::saving
