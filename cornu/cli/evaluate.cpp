#include <CLI/CLI.hpp>
#include <iostream>

#include "cornu/cli/arrays.h"
#include "cornu/cli/verbs.h"
#include "cornu/saving/keras_file.h"

namespace cornu::cli {

void add_evaluate(CLI::App& app, Run& run) {
    struct Options {
        std::string model, data;
        int64_t batch_size = 32;
        bool json = false;
        Engine engine;
    };
    const auto o = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("evaluate", "loss and metrics of a compiled model on data");
    verb->add_option("model", o->model, "a .keras file")->required();
    verb->add_option("--data", o->data, "an .npz of inputs, targets y0, … and sample weights w0, …")->required();
    verb->add_option("--batch-size", o->batch_size, "samples at a time")->capture_default_str()->check(CLI::PositiveNumber);
    verb->add_flag("--json", o->json, "one JSON object, keyed as Keras's evaluate(return_dict=True)");
    o->engine.add_to(*verb);
    verb->callback([o, &run] {
        run = [o] {
            o->engine.apply();
            const Model model = load_model(o->model);
            const ModelData data = read_model_data(o->data, model, Wants::inputs_and_targets);
            const Logs logs = model.evaluate(data.x, data.y, {.batch_size = o->batch_size, .sample_weight = data.sample_weight});
            Json json = Json::object();
            for (const auto& [name, value] : logs) {
                json.set(name, value.item<double>());
                if (!o->json) std::cout << name << ": " << value.item<double>() << '\n';
            }
            if (o->json) std::cout << json.dump() << '\n';
            return 0;
        };
    });
}

}  // namespace cornu::cli
