#include "cornu/saving/inspect.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "cornu/cli/verbs.h"

namespace cornu::cli {

void add_inspect(CLI::App& app, Run& run) {
    struct Options {
        std::string file;
        bool json = false;
    };
    const auto o = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("inspect", "looks into a file without building a model: members, layers, weights, anything suspicious");
    verb->add_option("file", o->file, "a .keras, .h5, .weights.h5, .weights.json, .safetensors, .npz or .npy file")->required();
    verb->add_flag("--json", o->json, "one JSON object");
    verb->callback([o, &run] {
        run = [o] {
            const Json found = saving::inspect(o->file);
            std::cout << (o->json ? found.dump() + "\n" : saving::inspection_text(found));
            return 0;
        };
    });
}

}  // namespace cornu::cli
