#include "cornu/training/callback.h"

#include "cornu/training/callback_list.h"
#include "cornu/training/callbacks/progbar_logger.h"

namespace cornu {

Model& CustomCallback::model() const {
    if (!model_) throw ValueError("a callback has a model only while fit, evaluate or predict runs with it.");
    return *model_;
}

Trainer& CustomCallback::trainer() const {
    if (!trainer_) throw ValueError("a callback has a model only while fit, evaluate or predict runs with it.");
    return *trainer_;
}

CallbackList::CallbackList(const Callbacks& callbacks, Trainer& trainer, const CallbackParams& params)
    : model_(callbacks.empty() ? nullptr : trainer.model_handle()) {
    bool shows = params.verbose == Verbose::silent;
    for (const Callback& callback : callbacks) {
        if (!callback.shared()) throw ValueError("an empty callback handle was used.");
        list_.push_back(callback.shared());
        shows = shows || callbacks::is_progress_bar(callback);
    }
    if (!shows) list_.push_back(callbacks::ProgbarLogger().shared());
    for (const auto& callback : list_) {
        callback->set_model(model_.get(), &trainer);
        callback->set_params(params);
    }
}

CallbackList::~CallbackList() {
    for (const auto& callback : list_) callback->set_model(nullptr, nullptr);
}

}  // namespace cornu
