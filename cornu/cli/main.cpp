// `cornu`: trains, runs and looks at Keras models from a shell.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>

#include "cornu/backend/backend.h"
#include "cornu/backend/determinism.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"
#include "cornu/cli/verbs.h"

namespace cornu::cli {

void Engine::add_to(CLI::App& verb) {
    verb.add_option("--backend", backend, "native (default), xla, torch, openvino or tensorflow");
    verb.add_option("--device", device, "cpu or gpu[:N]; default: the backend's first");
    verb.add_option("--threads", threads, "threads to use; 0: all cores")->check(CLI::Range(0, 1024));
    verb.add_flag("--deterministic", deterministic, "the same bits for any number of threads");
}

void Engine::apply() const {
    if (threads) set_threads(threads);
    config::enable_determinism(deterministic);
    if (!backend.empty()) config::set_backend(backend);
    if (device.empty()) return;
    const auto devices = current_backend()->info().devices;
    for (const std::string& known : devices)
        if (known == device || known == device + ":0") return;
    std::string list;
    for (const std::string& known : devices) list += (list.empty() ? "" : ", ") + known;
    throw BackendError(str("the backend ", current_backend()->info().name, " has no device ", device, " here. It has: ", list, "."));
}

}  // namespace cornu::cli

int main(int argc, char** argv) {
    CLI::App app("Keras models, natively: define in C++ or Python, train, evaluate, run, convert.", "cornu");
    app.require_subcommand(1);
    app.footer("`cornu VERB --help` explains a verb. Files are .keras models and .npz arrays.");
    cornu::cli::Run run;
    using namespace cornu::cli;
    for (const auto add : {add_predict, add_fit, add_evaluate, add_summary, add_inspect, add_edit, add_convert, add_plot, add_describe, add_bench,
                           add_backends, add_version})
        add(app, run);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        app.exit(help);
        return 0;
    } catch (const CLI::ParseError& error) {
        std::cerr << "cornu: " << error.what() << "\nRun `cornu --help` for what there is.\n";
        return 2;
    }
    try {
        const int status = run();
        std::cout.flush();
        if (!std::cout) throw cornu::FileError("standard output could not be written.");
        return status;
    } catch (const std::bad_alloc&) {
        std::cerr << "cornu: out of memory.\n";
    } catch (const std::exception& error) {
        std::cerr << "cornu: " << error.what() << '\n';
    }
    return 1;
}
