#include <CLI/CLI.hpp>
#include <iostream>

#include "cornu/cli/verbs.h"
#include "cornu/saving/keras_file.h"

namespace cornu::cli {

void add_summary(CLI::App& app, Run& run) {
    const auto path = std::make_shared<std::string>();
    CLI::App* verb = app.add_subcommand("summary", "the table of layers that model.summary() prints");
    verb->add_option("model", *path, "a .keras file")->required();
    verb->callback([path, &run] {
        run = [path] {
            std::cout << load_model(*path).summary() << '\n';
            return 0;
        };
    });
}

}  // namespace cornu::cli
