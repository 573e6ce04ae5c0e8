#include <CLI/CLI.hpp>

#include "cornu/cli/verbs.h"
#include "cornu/saving/convert.h"

namespace cornu::cli {

void add_convert(CLI::App& app, Run& run) {
    struct Options { std::string in, out; };
    const auto o = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("convert", "loads a model or weights and writes them again, in the format that the name ends with");
    verb->add_option("in", o->in, "a model (.keras, .h5) or weights (.weights.h5, .weights.json, .safetensors)")->required();
    verb->add_option("out", o->out, "a model, or its weights; from weights only weights")->required();
    verb->callback([o, &run] {
        run = [o] {
            saving::convert(o->in, o->out);
            return 0;
        };
    });
}

}  // namespace cornu::cli
