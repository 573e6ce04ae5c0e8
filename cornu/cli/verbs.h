// The verbs of the command: each adds its own options and what it does, in a file of its own. The
// contract (words, exit codes, names of arrays) is docs/cli.md.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace cornu::cli {

// 0 done, 1 refused or failed, 130 or 143 when a signal ended it.
using Run = std::function<int()>;

void add_predict(CLI::App& app, Run& run);
void add_fit(CLI::App& app, Run& run);
void add_evaluate(CLI::App& app, Run& run);
void add_summary(CLI::App& app, Run& run);
void add_inspect(CLI::App& app, Run& run);
void add_edit(CLI::App& app, Run& run);
void add_convert(CLI::App& app, Run& run);
void add_plot(CLI::App& app, Run& run);
void add_describe(CLI::App& app, Run& run);
void add_bench(CLI::App& app, Run& run);
void add_backends(CLI::App& app, Run& run);
void add_version(CLI::App& app, Run& run);

// --backend, --device and --threads, which every verb that runs a model takes.
struct Engine {
    std::string backend, device;   // empty: the context's, and its first
    int threads = 0;
    bool deterministic = false;
    void add_to(CLI::App& verb);
    void apply() const;
};

}  // namespace cornu::cli
