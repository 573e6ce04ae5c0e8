#include "cornu/optimizers/adam.h"

#include "cornu/optimizers/adam_impl.h"

namespace cornu::optimizers {

void AdamConfig::describe(Schema<AdamConfig>& s) { describe_adam(s); }
Adam::Adam(AdamConfig config) : Optimizer(std::make_shared<AdamUpdate<AdamConfig>>("Adam", std::move(config))) {}

}  // namespace cornu::optimizers
