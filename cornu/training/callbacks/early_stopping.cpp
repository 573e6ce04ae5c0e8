#include "cornu/training/callbacks/early_stopping.h"

#include "cornu/base/error.h"
#include "cornu/training/callbacks/monitor.h"
#include "cornu/training/progress_bar.h"
#include "cornu/training/trainer.h"
#include "cornu/training/training_state.h"

namespace cornu::callbacks {

namespace {

class Stopping final : public MonitorCallback {
public:
    explicit Stopping(EarlyStoppingConfig config)
        : MonitorCallback("EarlyStopping", config.monitor, config.mode, config.min_delta), config_(std::move(config)) {
        if (config_.patience < 0) throw ValueError(str("[callbacks.EarlyStopping] patience must not be negative. Received: patience=", config_.patience));
    }
    void on_train_begin(const Logs&) override {
        wait_ = stopped_ = best_epoch_ = 0;
        best_.reset();
        weights_.clear();
    }
    void on_epoch_end(int64_t epoch, const Logs& logs) override {
        const std::optional<double> now = watched(logs);
        if (!now || epoch < config_.start_from_epoch) return;
        if (config_.restore_best_weights && weights_.empty()) keep(epoch);  // if it never gets better, these are best
        ++wait_;
        if (improves(*now, best_)) {
            best_ = now;
            best_epoch_ = epoch;
            if (config_.restore_best_weights) keep(epoch);
            if (!config_.baseline || improves(*now, config_.baseline)) wait_ = 0;
            return;
        }
        if (wait_ >= config_.patience && epoch > 0) {
            stopped_ = epoch;
            trainer().stop_training();
        }
    }
    void on_train_end(const Logs&) override {
        if (stopped_ > 0 && config_.verbose > 0) progress_message(str("Epoch ", stopped_ + 1, ": early stopping"));
        if (weights_.empty()) return;
        if (config_.verbose > 0) progress_message(str("Restoring model weights from the end of the best epoch: ", best_epoch_ + 1, "."));
        trainer().layer().set_weights(weights_);
        weights_.clear();
    }
    void get_state(TrainingState& state) const override {
        state.values = Json::object({{"wait", wait_}, {"stopped_epoch", stopped_}, {"best_epoch", best_epoch_}, {"best", best_ ? Json(*best_) : Json()},
                                     {"weights", static_cast<int64_t>(weights_.size())}});
        for (size_t i = 0; i < weights_.size(); ++i) state.add(str("weights/", i), weights_[i]);
    }
    void set_state(const TrainingState& state) override {
        wait_ = state.values["wait"].as_int();
        stopped_ = state.values["stopped_epoch"].as_int();
        best_epoch_ = state.values["best_epoch"].as_int();
        best_ = state.values["best"].is_null() ? std::optional<double>() : state.values["best"].as_double();
        weights_.clear();
        for (int64_t i = 0; i < state.values["weights"].as_int(); ++i) weights_.push_back(state.at(str("weights/", i)));
    }
    int64_t stopped() const { return stopped_; }
    int64_t best_epoch() const { return best_epoch_; }

private:
    void keep(int64_t epoch) {
        weights_ = trainer().layer().get_weights();
        best_epoch_ = epoch;
    }
    EarlyStoppingConfig config_;
    int64_t wait_ = 0, stopped_ = 0, best_epoch_ = 0;
    std::optional<double> best_;
    Tensors weights_;
};

}  // namespace

EarlyStopping::EarlyStopping(EarlyStoppingConfig config) : Callback(std::make_shared<Stopping>(std::move(config))) {}
int64_t EarlyStopping::stopped_epoch() const { return static_cast<Stopping&>(impl()).stopped(); }
int64_t EarlyStopping::best_epoch() const { return static_cast<Stopping&>(impl()).best_epoch(); }

}  // namespace cornu::callbacks
