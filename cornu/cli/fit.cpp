#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdlib>

#include "cornu/cli/arrays.h"
#include "cornu/cli/verbs.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/atomic_file.h"
#include "cornu/saving/keras_file.h"
#include "cornu/training/callbacks/csv_logger.h"

namespace cornu::cli {

namespace {

std::atomic<int> signalled{0};

// The first signal lets the step finish and what was asked for be written; a second stops at once.
void on_signal(int number) {
    if (signalled.exchange(number)) std::_Exit(128 + number);
}

struct StopOnSignal : CustomCallback {
    void on_train_batch_end(int64_t, const Logs&) override {
        if (signalled) model().stop_training();
    }
    void on_epoch_begin(int64_t, const Logs&) override {
        if (signalled) model().stop_training();
    }
};

void write_history(const std::string& path, const History& history) {
    Json json = Json::object();
    for (const auto& [name, values] : history.history) {
        Json list = Json::array();
        for (const double value : values) list.push_back(value);
        json.set(name, list);
    }
    saving::AtomicFile file(path);
    const std::string text = json.dump() + "\n";
    file.write(std::as_bytes(std::span(text)));
    file.commit();
}

struct Options {
    std::string model, data, validation_data, history, csv_log, output;
    int64_t epochs = 1, batch_size = 32;
    std::optional<int64_t> seed;
    double validation_split = 0;
    bool no_shuffle = false;
    Engine engine;
};

int fit(const Options& o) {
    o.engine.apply();
    if (o.seed) random::set_random_seed(*o.seed);
    const Model model = load_model(o.model);
    const ModelData data = read_model_data(o.data, model, Wants::inputs_and_targets);
    FitOptions options{.batch_size = o.batch_size, .epochs = o.epochs, .validation_split = o.validation_split,
                       .shuffle = !o.no_shuffle, .sample_weight = data.sample_weight};
    options.callbacks.push_back(callback<StopOnSignal>());
    if (!o.csv_log.empty()) options.callbacks.push_back(callbacks::CSVLogger({.filename = o.csv_log}));
    if (!o.validation_data.empty()) {
        const ModelData v = read_model_data(o.validation_data, model, Wants::inputs_and_targets);
        options.validation_data = Data(v.x, v.y, v.sample_weight);
    }
    struct sigaction action = {};
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    const History history = model.fit(data.x, data.y, options);
    if (!o.history.empty()) write_history(o.history, history);
    if (!o.output.empty()) model.save(o.output);
    return signalled ? 128 + signalled : 0;
}

}  // namespace

void add_fit(CLI::App& app, Run& run) {
    const auto o = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("fit", "continues training from the file's own compile config and optimizer state");
    verb->add_option("model", o->model, "a compiled .keras file")->required();
    verb->add_option("--data", o->data, "an .npz of inputs, targets y0, … and sample weights w0, …")->required();
    verb->add_option("--epochs", o->epochs, "times to go through the data")->capture_default_str()->check(CLI::PositiveNumber);
    verb->add_option("--batch-size", o->batch_size, "samples a step")->capture_default_str()->check(CLI::PositiveNumber);
    verb->add_flag("--no-shuffle", o->no_shuffle, "keeps the order of the data");
    verb->add_option("--seed", o->seed, "set_random_seed, just before the model is loaded");
    auto* file = verb->add_option("--validation-data", o->validation_data, "an .npz to evaluate on after each epoch");
    verb->add_option("--validation-split", o->validation_split, "the last part of the data, held back for that")->check(CLI::Range(0.0, 1.0))->excludes(file);
    verb->add_option("--history", o->history, "a JSON file: for each name a value an epoch");
    verb->add_option("--csv-log", o->csv_log, "a CSV file with a row an epoch");
    verb->add_option("--output", o->output, "where to save the trained model");
    o->engine.add_to(*verb);
    verb->callback([o, &run] { run = [o] { return fit(*o); }; });
}

}  // namespace cornu::cli
