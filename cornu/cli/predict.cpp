#include <CLI/CLI.hpp>

#include "cornu/cli/arrays.h"
#include "cornu/cli/verbs.h"
#include "cornu/saving/keras_file.h"

namespace cornu::cli {

void add_predict(CLI::App& app, Run& run) {
    struct Options {
        std::string model, inputs, outputs;
        int64_t batch_size = 32;
        Engine engine;
    };
    const auto o = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("predict", "runs a model on arrays and writes its outputs as y0, y1, …");
    verb->add_option("model", o->model, "a .keras file")->required();
    verb->add_option("--inputs", o->inputs, "an .npz (by the model's input names, or x0, x1, …) or one .npy")->required();
    verb->add_option("--outputs", o->outputs, "the .npz to write")->required();
    verb->add_option("--batch-size", o->batch_size, "samples at a time")->capture_default_str()->check(CLI::PositiveNumber);
    o->engine.add_to(*verb);
    verb->callback([o, &run] {
        run = [o] {
            o->engine.apply();
            const Model model = load_model(o->model);
            const ModelData data = read_model_data(o->inputs, model, Wants::inputs);
            write_outputs(o->outputs, model.predict(data.x, {.batch_size = o->batch_size}));
            return 0;
        };
    });
}

}  // namespace cornu::cli
