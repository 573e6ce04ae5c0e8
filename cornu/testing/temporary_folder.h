// An empty folder that goes away with the object.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "cornu/base/error.h"

namespace cornu::testing {

struct TemporaryFolder {
    std::filesystem::path path;
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "cornu-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw Error(str("no temporary folder can be made: ", name));
        path = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

}  // namespace cornu::testing
