// The variables of a model by their places in a weights file, as Keras lays them out:
// layers/<class>/vars/<i>, nested models below their layer, the optimizer's at optimizer/vars/<i>.
#pragma once

#include <string>
#include <vector>

#include "cornu/models/model.h"
#include "cornu/saving/hdf5_writer.h"
#include "cornu/saving/load_report.h"
#include "cornu/saving/stored_weights.h"

namespace cornu::saving {

struct StateGroup {
    std::string path;           // "layers/dense"; empty for the model itself
    std::string name;           // of the layer or optimizer; an attribute of the group
    std::string scope;          // names of the layers around it and its own: "encoder/dense"
    Variables variables;        // vars/0, vars/1, …
    bool optimizer = false;

    std::string key(size_t variable) const;   // "encoder/dense/kernel", as safetensors files name it
};

std::vector<StateGroup> state_of(const Model& model);

// The values are taken as they are now. The writer refers to the tensors: keep them until it is done.
void write_state(const std::vector<StateGroup>& groups, Hdf5Writer& writer, Tensors& keep);
std::span<const std::byte> bytes_of(const Tensor& host);

// What a file holds for a model, read and checked but not assigned yet.
struct StateValues {
    LoadReport report;
    std::vector<std::pair<Variable, Tensor>> values;

    void assign() const;
    void append(StateValues other);
    // Reads `array` for `variable` when it fits, else notes why not; false then.
    bool take(const Variable& variable, const std::string& place, const StoredArray& array);
};

// How variables find their arrays.
enum class Match : uint8_t {
    places,       // of Keras 3's layout
    names,        // of layers, as the groups of that layout carry them; layers without are left alone
    keys,         // StateGroup::key, or places: safetensors
};
// With `skip_mismatch`, nothing is read of a layer that has another number of variables; by places,
// what follows a variable that does not fit is not read either: what Keras does.
StateValues read_state(const std::vector<StateGroup>& groups, const StoredWeights& file, Match match = Match::places, bool skip_mismatch = false);

// What strictness asks of a report: an optimizer may have had no state yet, and none is wanted for a
// model that is not compiled. Throws FileError listing what was missing, unexpected or mismatched.
void require_complete(LoadReport report, const std::string& file, bool compiled);

}  // namespace cornu::saving
