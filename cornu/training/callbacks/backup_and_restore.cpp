#include "cornu/training/callbacks/backup_and_restore.h"

#include <atomic>
#include <filesystem>

#include "cornu/base/log.h"
#include "cornu/training/callbacks/save_freq.h"
#include "cornu/training/trainer.h"
#include "cornu/training/training_state.h"

namespace cornu::callbacks {

namespace fs = std::filesystem;

namespace {

class Backup final : public CustomCallback {
public:
    explicit Backup(BackupAndRestoreConfig config) : config_(std::move(config)), frequency_(config_.save_freq, "BackupAndRestore") {
        if (config_.backup_dir.empty()) throw ValueError("[callbacks.BackupAndRestore] backup_dir must name a folder. Received: backup_dir=\"\"");
    }
    bool wants_batch_logs() const override { return false; }

    void on_train_begin(const Logs&) override {
        interrupted_ = interrupted_saved_ = false;
        frequency_.go_on(0, -1);
        if (!trainer().layer().built())
            throw ValueError(str("[callbacks.BackupAndRestore] the model must be built before fit: call it on some data, or give its input shape. Received: ",
                                 trainer().layer().name(), ", not built"));
        remove_leftovers(config_.backup_dir);
        if (fs::exists(latest())) {
            try {
                return trainer().resume_from(read_training_state(trainer(), latest()));
            } catch (const FileError& error) {
                if (!fs::exists(previous())) throw;
                log_message(LogLevel::warning, str("callbacks.BackupAndRestore takes the backup before the last: ", error.what()));
            }
        }
        if (fs::exists(previous())) trainer().resume_from(read_training_state(trainer(), previous()));
    }
    void on_epoch_begin(int64_t, const Logs&) override { frequency_.new_epoch(); }
    void on_train_batch_end(int64_t batch, const Logs&) override { due_ = frequency_.due(batch) || due_; }
    void on_resumable(bool epoch_ended) override {
        const bool due = std::exchange(due_, false) || (epoch_ended && frequency_.by_epoch());
        if (interrupted_saved_ || !(due || interrupted_)) return;
        save(interrupted_);
        interrupted_saved_ = interrupted_;
    }
    void on_train_end(const Logs&) override {
        if (config_.delete_checkpoint && !interrupted_) discard();
    }
    void get_state(TrainingState& state) const override {
        state.values.set("since", frequency_.since());
        state.values.set("last", frequency_.last());
    }
    void set_state(const TrainingState& state) override { frequency_.go_on(state.values["since"].as_int(), state.values["last"].as_int()); }

    void interrupt() { interrupted_ = true; }
    void discard() const {
        std::error_code ignored;
        fs::remove(latest(), ignored);
        fs::remove(previous(), ignored);
        remove_leftovers(config_.backup_dir);
        fs::remove(config_.backup_dir, ignored);  // only when empty
    }

private:
    std::string latest() const { return (fs::path(config_.backup_dir) / "latest.keras").string(); }
    std::string previous() const { return (fs::path(config_.backup_dir) / "previous.keras").string(); }

    void save(bool interrupted) {
        std::error_code failed;
        fs::create_directories(config_.backup_dir, failed);
        if (failed) throw FileError(str("[callbacks.BackupAndRestore] the folder ", config_.backup_dir, " cannot be made: ", failed.message()));
        TrainingState state = trainer().training_state();
        if (interrupted) state.values.set("stopped", false);  // whoever interrupts it wants it to go on
        if (config_.double_checkpoint && fs::exists(latest())) keep_previous();
        write_training_state(trainer(), state, latest());
    }
    // The last backup gets a second name; renaming the new one over the first then leaves it.
    void keep_previous() const {
        const std::string beside = previous() + ".tmp";
        std::error_code failed;
        fs::remove(beside, failed);
        fs::create_hard_link(latest(), beside, failed);
        if (failed) fs::copy_file(latest(), beside, fs::copy_options::overwrite_existing, failed);
        if (!failed) fs::rename(beside, previous(), failed);
        if (failed) throw FileError(str(previous(), ": the last backup cannot be kept: ", failed.message()));
    }

    BackupAndRestoreConfig config_;
    SaveFrequency frequency_;
    bool due_ = false, interrupted_saved_ = false;
    std::atomic<bool> interrupted_ = false;
};

Backup& backup_of(const Callback& callback) { return static_cast<Backup&>(callback.impl()); }

}  // namespace

BackupAndRestore::BackupAndRestore(BackupAndRestoreConfig config) : Callback(std::make_shared<Backup>(std::move(config))) {}
void BackupAndRestore::interrupt() const { backup_of(*this).interrupt(); }
void BackupAndRestore::discard() const { backup_of(*this).discard(); }

}  // namespace cornu::callbacks
