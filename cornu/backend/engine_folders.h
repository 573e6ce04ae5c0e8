// Where an engine's plugin looks for the runtime that it is built around.
#pragma once

#include <string>
#include <vector>

#include "cornu/base/api.h"

namespace cornu {

// The folders that may hold the runtime of the engine `name`, in the order that docs/engines.md
// gives; they need not exist.
CORNU_API std::vector<std::string> engine_folders(const std::string& name);

}  // namespace cornu
