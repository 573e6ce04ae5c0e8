#include "cornu/backend/library.h"

#include <dlfcn.h>
#include <link.h>

#include <fstream>

#include "cornu/base/error.h"

namespace cornu {

namespace {

// Whether what the loader would map lies beyond the end of the file. What is no ELF file at all the
// loader knows itself.
bool cut_off(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const auto size = static_cast<uint64_t>(std::max<std::streamoff>(file.tellg(), 0));
    ElfW(Ehdr) header;
    if (!file || size < sizeof header) return false;
    file.seekg(0);
    file.read(reinterpret_cast<char*>(&header), sizeof header);
    if (std::string_view(reinterpret_cast<const char*>(header.e_ident), SELFMAG) != ELFMAG || header.e_phentsize != sizeof(ElfW(Phdr))) return false;
    file.seekg(static_cast<std::streamoff>(header.e_phoff));
    for (int i = 0; i < header.e_phnum; ++i) {
        ElfW(Phdr) part;
        if (!file.read(reinterpret_cast<char*>(&part), sizeof part)) return true;
        if (part.p_type == PT_LOAD && (part.p_offset > size || part.p_filesz > size - part.p_offset)) return true;
    }
    return false;
}

}  // namespace

void* open_library(const std::string& path, std::string& why) {
    if (cut_off(path)) {
        why = path + ": the file is cut off";
        return nullptr;
    }
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library) return library;
    const char* error = dlerror();
    why = error ? error : path;
    return nullptr;
}

}  // namespace cornu
