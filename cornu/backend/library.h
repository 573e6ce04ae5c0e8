// Opening the libraries of engines.
#pragma once

#include <string>

#include "cornu/base/api.h"

namespace cornu {

// As dlopen with RTLD_NOW | RTLD_LOCAL; null with the reason in `why`. One that is cut off (a download
// that broke) is such a reason, too: the loader would answer it with SIGBUS.
CORNU_API void* open_library(const std::string& path, std::string& why);

}  // namespace cornu
