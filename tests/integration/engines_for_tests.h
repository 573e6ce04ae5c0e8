// What tests of engines share.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <iostream>

#include "cornu/backend/backend.h"

namespace cornu {

inline std::filesystem::path build_folder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

// The engine, or null with a word about it when its plugin was not built. One that was must load.
inline std::shared_ptr<Backend> engine_or_skip(const std::string& name) {
    if (std::filesystem::exists(build_folder() / ("libcornu_" + name + ".so")))
        return find_backend(name);
    const std::string why = "left out: the engine " + name + " was not built";
    std::cout << why << "\n";
    MESSAGE(why);
    return nullptr;
}

}  // namespace cornu
