#include "cornu/backend/engine_folders.h"

#include <dlfcn.h>

#include <cstdlib>
#include <sstream>

namespace cornu {

std::vector<std::string> engine_folders(const std::string& name) {
    std::vector<std::string> folders;
    if (const char* list = std::getenv("CORNU_ENGINE_PATH")) {
        std::stringstream parts(list);
        for (std::string folder; std::getline(parts, folder, ':');)
            if (!folder.empty()) folders.push_back(folder + "/" + name);
    }
    std::string here = ".";
    Dl_info info;
    if (dladdr(reinterpret_cast<void*>(&engine_folders), &info) && info.dli_fname) {
        const std::string path = info.dli_fname;
        const size_t slash = path.rfind('/');
        if (slash != std::string::npos) here = path.substr(0, slash);
    }
    folders.push_back(here + "/../.engines/" + name);
    folders.push_back(here + "/cornu-engines/" + name);
    return folders;
}

}  // namespace cornu
