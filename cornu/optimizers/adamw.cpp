#include "cornu/optimizers/adamw.h"

#include "cornu/optimizers/adam_impl.h"

namespace cornu::optimizers {

void AdamWConfig::describe(Schema<AdamWConfig>& s) { describe_adam(s); }
AdamW::AdamW(AdamWConfig config) : Optimizer(std::make_shared<AdamUpdate<AdamWConfig>>("AdamW", std::move(config))) {
    if (!impl().options().weight_decay) throw ValueError("[optimizers.AdamW] weight_decay must be a number. Received: weight_decay=None");
}

}  // namespace cornu::optimizers
