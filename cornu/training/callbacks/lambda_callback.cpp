#include "cornu/training/callbacks/lambda_callback.h"

#include <cmath>

#include "cornu/base/error.h"
#include "cornu/training/progress_bar.h"
#include "cornu/training/trainer.h"

namespace cornu::callbacks {

namespace {

class Lambdas final : public CustomCallback {
public:
    explicit Lambdas(LambdaCallbackConfig config) : config_(std::move(config)) {}
    void on_epoch_begin(int64_t epoch, const Logs& logs) override { if (config_.on_epoch_begin) config_.on_epoch_begin(epoch, logs); }
    void on_epoch_end(int64_t epoch, const Logs& logs) override { if (config_.on_epoch_end) config_.on_epoch_end(epoch, logs); }
    void on_train_begin(const Logs& logs) override { if (config_.on_train_begin) config_.on_train_begin(logs); }
    void on_train_end(const Logs& logs) override { if (config_.on_train_end) config_.on_train_end(logs); }
    void on_train_batch_begin(int64_t batch, const Logs& logs) override { if (config_.on_train_batch_begin) config_.on_train_batch_begin(batch, logs); }
    void on_train_batch_end(int64_t batch, const Logs& logs) override { if (config_.on_train_batch_end) config_.on_train_batch_end(batch, logs); }
    bool wants_batch_logs() const override { return static_cast<bool>(config_.on_train_batch_end); }

private:
    LambdaCallbackConfig config_;
};

class Terminator final : public CustomCallback {
public:
    explicit Terminator(bool raise_error) : raise_error_(raise_error) {}
    bool wants_batch_logs() const override { return true; }
    void on_train_batch_end(int64_t batch, const Logs& logs) override {
        if (!logs.contains("loss") || std::isfinite(logs["loss"])) return;
        const std::string message = str("Batch ", batch, ": Invalid loss, terminating training");
        if (raise_error_) throw NumericError(message);
        progress_message(message);
        trainer().stop_training();
    }

private:
    bool raise_error_;
};

}  // namespace

LambdaCallback::LambdaCallback(LambdaCallbackConfig config) : Callback(std::make_shared<Lambdas>(std::move(config))) {}
TerminateOnNaN::TerminateOnNaN(bool raise_error) : Callback(std::make_shared<Terminator>(raise_error)) {}

}  // namespace cornu::callbacks
