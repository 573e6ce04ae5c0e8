#include "cornu/training/callback.h"

#include "cornu/base/error.h"

namespace cornu {

Model& CustomCallback::model() const {
    if (!model_) throw ValueError("a callback has a model only while fit, evaluate or predict runs with it.");
    return *model_;
}

Trainer& CustomCallback::trainer() const {
    if (!trainer_) throw ValueError("a callback has a model only while fit, evaluate or predict runs with it.");
    return *trainer_;
}

}  // namespace cornu
