// TrainingState: what training goes on from, besides weights and optimizer, when a program ends
// in the middle of fit. Callbacks keep theirs in one, too.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cornu/base/json.h"
#include "cornu/tensor/variable.h"

namespace cornu {

struct CORNU_API TrainingState {
    Json values = Json::object();                                // numbers, words, lists
    std::vector<std::pair<std::string, Tensor>> arrays = {};
    std::string source = {};                                     // the file, for messages
    // Weights and optimizer state as a file gave them, for the variables they belong to.
    std::vector<std::pair<Variable, Tensor>> variables = {};

    const Tensor* find(const std::string& name) const;           // of arrays; nullptr when absent
    const Tensor& at(const std::string& name) const;             // throws ValueError when absent
    void add(const std::string& name, Tensor value) { arrays.emplace_back(name, std::move(value)); }
};

class Trainer;
// Files with the weights, the optimizer and `state`: `.keras` files, when the model's classes can be
// written, in which Keras overlooks the rest. Written beside and renamed. Defined in saving/.
CORNU_API void write_training_state(Trainer& trainer, const TrainingState& state, const std::string& path);
// Throws FileError for a damaged file or one of another model. Assigns nothing.
CORNU_API TrainingState read_training_state(Trainer& trainer, const std::string& path);

}  // namespace cornu
