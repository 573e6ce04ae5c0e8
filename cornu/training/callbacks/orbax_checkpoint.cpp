#include "cornu/training/callbacks/orbax_checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "cornu/training/callbacks/monitor.h"
#include "cornu/training/callbacks/save_freq.h"
#include "cornu/training/progress_bar.h"
#include "cornu/training/trainer.h"
#include "cornu/training/training_state.h"

namespace cornu::callbacks {

namespace fs = std::filesystem;

namespace {

// Numbered folders, lowest first; whatever else lies there is not ours.
std::vector<int64_t> steps_in(const std::string& directory) {
    std::vector<int64_t> steps;
    std::error_code failed;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, failed)) {
        const std::string name = entry.path().filename().string();
        if (!name.empty() && name.size() < 19 && name.find_first_not_of("0123456789") == name.npos) steps.push_back(std::stoll(name));
    }
    std::sort(steps.begin(), steps.end());
    return steps;
}

class Checkpoints final : public MonitorCallback {
public:
    explicit Checkpoints(OrbaxCheckpointConfig config)
        : MonitorCallback("OrbaxCheckpoint", config.monitor, config.mode, 0), config_(std::move(config)), frequency_(config_.save_freq, "OrbaxCheckpoint"),
          best_(config_.initial_value_threshold) {
        if (config_.directory.empty()) throw ValueError("[callbacks.OrbaxCheckpoint] directory must name a folder. Received: directory=\"\"");
        if (config_.max_to_keep && *config_.max_to_keep < 1)
            throw ValueError(str("[callbacks.OrbaxCheckpoint] max_to_keep must be a positive integer, or none for all. Received: max_to_keep=", *config_.max_to_keep));
    }
    bool wants_batch_logs() const override { return config_.save_best_only && !frequency_.by_epoch(); }
    void on_train_begin(const Logs&) override {
        due_.reset();
        remove_leftovers(config_.directory);
        batches_ = trainer().optimizer().impl().iterations().item<int64_t>();
    }
    void on_epoch_begin(int64_t, const Logs&) override { frequency_.new_epoch(); }
    void on_train_batch_end(int64_t batch, const Logs& logs) override {
        batches_ += batch - frequency_.last();
        if (frequency_.due(batch) && wanted(logs)) due_ = batches_;
    }
    void on_epoch_end(int64_t epoch, const Logs& logs) override {
        if (frequency_.by_epoch() && wanted(logs)) due_ = epoch;
    }
    void on_resumable(bool) override {
        if (due_) save(*std::exchange(due_, {}));
    }
    void get_state(TrainingState& state) const override {
        state.values = Json::object({{"since", frequency_.since()}, {"last", frequency_.last()}, {"batches", batches_}, {"best", best_ ? Json(*best_) : Json()}});
    }
    void set_state(const TrainingState& state) override {
        frequency_.go_on(state.values["since"].as_int(), state.values["last"].as_int());
        batches_ = state.values["batches"].as_int();
        best_.reset();
        if (!state.values["best"].is_null()) best_ = state.values["best"].as_double();
    }

private:
    bool wanted(const Logs& logs) {
        if (!config_.save_best_only) return true;
        const std::optional<double> now = watched(logs);
        if (!now || !improves(*now, best_)) return false;
        best_ = now;
        return true;
    }
    void save(int64_t step) {
        const fs::path folder = fs::path(config_.directory) / std::to_string(step);
        const fs::path beside = str(folder.string(), ".", ::getpid(), ".tmp");
        const auto check = [&](const std::error_code& failed) {
            if (failed) throw FileError(str("[callbacks.OrbaxCheckpoint] the checkpoint ", folder.string(), " cannot be written: ", failed.message()));
        };
        std::error_code failed;
        fs::create_directories(beside, failed);
        check(failed);
        try {
            if (config_.save_weights_only) trainer().save((beside / "checkpoint.weights.h5").string(), true);
            else write_training_state(trainer(), trainer().training_state(), (beside / "checkpoint.keras").string());
            // What a training before this one left at the same step stays until the new one is whole.
            const bool swapped = fs::exists(folder) && ::renameat2(AT_FDCWD, beside.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) == 0;
            if (swapped) {
                fs::remove_all(beside, failed);
            } else {
                fs::remove_all(folder, failed);
                fs::rename(beside, folder, failed);
                check(failed);
            }
        } catch (...) {
            fs::remove_all(beside, failed);
            throw;
        }
        if (config_.verbose > 0) progress_message(str("Saved the checkpoint ", folder.string()));
        std::vector<int64_t> steps = steps_in(config_.directory);
        for (size_t i = 0; config_.max_to_keep && i + static_cast<size_t>(*config_.max_to_keep) < steps.size(); ++i)
            if (steps[i] != step) fs::remove_all(fs::path(config_.directory) / std::to_string(steps[i]), failed);
    }
    OrbaxCheckpointConfig config_;
    SaveFrequency frequency_;
    std::optional<double> best_;
    std::optional<int64_t> due_;
    int64_t batches_ = 0;
};

}  // namespace

OrbaxCheckpoint::OrbaxCheckpoint(OrbaxCheckpointConfig config) : Callback(std::make_shared<Checkpoints>(std::move(config))) {}

std::optional<int64_t> latest_checkpoint(const std::string& directory) {
    const std::vector<int64_t> steps = steps_in(directory);
    return steps.empty() ? std::nullopt : std::optional<int64_t>(steps.back());
}

}  // namespace cornu::callbacks
