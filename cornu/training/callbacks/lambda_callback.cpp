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
    void on_epoch_begin(int64_t at, const Logs& logs) override { if (config_.on_epoch_begin) config_.on_epoch_begin(at, logs); }
    void on_epoch_end(int64_t at, const Logs& logs) override { if (config_.on_epoch_end) config_.on_epoch_end(at, logs); }
    void on_train_begin(const Logs& logs) override { if (config_.on_train_begin) config_.on_train_begin(logs); }
    void on_train_end(const Logs& logs) override { if (config_.on_train_end) config_.on_train_end(logs); }
    void on_train_batch_begin(int64_t at, const Logs& logs) override { if (config_.on_train_batch_begin) config_.on_train_batch_begin(at, logs); }
    void on_train_batch_end(int64_t at, const Logs& logs) override { if (config_.on_train_batch_end) config_.on_train_batch_end(at, logs); }
    void on_test_begin(const Logs& logs) override { if (config_.on_test_begin) config_.on_test_begin(logs); }
    void on_test_end(const Logs& logs) override { if (config_.on_test_end) config_.on_test_end(logs); }
    void on_test_batch_begin(int64_t at, const Logs& logs) override { if (config_.on_test_batch_begin) config_.on_test_batch_begin(at, logs); }
    void on_test_batch_end(int64_t at, const Logs& logs) override { if (config_.on_test_batch_end) config_.on_test_batch_end(at, logs); }
    void on_predict_begin(const Logs& logs) override { if (config_.on_predict_begin) config_.on_predict_begin(logs); }
    void on_predict_end(const Logs& logs) override { if (config_.on_predict_end) config_.on_predict_end(logs); }
    void on_predict_batch_begin(int64_t at, const Logs& logs) override { if (config_.on_predict_batch_begin) config_.on_predict_batch_begin(at, logs); }
    void on_predict_batch_end(int64_t at, const Logs& logs) override { if (config_.on_predict_batch_end) config_.on_predict_batch_end(at, logs); }
    bool wants_batch_logs() const override { return config_.on_train_batch_end || config_.on_test_batch_end || config_.on_predict_batch_end; }

private:
    LambdaCallbackConfig config_;
};

class Terminator final : public CustomCallback {
public:
    explicit Terminator(bool raise_error) : raise_error_(raise_error) {}
    void on_train_batch_end(int64_t batch, const Logs& logs) override {
        if (!logs.contains("loss") || std::isfinite(logs["loss"])) return;
        if (raise_error_) throw NumericError(str("NaN or Inf loss encountered at batch ", batch, ". Loss value: ", logs["loss"], ". Terminating training immediately."));
        progress_message(str("Batch ", batch, ": Invalid loss, terminating training"));
        trainer().stop_training();
    }

private:
    bool raise_error_;
};

}  // namespace

LambdaCallback::LambdaCallback(LambdaCallbackConfig config) : Callback(std::make_shared<Lambdas>(std::move(config))) {}
TerminateOnNaN::TerminateOnNaN(bool raise_error) : Callback(std::make_shared<Terminator>(raise_error)) {}

}  // namespace cornu::callbacks
