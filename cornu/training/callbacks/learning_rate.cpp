#include "cornu/training/callbacks/learning_rate.h"

#include "cornu/base/error.h"
#include "cornu/training/callbacks/monitor.h"
#include "cornu/training/progress_bar.h"
#include "cornu/training/trainer.h"
#include "cornu/training/training_state.h"

namespace cornu::callbacks {

namespace {

class Scheduler final : public CustomCallback {
public:
    Scheduler(std::function<double(int64_t, double)> schedule, int verbose) : schedule_(std::move(schedule)), verbose_(verbose) {
        if (!schedule_) throw ValueError("[callbacks.LearningRateScheduler] schedule must be a function of the epoch and the rate. Received: none");
    }
    bool wants_batch_logs() const override { return false; }
    void on_epoch_begin(int64_t epoch, const Logs&) override {
        const Optimizer& optimizer = trainer().optimizer();
        const double rate = schedule_(epoch, optimizer.learning_rate());
        optimizer.set_learning_rate(rate);
        if (verbose_ > 0) progress_message(str("Epoch ", epoch + 1, ": LearningRateScheduler setting learning rate to ", rate, "."));
    }
    void add_epoch_logs(int64_t, Logs& logs) override { logs.set("learning_rate", trainer().optimizer().learning_rate()); }

private:
    std::function<double(int64_t, double)> schedule_;
    int verbose_;
};

class Reducer final : public MonitorCallback {
public:
    explicit Reducer(ReduceLROnPlateauConfig config)
        : MonitorCallback("ReduceLROnPlateau", config.monitor, config.mode, config.min_delta), config_(std::move(config)) {
        if (config_.factor >= 1) throw ValueError(str("[callbacks.ReduceLROnPlateau] factor must be below 1. Received: factor=", config_.factor));
    }
    void on_train_begin(const Logs&) override {
        best_.reset();
        wait_ = resting_ = 0;
    }
    void add_epoch_logs(int64_t, Logs& logs) override { logs.set("learning_rate", trainer().optimizer().learning_rate()); }
    void on_epoch_end(int64_t epoch, const Logs& logs) override {
        const std::optional<double> now = watched(logs);
        if (!now) return;
        if (resting_ > 0) {
            --resting_;
            wait_ = 0;
        }
        if (improves(*now, best_)) {
            best_ = now;
            wait_ = 0;
        } else if (resting_ <= 0 && ++wait_ >= config_.patience) {
            const Optimizer& optimizer = trainer().optimizer();
            const double old = optimizer.learning_rate();
            if (old <= static_cast<double>(static_cast<float>(config_.min_lr))) return;
            const double rate = std::max(old * config_.factor, config_.min_lr);
            optimizer.set_learning_rate(rate);
            if (config_.verbose > 0) progress_message(str("Epoch ", epoch + 1, ": ReduceLROnPlateau reducing learning rate to ", rate, "."));
            resting_ = config_.cooldown;
            wait_ = 0;
        }
    }
    void get_state(TrainingState& state) const override {
        state.values = Json::object({{"wait", wait_}, {"cooldown", resting_}, {"best", best_ ? Json(*best_) : Json()}});
    }
    void set_state(const TrainingState& state) override {
        wait_ = state.values["wait"].as_int();
        resting_ = state.values["cooldown"].as_int();
        best_ = state.values["best"].is_null() ? std::optional<double>() : state.values["best"].as_double();
    }

private:
    ReduceLROnPlateauConfig config_;
    std::optional<double> best_;
    int64_t wait_ = 0, resting_ = 0;
};

}  // namespace

LearningRateScheduler::LearningRateScheduler(std::function<double(int64_t, double)> schedule, int verbose)
    : Callback(std::make_shared<Scheduler>(std::move(schedule), verbose)) {}
ReduceLROnPlateau::ReduceLROnPlateau(ReduceLROnPlateauConfig config) : Callback(std::make_shared<Reducer>(std::move(config))) {}

}  // namespace cornu::callbacks
