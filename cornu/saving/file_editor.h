// KerasFileEditor: looks at the weights in a file and changes them, as after a change of a model's
// architecture. As keras.saving.KerasFileEditor, but layers inside layers are kept too.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cornu/models/model.h"
#include "cornu/saving/byte_source.h"
#include "cornu/saving/load_limits.h"
#include "cornu/saving/stored_weights.h"

namespace cornu {

class CORNU_API KerasFileEditor {
public:
    // A .keras, .weights.h5 or .weights.json file. Throws FileError; ValueError for other extensions.
    explicit KerasFileEditor(const std::filesystem::path& path, const saving::LoadLimits& limits = {});

    // Weights by name ("0", "1", …) of an object by path ("layers/dense"; "" is the model itself).
    using Weights = std::map<std::string, Tensor>;
    using Objects = std::map<std::string, std::map<std::string, saving::StoredArray>>;
    const Objects& objects() const { return objects_; }
    std::string summary() const;   // a line for each object and each weight

    struct Comparison {
        int64_t error_count = 0, match_count = 0;
        std::vector<std::string> errors;   // "layers/dense/0: shape (3,) in the file, (4,) in the model"
        bool success() const { return error_count == 0; }
    };
    // Which of the model's weights the file has, in their shapes, and which it has besides.
    Comparison compare(const Model& reference) const;

    // Objects go by path, or by the last part of it where that is unique. Each throws ValueError when
    // the file has no such object, several, or already one of the new name.
    void rename_object(const std::string& object, const std::string& new_name);   // a name, not a path
    void delete_object(const std::string& object);                                // and all below it
    void add_object(const std::string& path, const Weights& weights);
    void delete_weight(const std::string& object, const std::string& weight);
    void add_weights(const std::string& object, const Weights& weights);          // replaces those of equal names

    // To .weights.h5; or to .keras, with the config as it was, when a .keras was opened. Written beside
    // and renamed, so the file that was opened may be given.
    void save(const std::filesystem::path& path) const;

private:
    std::string resolve(const std::string& object) const;

    Objects objects_;
    std::map<std::string, std::string> names_;   // of layers, an attribute of their groups
    saving::ByteSource archive_;                 // the .keras that was opened
};

}  // namespace cornu
