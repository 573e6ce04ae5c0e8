#include "cornu/optimizers/catalogue.h"

#include "cornu/optimizers/adadelta.h"
#include "cornu/optimizers/adagrad.h"
#include "cornu/optimizers/adam.h"
#include "cornu/optimizers/adamax.h"
#include "cornu/optimizers/adamw.h"
#include "cornu/optimizers/ftrl.h"
#include "cornu/optimizers/lion.h"
#include "cornu/optimizers/nadam.h"
#include "cornu/optimizers/rmsprop.h"
#include "cornu/optimizers/sgd.h"

namespace cornu::optimizers {

namespace {
template <class Made, class Config>
ObjectClass<CustomOptimizer> entry(const char* name) {
    std::string lower = name;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return {name, {lower}, [name](const Json& config) { return Made(from_json<Config>(config, str("optimizers.", name))).shared(); }};
}
}  // namespace

const std::vector<ObjectClass<CustomOptimizer>>& all_optimizers() {
    static const std::vector<ObjectClass<CustomOptimizer>> all = {
        entry<Adadelta, AdadeltaConfig>("Adadelta"),
        entry<Adagrad, AdagradConfig>("Adagrad"),
        entry<Adam, AdamConfig>("Adam"),
        entry<Adamax, AdamaxConfig>("Adamax"),
        entry<AdamW, AdamWConfig>("AdamW"),
        entry<Ftrl, FtrlConfig>("Ftrl"),
        entry<Lion, LionConfig>("Lion"),
        entry<Nadam, NadamConfig>("Nadam"),
        entry<RMSprop, RMSpropConfig>("RMSprop"),
        entry<SGD, SGDConfig>("SGD"),
    };
    return all;
}

std::shared_ptr<CustomOptimizer> make_optimizer(const SerializedObject& object) {
    return find_object_class(all_optimizers(), object.class_name, "optimizer").make(object.config);
}

}  // namespace cornu::optimizers
