// Where recorded cases lie, for tests.
#pragma once

#include <cstdlib>
#include <string>

// The path of a file of tests/golden, or of the same file just recorded when CORNU_GOLDEN names the
// folder (`make test-oracle`).
inline std::string golden_path(const std::string& file) {
    const char* fresh = std::getenv("CORNU_GOLDEN");
    return (fresh ? std::string(fresh) : CORNU_SOURCE_DIR "/tests/golden") + "/" + file;
}
