#include <CLI/CLI.hpp>

#include "cornu/cli/verbs.h"
#include "cornu/saving/keras_file.h"
#include "cornu/visualization/plot_model.h"

namespace cornu::cli {

void add_plot(CLI::App& app, Run& run) {
    struct Options {
        std::string model, out;
        visualization::PlotOptions plot{.show_shapes = true, .show_layer_names = true};
    };
    const auto o = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("plot", "the picture of a model, as plot_model draws it");
    verb->add_option("model", o->model, "a .keras file")->required();
    verb->add_option("out", o->out, "a .svg file, or .dot for Graphviz")->required();
    verb->add_flag("--dtypes", o->plot.show_dtype, "dtypes beside the shapes");
    verb->callback([o, &run] {
        run = [o] {
            visualization::plot_model(load_model(o->model), o->out, o->plot);
            return 0;
        };
    });
}

}  // namespace cornu::cli
