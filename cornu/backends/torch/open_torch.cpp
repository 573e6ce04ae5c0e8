// The plugin: finds LibTorch, checks its version, opens it, and then the half of the engine that is
// linked against it. Nothing of LibTorch is needed to open this one, so that what is wrong with
// LibTorch can be said in words.
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <torch/headeronly/version.h>
#include <unistd.h>

#include "cornu/backend/backend.h"
#include "cornu/backend/engine_folders.h"
#include "cornu/backend/library.h"

namespace cornu::torch {

namespace {

constexpr const char* library_file = "lib/libtorch_cpu.so";
constexpr const char* advice =
    "Run `tools/engines torch` for the one that Cornu was tested with (see docs/engines.md).";

std::string find_folder() {
    std::string tried;
    for (const std::string& folder : engine_folders("torch")) {
        const std::string file = folder + "/" + library_file;
        if (access(file.c_str(), R_OK) == 0) return folder;
        tried += "\n  " + file;
    }
    throw BackendError(str("the backend torch needs LibTorch. ", advice, " Looked for:", tried));
}

#if defined(__x86_64__)
constexpr auto call_of_a_function = R_X86_64_JUMP_SLOT;
#elif defined(__aarch64__)
constexpr auto call_of_a_function = R_AARCH64_JUMP_SLOT;
#else
constexpr auto call_of_a_function = 0xFFFFFFFFu;
#endif

// LibTorch has a BLAS in it. Where the process has another (the core's LAPACK comes with one), the
// loader has LibTorch call that, which may be many times slower, or keep threads of its own busy.
// So its calls of C functions that it defines itself are turned back to those. RTLD_DEEPBIND would
// do this too, but take std::cerr and a replaced malloc from it.
void bind_to_itself(void* library) {
    link_map* map = nullptr;
    if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0) return;
    const ElfW(Rela)* calls = nullptr;
    const ElfW(Sym)* symbols = nullptr;
    const char* names = nullptr;
    size_t bytes = 0;
    for (const ElfW(Dyn)* entry = map->l_ld; entry->d_tag != DT_NULL; ++entry) {
        if (entry->d_tag == DT_JMPREL)
            calls = reinterpret_cast<const ElfW(Rela)*>(entry->d_un.d_ptr);
        if (entry->d_tag == DT_SYMTAB)
            symbols = reinterpret_cast<const ElfW(Sym)*>(entry->d_un.d_ptr);
        if (entry->d_tag == DT_STRTAB) names = reinterpret_cast<const char*>(entry->d_un.d_ptr);
        if (entry->d_tag == DT_PLTRELSZ) bytes = entry->d_un.d_val;
    }
    if (!calls || !symbols || !names) return;
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    for (size_t i = 0; i < bytes / sizeof *calls; ++i) {
        if (ELF64_R_TYPE(calls[i].r_info) != call_of_a_function) continue;
        const ElfW(Sym)& symbol = symbols[ELF64_R_SYM(calls[i].r_info)];
        const std::string_view name = names + symbol.st_name;
        if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC ||
            name.starts_with("_Z"))
            continue;
        auto* slot = reinterpret_cast<ElfW(Addr)*>(map->l_addr + calls[i].r_offset);
        const ElfW(Addr) own = map->l_addr + symbol.st_value;
        if (*slot == own) continue;
        const uintptr_t start = reinterpret_cast<uintptr_t>(slot) / page * page;
        if (mprotect(reinterpret_cast<void*>(start), page, PROT_READ | PROT_WRITE) == 0)
            *slot = own;
    }
}

// Its classes are laid out as in the headers that the other half was compiled with, or nothing
// works.
void check_version(void* library, const std::string& file) {
    const auto version = reinterpret_cast<uint64_t (*)()>(dlsym(library, "aoti_torch_abi_version"));
    if (!version)
        throw BackendError(str(file, " does not say its version; Cornu was built with LibTorch ",
                               TORCH_VERSION, ". ", advice));
    const uint64_t v = version();
    if (v >> 48 != TORCH_ABI_VERSION >> 48)
        throw BackendError(str(file, " is LibTorch ", v >> 56, ".", (v >> 48) & 255,
                               "; Cornu was built with ", TORCH_VERSION_MAJOR, ".",
                               TORCH_VERSION_MINOR, ". ", advice));
}

std::shared_ptr<Backend> make() {
    const std::string folder = find_folder(), file = folder + "/" + library_file;
    std::string why;
    void* library = open_library(file, why);
    if (!library) throw BackendError(str("LibTorch cannot be opened: ", why, ". ", advice));
    check_version(library, file);
    bind_to_itself(library);
    // GPUs, where this build of LibTorch knows them and their drivers are there; it is a
    // processor's engine otherwise.
    const std::string for_gpus = folder + "/lib/libtorch_cuda.so";
    if (access(for_gpus.c_str(), R_OK) == 0) open_library(for_gpus, why);

    const std::string half =
        folder_of_code(reinterpret_cast<void*>(&find_folder)) + "/libcornu_torch_half.so";
    void* engine = open_library(half, why);
    if (!engine) throw BackendError(str("the torch engine cannot be opened: ", why, ". ", advice));
    const auto entry = reinterpret_cast<std::shared_ptr<Backend> (*)(const std::string&)>(
        dlsym(engine, "cornu_make_torch"));
    if (!entry) throw BackendError(str(half, " was built for another version of Cornu"));
    return entry(folder);
}

}  // namespace

}  // namespace cornu::torch

namespace cornu {
extern "C" CORNU_API const BackendEntry cornu_backend_v1 = {backend_stamp, torch::make};
}
