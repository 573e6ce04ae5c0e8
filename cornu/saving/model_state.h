// The variables of a model by their places in a weights file, as Keras lays them out:
// layers/<class>/vars/<i>, nested models below their layer, the optimizer's at optimizer/vars/<i>.
#pragma once

#include <string>
#include <vector>

#include "cornu/models/model.h"
#include "cornu/saving/hdf5.h"
#include "cornu/saving/hdf5_writer.h"
#include "cornu/saving/load_report.h"

namespace cornu::saving {

struct StateGroup {
    std::string path;           // "layers/dense"; empty for the model itself
    std::string name;           // of the layer or optimizer; an attribute of the group
    Variables variables;        // vars/0, vars/1, …
    bool optimizer = false;
};

std::vector<StateGroup> state_of(const Model& model);

// The values are taken as they are now. The writer refers to the tensors: keep them until it is done.
void write_state(const std::vector<StateGroup>& groups, Hdf5Writer& writer, Tensors& keep);

// What a file holds for a model, read and checked but not assigned yet.
struct StateValues {
    LoadReport report;
    std::vector<std::pair<Variable, Tensor>> values;
    void assign() const;
};
StateValues read_state(const std::vector<StateGroup>& groups, const Hdf5Group& file);
// Throws FileError listing what was missing, unexpected or mismatched.
void require_complete(const LoadReport& report, const std::string& file);

}  // namespace cornu::saving
