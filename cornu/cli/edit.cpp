#include <CLI/CLI.hpp>
#include <iostream>

#include "cornu/cli/verbs.h"
#include "cornu/saving/arrays.h"
#include "cornu/saving/file_editor.h"
#include "cornu/saving/keras_file.h"

namespace cornu::cli {

namespace {

struct Options {
    std::string file, compare, output;
    std::vector<std::pair<std::string, std::string>> rename, remove_weight, add, add_weights;
    std::vector<std::string> remove;
};

KerasFileEditor::Weights arrays_in(const std::string& path) {
    KerasFileEditor::Weights weights;
    for (const auto& [name, tensor] : load_arrays(path)) weights.emplace(name.empty() ? "0" : name, tensor);
    return weights;
}

int edit(const Options& o) {
    KerasFileEditor editor(o.file);
    for (const auto& [object, name] : o.rename) editor.rename_object(object, name);
    for (const std::string& object : o.remove) editor.delete_object(object);
    for (const auto& [object, weight] : o.remove_weight) editor.delete_weight(object, weight);
    for (const auto& [object, path] : o.add) editor.add_object(object, arrays_in(path));
    for (const auto& [object, path] : o.add_weights) editor.add_weights(object, arrays_in(path));
    if (!o.output.empty()) editor.save(o.output);
    if (o.compare.empty()) {
        if (o.output.empty()) std::cout << editor.summary();
        return 0;
    }
    const KerasFileEditor::Comparison result = editor.compare(load_model(o.compare));
    for (const std::string& error : result.errors) std::cout << error << '\n';
    std::cout << result.match_count << " weights match, " << result.error_count << " errors\n";
    if (!result.success()) throw FileError(str(o.file, ": the weights do not fit ", o.compare, "."));
    return 0;
}

}  // namespace

void add_edit(CLI::App& app, Run& run) {
    const auto o = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("edit", "changes the weights in a file, or compares them with a model; without options, lists them");
    verb->add_option("file", o->file, "a .keras, .weights.h5 or .weights.json file")->required();
    verb->add_option("--rename", o->rename, "OBJECT NAME: renames, e.g. layers/dense_2 dense_3");
    verb->add_option("--delete", o->remove, "OBJECT: removes it and all below it");
    verb->add_option("--delete-weight", o->remove_weight, "OBJECT WEIGHT: removes one of its weights, e.g. layers/dense 1");
    verb->add_option("--add", o->add, "OBJECT FILE: a new one, with the arrays of an .npz named 0, 1, …");
    verb->add_option("--add-weights", o->add_weights, "OBJECT FILE: more weights of one that is there");
    verb->add_option("--compare", o->compare, "a .keras file: does the model have these weights?");
    verb->add_option("--output", o->output, "the file to write: .weights.h5, or .keras from a .keras");
    verb->callback([o, &run] { run = [o] { return edit(*o); }; });
}

}  // namespace cornu::cli
