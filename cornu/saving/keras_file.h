// `.keras` files: metadata.json, config.json and model.weights.h5 in a zip archive; and the whole-model
// `.h5` files of Keras 2, known by their content. Reading one never runs code, opens a path or calls a
// function that is not on a list.
#pragma once

#include <filesystem>
#include <string>

#include "cornu/models/model.h"
#include "cornu/saving/byte_source.h"
#include "cornu/saving/keras_version.h"
#include "cornu/saving/load_limits.h"
#include "cornu/saving/load_report.h"
#include "cornu/saving/zip.h"

namespace cornu {

struct LoadOptions {
    bool compile = true;                   // with the file's own compile config and optimizer state
    bool strict = true;                    // FileError unless every variable was found and fits
    bool self_check = false;               // runs the model on the inputs stored with it, see SaveOptions;
                                           //   FileError when there are none or the outputs differ
    bool safe_mode = true;                 // false: a program in the file may run, TorchScript (docs/torch_modules.md);
                                           //   only for files that you would run as a program
    saving::LoadLimits limits = {};
    saving::LoadReport* report = nullptr;  // filled when given, also before a strict refusal
};

struct SaveOptions {
    bool self_check = false;               // stores inputs and what the model makes of them
    Structure self_check_inputs = {};      // made up, small, of the model's input shapes, when empty
    std::string keras_version = {};        // "3.3.0": a `.keras` file that this Python Keras loads, too;
                                           //   ValueError when the model has what it does not know
};

// The model in the file, with its weights and, when it was compiled, its optimizer's state. Throws
// FileError naming the file and the place in it; UnsupportedError for what Cornu does not have.
// Classes of one's own must be made known by layers::register_layer first.
CORNU_API Model load_model(const std::filesystem::path& path, const LoadOptions& options = {});

namespace saving {
CORNU_API Model load_model(const ByteSource& file, const LoadOptions& options = {});
// The JSON of the two members, as a file would hold them.
CORNU_API Json model_config(const Model& model);
// The members of a `.keras` file; without a config Keras takes it for weights alone. The config must
// be one for the given version of Keras, see keras_version.h.
CORNU_API void add_model(ZipWriter& zip, const Model& model, const Json& config, const KerasVersion& version = written_keras_version);
// Written beside and renamed: `path` has the whole model or is as it was. By the extension .keras or,
// for Keras 2, .h5.
CORNU_API void save_model(const Model& model, const std::filesystem::path& path, const SaveOptions& options = {});
}  // namespace saving

}  // namespace cornu
