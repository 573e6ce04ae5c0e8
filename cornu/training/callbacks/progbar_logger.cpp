#include "cornu/training/callbacks/progbar_logger.h"

#include "cornu/base/error.h"
#include "cornu/training/progress_bar.h"

namespace cornu::callbacks {

namespace {

class Bar final : public CustomCallback {
public:
    // Figures are made only for a bar that is about to be drawn.
    bool wants_batch_logs() const override { return bar_ && bar_->due(); }

    void on_train_begin(const Logs&) override { in_fit_ = true; }
    void on_train_end(const Logs&) override { in_fit_ = false; }
    void on_epoch_begin(int64_t epoch, const Logs&) override {
        begin();
        if (params().epochs > 1) bar_->message(str("Epoch ", epoch + 1, "/", params().epochs));
    }
    void on_train_batch_end(int64_t batch, const Logs& logs) override { update(batch, logs); }
    void on_epoch_end(int64_t, const Logs& logs) override { bar_->finish(done_, logs); }

    // Validation within fit is silent.
    void on_test_begin(const Logs&) override { if (!in_fit_) begin(); }
    void on_test_batch_end(int64_t batch, const Logs& logs) override { if (!in_fit_) update(batch, logs); }
    void on_test_end(const Logs& logs) override { if (!in_fit_) bar_->finish(done_, logs); }

    void on_predict_begin(const Logs&) override { begin(); }
    void on_predict_batch_end(int64_t batch, const Logs&) override { update(batch, {}, false); }
    void on_predict_end(const Logs&) override { bar_->finish(done_, {}); }

private:
    void begin() {
        bar_.emplace(params().verbose);
        bar_->start(params().steps);
        done_ = 0;
    }
    void update(int64_t batch, const Logs& logs, bool figures = true) {
        done_ = batch + 1;
        if (bar_->due() && (!logs.empty() || !figures)) bar_->update(done_, logs);
    }
    std::optional<ProgressBar> bar_;
    int64_t done_ = 0;
    bool in_fit_ = false;
};

}  // namespace

ProgbarLogger::ProgbarLogger() : Callback(std::make_shared<Bar>()) {}
bool is_progress_bar(const Callback& callback) { return dynamic_cast<const Bar*>(callback.shared().get()) != nullptr; }

}  // namespace cornu::callbacks
