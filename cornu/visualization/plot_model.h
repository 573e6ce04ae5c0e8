// The picture of a model: layers as boxes, from inputs down to outputs.
#pragma once

#include <string>

#include "cornu/models/model.h"

namespace cornu::visualization {

struct PlotOptions {
    bool show_shapes = false;
    bool show_dtype = false;
    bool show_layer_names = false;
    bool show_trainable = false;
    std::string rankdir = "TB";              // or "LR": from left to right; of .dot files only
};

// In Graphviz's language, or drawn. A model that is neither Functional nor Sequential is one box.
CORNU_API std::string to_dot(const Model& model, const PlotOptions& options = {});
CORNU_API std::string to_svg(const Model& model, const PlotOptions& options = {});

// As keras.utils.plot_model, to a .svg or .dot file, which has the whole picture or is as it was.
// Throws ValueError for another extension or rankdir, FileError when it cannot be written.
CORNU_API void plot_model(const Model& model, const std::string& to_file, const PlotOptions& options = {});

}  // namespace cornu::visualization
