// The variables of a model by their places in a weights file, as Keras lays them out:
// layers/<class>/vars/<i>, nested models below their layer, the optimizer's at optimizer/vars/<i>.
#pragma once

#include <string>
#include <vector>

#include "cornu/layers/stored_state.h"
#include "cornu/models/model.h"
#include "cornu/saving/hdf5_writer.h"
#include "cornu/saving/load_report.h"
#include "cornu/saving/stored_weights.h"
#include "cornu/saving/zip.h"

namespace cornu::saving {

struct StateGroup {
    std::string path;           // "layers/dense"; empty for the model itself
    std::string name;           // of the layer or optimizer; an attribute of the group
    std::string scope;          // names of the layers around it and its own: "encoder/dense"
    Variables variables;        // vars/0, vars/1, …
    bool optimizer = false;
    StoredState* stored = nullptr;                      // of a layer that keeps other things than its variables
    std::vector<std::function<Tensor()>> values = {};   // written instead of the variables' own, where not empty
    std::vector<std::string> names = {};                // of their arrays below vars/, where not their numbers

    std::string array_name(size_t variable) const;
    Tensor value(size_t variable) const;
    // What is written below vars/: the variables, then arrays by name.
    struct Array { std::string name, label; Tensor value; };
    std::vector<Array> arrays() const;
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
    std::vector<std::function<void()>> after;   // what layers do with arrays by name, and once all is assigned

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

// The texts in `assets/` of an archive, read and written. Those of a layer that the file lacks are
// `missing` in the report; more tokens than LoadLimits::max_vocabulary, or no UTF-8: FileError.
void write_assets(const std::vector<StateGroup>& groups, ZipWriter& zip);
void read_assets(const std::vector<StateGroup>& groups, const ZipReader& zip, const std::string& file, const LoadLimits& limits, StateValues& state);

// What strictness asks of a report: an optimizer may have had no state yet, and none is wanted for a
// model that is not compiled. Throws FileError listing what was missing, unexpected or mismatched.
void require_complete(LoadReport report, const std::string& file, bool compiled);

}  // namespace cornu::saving
