#include "cornu/backend/engine_folders.h"

#include <dlfcn.h>

#include <cstdlib>
#include <sstream>

namespace cornu {

std::vector<std::string> engine_path() {
    std::vector<std::string> folders;
    if (const char* list = std::getenv("CORNU_ENGINE_PATH")) {
        std::stringstream parts(list);
        for (std::string folder; std::getline(parts, folder, ':');)
            if (!folder.empty()) folders.push_back(folder);
    }
    return folders;
}

std::string folder_of_code(const void* function) {
    Dl_info info;
    if (!dladdr(function, &info) || !info.dli_fname) return ".";
    const std::string path = info.dli_fname;
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::vector<std::string> engine_folders(const std::string& name) {
    std::vector<std::string> folders;
    for (const std::string& folder : engine_path()) folders.push_back(folder + "/" + name);
    const std::string here = folder_of_code(reinterpret_cast<void*>(&engine_folders));
    folders.push_back(here + "/../.engines/" + name);
    folders.push_back(here + "/cornu-engines/" + name);
    return folders;
}

}  // namespace cornu
