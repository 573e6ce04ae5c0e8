// Callback: hears of the stages of fit, evaluate and predict.
#pragma once

#include <memory>
#include <vector>

#include "cornu/training/logs.h"

namespace cornu {

class Model;
class Trainer;

class CORNU_API CustomCallback {
public:
    virtual ~CustomCallback() = default;
    virtual void on_train_begin(const Logs&) {}
    virtual void on_train_end(const Logs&) {}
    virtual void on_epoch_begin(int64_t /*epoch*/, const Logs&) {}
    virtual void on_epoch_end(int64_t /*epoch*/, const Logs&) {}
    virtual void on_train_batch_begin(int64_t /*batch*/, const Logs&) {}
    virtual void on_train_batch_end(int64_t /*batch*/, const Logs&) {}
    virtual void on_test_begin(const Logs&) {}
    virtual void on_test_end(const Logs&) {}
    virtual void on_test_batch_begin(int64_t /*batch*/, const Logs&) {}
    virtual void on_test_batch_end(int64_t /*batch*/, const Logs&) {}
    virtual void on_predict_begin(const Logs&) {}
    virtual void on_predict_end(const Logs&) {}
    virtual void on_predict_batch_begin(int64_t /*batch*/, const Logs&) {}
    virtual void on_predict_batch_end(int64_t /*batch*/, const Logs&) {}
    // Figures of its own for an epoch, before anyone's on_epoch_end sees it.
    virtual void add_epoch_logs(int64_t /*epoch*/, Logs&) {}
    // Whether batch hooks look at their logs: if none does, no batch waits for its figures.
    virtual bool wants_batch_logs() const { return false; }

    Model& model() const;                        // the one being trained; throws outside of training
    Trainer& trainer() const;                    // its training side
    void set_model(Model* model, Trainer* trainer) {
        model_ = model;
        trainer_ = trainer;
    }

private:
    Model* model_ = nullptr;
    Trainer* trainer_ = nullptr;
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
