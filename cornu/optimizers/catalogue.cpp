#include "cornu/optimizers/catalogue.h"

#include "cornu/optimizers/adadelta.h"
#include "cornu/optimizers/adafactor.h"
#include "cornu/optimizers/adagrad.h"
#include "cornu/optimizers/adam.h"
#include "cornu/optimizers/adamax.h"
#include "cornu/optimizers/adamw.h"
#include "cornu/optimizers/ftrl.h"
#include "cornu/optimizers/lamb.h"
#include "cornu/optimizers/lion.h"
#include "cornu/optimizers/loss_scale_optimizer.h"
#include "cornu/optimizers/multi_optimizer.h"
#include "cornu/optimizers/muon.h"
#include "cornu/optimizers/nadam.h"
#include "cornu/optimizers/registry.h"
#include "cornu/optimizers/rmsprop.h"
#include "cornu/optimizers/schedule_free_adamw.h"
#include "cornu/optimizers/sgd.h"

namespace cornu::optimizers {

namespace {
template <class Made, class Config>
ObjectClass<CustomOptimizer> entry(const char* name) {
    std::string lower = name;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return {name, {lower}, [name](const Json& config) { return Made(from_json<Config>(config, str("optimizers.", name))).shared(); }};
}

// Older files list options here that were never in use; anything but the default is refused.
std::shared_ptr<CustomOptimizer> read_loss_scale_optimizer(const Json& given) {
    Json config = given;
    const Json unused = Json::object({{"weight_decay", {}}, {"clipnorm", {}}, {"global_clipnorm", {}}, {"clipvalue", {}}, {"use_ema", false},
                                      {"ema_momentum", 0.99}, {"ema_overwrite_frequency", {}}, {"loss_scale_factor", {}},
                                      {"gradient_accumulation_steps", {}}});
    std::erase_if(config.as_object(), [&](const Json::Member& m) { return unused.contains(m.first) && unused[m.first] == m.second; });
    return LossScaleOptimizer(from_json<LossScaleOptimizerConfig>(config, "optimizers.LossScaleOptimizer")).shared();
}

}  // namespace

const std::vector<ObjectClass<CustomOptimizer>>& all_optimizers() {
    static const std::vector<ObjectClass<CustomOptimizer>> all = {
        entry<Adadelta, AdadeltaConfig>("Adadelta"),
        entry<Adafactor, AdafactorConfig>("Adafactor"),
        entry<Adagrad, AdagradConfig>("Adagrad"),
        entry<Adam, AdamConfig>("Adam"),
        entry<Adamax, AdamaxConfig>("Adamax"),
        entry<AdamW, AdamWConfig>("AdamW"),
        entry<Ftrl, FtrlConfig>("Ftrl"),
        entry<Lamb, LambConfig>("Lamb"),
        entry<Lion, LionConfig>("Lion"),
        {"LossScaleOptimizer", {"lossscaleoptimizer"}, read_loss_scale_optimizer},
        entry<MultiOptimizer, MultiOptimizerConfig>("MultiOptimizer"),
        entry<Muon, MuonConfig>("Muon"),
        entry<Nadam, NadamConfig>("Nadam"),
        entry<RMSprop, RMSpropConfig>("RMSprop"),
        entry<ScheduleFreeAdamW, ScheduleFreeAdamWConfig>("ScheduleFreeAdamW"),
        entry<SGD, SGDConfig>("SGD"),
    };
    return all;
}

std::shared_ptr<CustomOptimizer> make_optimizer(const SerializedObject& object) {
    return make_object(all_optimizers(), object, "optimizer", "optimizers::register_optimizer");
}

}  // namespace cornu::optimizers
