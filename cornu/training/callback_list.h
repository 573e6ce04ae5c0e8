// CallbackList: callbacks with the model they serve, for as long as a loop runs.
#pragma once

#include <memory>
#include <vector>

#include "cornu/training/trainer.h"

namespace cornu {

class CallbackList {
public:
    // A progress bar joins them at the end unless one is there or nothing is to be shown.
    CallbackList(const Callbacks& callbacks, Trainer& trainer, const CallbackParams& params);
    ~CallbackList();
    CallbackList(const CallbackList&) = delete;
    CallbackList& operator=(const CallbackList&) = delete;

    template <class... Args, class... Given>
    void call(void (CustomCallback::*hook)(Args...), Given&&... given) {
        for (const auto& callback : list_) (callback.get()->*hook)(given...);
    }
    // A hook at the end of a batch; `figures` makes the logs when somebody looks at them.
    template <class Figures>
    void batch_end(void (CustomCallback::*hook)(int64_t, const Logs&), int64_t batch, Figures&& figures) {
        bool wanted = false;
        for (const auto& callback : list_) wanted = wanted || callback->wants_batch_logs();
        const Logs logs = wanted ? figures() : Logs();
        call(hook, batch, logs);
    }
    const std::vector<std::shared_ptr<CustomCallback>>& list() const { return list_; }

private:
    std::shared_ptr<Model> model_;
    std::vector<std::shared_ptr<CustomCallback>> list_;
};

}  // namespace cornu
