#include <CLI/CLI.hpp>

#include "cornu/cli/verbs.h"
#include "cornu/saving/keras_file.h"

namespace cornu::cli {

void add_convert(CLI::App& app, Run& run) {
    struct Options { std::string in, out; };
    const auto o = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("convert", "loads a model and writes it again, in the format its name ends with");
    verb->add_option("in", o->in, "a .keras file")->required();
    verb->add_option("out", o->out, "a .keras file, or .weights.h5 for the weights alone")->required();
    verb->callback([o, &run] {
        run = [o] {
            const Model model = load_model(o->in);
            if (o->out.ends_with(".weights.h5")) model.save_weights(o->out);
            else if (o->out.ends_with(".keras")) model.save(o->out);
            else throw FileError(str("a model is converted to .keras or .weights.h5. Received: ", o->out));
            return 0;
        };
    });
}

}  // namespace cornu::cli
