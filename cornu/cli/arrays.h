// Arrays as the command takes and gives them: by the model's own names or x0, x1, …; y0, …; w0, ….
#pragma once

#include <string>

#include "cornu/models/model.h"
#include "cornu/saving/arrays.h"

namespace cornu::cli {

// What one file holds for a model. Each is nested as the model's inputs and outputs are; missing
// targets and weights are left undefined.
struct ModelData {
    Structure x, y, sample_weight;
};

enum class Wants : uint8_t { inputs, inputs_and_targets };
// Reads and casts. Throws ValueError naming the array for a missing or unknown one, both forms of
// names at once, and casts that would overflow or change a whole number.
ModelData read_model_data(const std::string& path, const Model& model, Wants wants);

// y0, y1, … in the order of the flattened outputs.
void write_outputs(const std::string& path, const Structure& outputs);

}  // namespace cornu::cli
