#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "cornu/cli/arrays.h"
#include "cornu/cli/verbs.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/atomic_file.h"
#include "cornu/saving/keras_file.h"
#include "cornu/training/callbacks/callbacks.h"

namespace cornu::cli {

namespace {

std::atomic<int> signalled{0};

// The first signal lets the step finish and what was asked for be written; a second stops at once.
void on_signal(int number) {
    if (signalled.exchange(number)) std::_Exit(128 + number);
}

struct StopOnSignal : CustomCallback {
    explicit StopOnSignal(std::optional<callbacks::BackupAndRestore> backup) : backup(std::move(backup)) {}
    bool wants_batch_logs() const override { return false; }
    void on_train_batch_end(int64_t, const Logs&) override { look(); }
    void on_epoch_end(int64_t, const Logs&) override { look(); }
    void on_test_batch_end(int64_t, const Logs&) override { look(); }
    void look() {
        if (!signalled) return;
        if (backup) backup->interrupt();
        model().stop_training();
    }
    std::optional<callbacks::BackupAndRestore> backup;
};

// The figures of all epochs, also of those that an earlier run made which this one goes on from.
struct WholeHistory : CustomCallback {
    bool wants_batch_logs() const override { return false; }
    void on_epoch_end(int64_t, const Logs& logs) override {
        for (const auto& [name, value] : logs) {
            if (!history.contains(name)) history.set(name, Json::array());
            history.find(name)->push_back(value.to_vector<double>().at(0));
        }
    }
    void get_state(TrainingState& state) const override { state.values.set("history", history); }
    void set_state(const TrainingState& state) override {
        history = state.values["history"];
        for (const auto& [name, values] : history.as_object()) values.as_array();
    }
    void write(const std::string& path) const {
        saving::AtomicFile file(path);
        file.write(history.dump() + "\n");
        file.commit();
    }
    Json history = Json::object();
};

// METRIC[:patience]; none when it is something else.
std::optional<callbacks::EarlyStoppingConfig> read_early_stopping(const std::string& text) {
    const size_t colon = text.rfind(':');
    callbacks::EarlyStoppingConfig config{.monitor = text.substr(0, colon)};
    if (config.monitor.empty()) return {};
    if (colon == text.npos) return config;
    const std::string patience = text.substr(colon + 1);
    if (patience.empty() || patience.size() > 9 || patience.find_first_not_of("0123456789") != patience.npos) return {};
    config.patience = std::stoll(patience);
    return config;
}

struct Options {
    std::string model, data, validation_data, history, csv_log, tensorboard, checkpoint, early_stopping, backup, output;
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
    // The backup outlives fit, until everything that was asked for is written.
    std::optional<callbacks::BackupAndRestore> backup;
    if (!o.backup.empty()) backup.emplace(callbacks::BackupAndRestoreConfig{.backup_dir = o.backup, .delete_checkpoint = false});
    const bool goes_on = backup && std::filesystem::exists(std::filesystem::path(o.backup) / "latest.keras");
    const auto history = std::make_shared<WholeHistory>();
    options.callbacks = {callback<StopOnSignal>(backup), Callback(history)};
    if (!o.early_stopping.empty()) options.callbacks.push_back(callbacks::EarlyStopping(*read_early_stopping(o.early_stopping)));
    if (!o.csv_log.empty()) options.callbacks.push_back(callbacks::CSVLogger(o.csv_log, ",", goes_on));
    if (!o.tensorboard.empty()) options.callbacks.push_back(callbacks::TensorBoard({.log_dir = o.tensorboard}));
    if (!o.checkpoint.empty())
        options.callbacks.push_back(callbacks::ModelCheckpoint({.filepath = o.checkpoint, .save_weights_only = o.checkpoint.ends_with(".weights.h5")}));
    if (backup) options.callbacks.push_back(*backup);
    if (!o.validation_data.empty()) {
        const ModelData v = read_model_data(o.validation_data, model, Wants::inputs_and_targets);
        options.validation_data = Data(v.x, v.y, v.sample_weight);
    }
    struct sigaction action = {};
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    model.fit(data.x, data.y, options);
    if (!o.history.empty()) history->write(o.history);
    if (!o.output.empty()) model.save(o.output);
    if (backup && !signalled) backup->discard();
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
    verb->add_option("--tensorboard", o->tensorboard, "a folder for event files that TensorBoard shows");
    verb->add_option("--checkpoint", o->checkpoint, "where to save the model after each epoch: .keras or .weights.h5; {epoch} and figures are put in");
    verb->add_option("--early-stopping", o->early_stopping, "METRIC[:patience]: ends when the figure has not got better for so many epochs")
        ->check([](const std::string& text) { return read_early_stopping(text) ? "" : "METRIC or METRIC:patience, e.g. val_loss:3"; });
    verb->add_option("--backup", o->backup, "a folder that a run which was killed or interrupted leaves; the same command goes on from it");
    verb->add_option("--output", o->output, "where to save the trained model");
    o->engine.add_to(*verb);
    verb->callback([o, &run] { run = [o] { return fit(*o); }; });
}

}  // namespace cornu::cli
