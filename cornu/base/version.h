// What was built: for `cornu version`, bug reports and files that name their writer.
#pragma once

#include <string_view>

#include "cornu/base/api.h"

namespace cornu {

CORNU_API std::string_view version();     // "0.1.0"
CORNU_API std::string_view build_type();  // "Release", "Debug", …
CORNU_API std::string_view compiler();    // "g++ 12.2.0", "clang++ 14.0.6"

}  // namespace cornu
