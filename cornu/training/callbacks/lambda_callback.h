// LambdaCallback: functions in place of a class. TerminateOnNaN: ends training whose loss is lost.
#pragma once

#include <functional>

#include "cornu/training/callback.h"

namespace cornu::callbacks {

struct LambdaCallbackConfig {
    std::function<void(int64_t epoch, const Logs&)> on_epoch_begin = {};
    std::function<void(int64_t epoch, const Logs&)> on_epoch_end = {};
    std::function<void(const Logs&)> on_train_begin = {};
    std::function<void(const Logs&)> on_train_end = {};
    std::function<void(int64_t batch, const Logs&)> on_train_batch_begin = {};
    std::function<void(int64_t batch, const Logs&)> on_train_batch_end = {};
    std::function<void(const Logs&)> on_test_begin = {};
    std::function<void(const Logs&)> on_test_end = {};
    std::function<void(int64_t batch, const Logs&)> on_test_batch_begin = {};
    std::function<void(int64_t batch, const Logs&)> on_test_batch_end = {};
    std::function<void(const Logs&)> on_predict_begin = {};
    std::function<void(const Logs&)> on_predict_end = {};
    std::function<void(int64_t batch, const Logs&)> on_predict_batch_begin = {};
    std::function<void(int64_t batch, const Logs&)> on_predict_batch_end = {};
};
class CORNU_API LambdaCallback : public Callback {
public:
    explicit LambdaCallback(LambdaCallbackConfig config);
};

class CORNU_API TerminateOnNaN : public Callback {
public:
    // `raise_error`: throws NumericError instead of ending quietly.
    explicit TerminateOnNaN(bool raise_error = false);
};

}  // namespace cornu::callbacks
