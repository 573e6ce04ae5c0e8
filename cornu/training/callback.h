// Callback: hears of the stages of fit, evaluate and predict.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cornu/training/logs.h"

namespace cornu {

class Model;
class Trainer;
struct TrainingState;
enum class Verbose : uint8_t;

// What the loop that calls was asked for.
struct CallbackParams {
    Verbose verbose = {};
    int64_t epochs = 1;
    std::optional<int64_t> steps = {};             // batches of an epoch, evaluation or prediction, if known
};

// Batches and epochs count from 0. With several steps an execution, a batch hook names the last.
class CORNU_API CustomCallback {
public:
    virtual ~CustomCallback() = default;
    virtual void on_train_begin(const Logs&) {}
    virtual void on_train_end(const Logs&) {}
    virtual void on_epoch_begin(int64_t /*epoch*/, const Logs&) {}
    virtual void on_epoch_end(int64_t /*epoch*/, const Logs&) {}
    virtual void on_batch_begin(int64_t /*batch*/, const Logs&) {}     // of training, as below
    virtual void on_batch_end(int64_t /*batch*/, const Logs&) {}
    virtual void on_train_batch_begin(int64_t batch, const Logs& logs) { on_batch_begin(batch, logs); }
    virtual void on_train_batch_end(int64_t batch, const Logs& logs) { on_batch_end(batch, logs); }
    virtual void on_test_begin(const Logs&) {}
    virtual void on_test_end(const Logs&) {}
    virtual void on_test_batch_begin(int64_t /*batch*/, const Logs&) {}
    virtual void on_test_batch_end(int64_t /*batch*/, const Logs&) {}
    virtual void on_predict_begin(const Logs&) {}
    virtual void on_predict_end(const Logs&) {}
    virtual void on_predict_batch_begin(int64_t /*batch*/, const Logs&) {}
    // The only output is "outputs"; several go by their names.
    virtual void on_predict_batch_end(int64_t /*batch*/, const Logs&) {}

    // ---- beyond Keras ----
    // Figures of its own for an epoch, before anyone's on_epoch_end sees it.
    virtual void add_epoch_logs(int64_t /*epoch*/, Logs&) {}
    // Asked before each on_*_batch_end: if nobody wants them, the hook gets no figures, and making
    // them costs nothing.
    virtual bool wants_batch_logs() const { return true; }
    // Training could be taken up again from here: after all on_epoch_end, or between two batches.
    virtual void on_resumable(bool /*epoch_ended*/) {}
    // What it must remember for that (training/training_state.h); put back after on_train_begin, and
    // once more after on_epoch_begin when training goes on within an epoch.
    virtual void get_state(TrainingState&) const {}
    virtual void set_state(const TrainingState&) {}

    Model& model() const;                        // the one being trained; throws outside of training
    Trainer& trainer() const;                    // its training side
    const CallbackParams& params() const { return params_; }
    void set_model(Model* model, Trainer* trainer) {
        model_ = model;
        trainer_ = trainer;
    }
    void set_params(const CallbackParams& params) { params_ = params; }

private:
    Model* model_ = nullptr;
    Trainer* trainer_ = nullptr;
    CallbackParams params_;
};

class CORNU_API Callback {
public:
    Callback() = default;
    explicit Callback(std::shared_ptr<CustomCallback> impl) : impl_(std::move(impl)) {}
    CustomCallback& impl() const { return *impl_; }
    const std::shared_ptr<CustomCallback>& shared() const { return impl_; }

private:
    std::shared_ptr<CustomCallback> impl_;
};
using Callbacks = std::vector<Callback>;

template <class T, class... Args>
Callback callback(Args&&... args) { return Callback(std::make_shared<T>(std::forward<Args>(args)...)); }

}  // namespace cornu
