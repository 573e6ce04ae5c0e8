#include "cornu/base/version.h"

// CORNU_VERSION and CORNU_BUILD_TYPE are defined for this one file by CMakeLists.txt.

namespace cornu {

std::string_view version() { return CORNU_VERSION; }

std::string_view build_type() { return CORNU_BUILD_TYPE; }

std::string_view compiler() {
#ifdef __clang__
    return "clang++ " __clang_version__;
#else
    return "g++ " __VERSION__;
#endif
}

}  // namespace cornu
