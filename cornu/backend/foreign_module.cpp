#include "cornu/backend/foreign_module.h"

#include "cornu/backend/backend.h"

namespace cornu {

// Here, so that core and plugin mean the same classes.
ForeignModule::~ForeignModule() = default;
ModuleRuntime::~ModuleRuntime() = default;

ModuleRuntime& module_runtime(const std::string& name) {
    auto* runtime = dynamic_cast<ModuleRuntime*>(find_backend(name).get());   // engines live as long as the process
    if (!runtime) throw BackendError(str("the backend ", name, " runs no modules of its own kind."));
    return *runtime;
}

}  // namespace cornu
