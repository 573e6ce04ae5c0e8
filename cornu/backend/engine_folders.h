// Where an engine's plugin looks for the runtime that it is built around.
#pragma once

#include <string>
#include <vector>

#include "cornu/base/api.h"

namespace cornu {

// The folders that may hold the runtime of the engine `name`, in the order that docs/engines.md
// gives; they need not exist.
CORNU_API std::vector<std::string> engine_folders(const std::string& name);

// The folders of CORNU_ENGINE_PATH.
std::vector<std::string> engine_path();
// The folder of the library, or the program, that holds a function.
CORNU_API std::string folder_of_code(const void* function);

}  // namespace cornu
