// All optimizers and schedules: one line each.
#pragma once

#include "cornu/base/serialized_object.h"
#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

CORNU_API const std::vector<ObjectClass<CustomOptimizer>>& all_optimizers();
// By "Adam" or "adam", in any case. Throws ValueError that lists what there is.
std::shared_ptr<CustomOptimizer> make_optimizer(const SerializedObject& object);

}  // namespace cornu::optimizers

namespace cornu::optimizers::schedules {

CORNU_API const std::vector<ObjectClass<CustomSchedule>>& all_schedules();
std::shared_ptr<CustomSchedule> make_schedule(const SerializedObject& object);

}  // namespace cornu::optimizers::schedules
