// The plugin: finds LibTorch, checks its version, opens it, and then the half of the engine that is
// linked against it. Nothing of LibTorch is needed to open this one, so that what is wrong with
// LibTorch can be said in words.
#include <dlfcn.h>
#include <torch/headeronly/version.h>
#include <unistd.h>

#include "cornu/backend/backend.h"
#include "cornu/backend/engine_folders.h"

namespace cornu::torch {

namespace {

constexpr const char* library_file = "lib/libtorch_cpu.so";
constexpr const char* advice =
    "Run `tools/engines torch` for the one that Cornu was tested with (see docs/engines.md).";

std::string last_error(const std::string& otherwise) {
    const char* why = dlerror();
    return why ? why : otherwise;
}

std::string find_folder() {
    std::string tried;
    for (const std::string& folder : engine_folders("torch")) {
        const std::string file = folder + "/" + library_file;
        if (access(file.c_str(), R_OK) == 0) return folder;
        tried += "\n  " + file;
    }
    throw BackendError(str("the backend torch needs LibTorch. ", advice, " Looked for:", tried));
}

// Local: LibTorch carries oneDNN and BLAS in it, of which the core has others. (Not RTLD_DEEPBIND:
// LibTorch would then write to a std::cerr that nobody has made.)
void* open_library(const std::string& file) { return dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL); }

// Its classes are laid out as in the headers that the other half was compiled with, or nothing works.
void check_version(void* library, const std::string& file) {
    const auto version = reinterpret_cast<uint64_t (*)()>(dlsym(library, "aoti_torch_abi_version"));
    if (!version)
        throw BackendError(str(file, " does not say its version; Cornu was built with LibTorch ", TORCH_VERSION, ". ", advice));
    const uint64_t v = version();
    if (v >> 48 != TORCH_ABI_VERSION >> 48)
        throw BackendError(str(file, " is LibTorch ", v >> 56, ".", (v >> 48) & 255, "; Cornu was built with ", TORCH_VERSION_MAJOR,
                               ".", TORCH_VERSION_MINOR, ". ", advice));
}

std::string folder_of_this_plugin() {
    Dl_info info;
    if (!dladdr(reinterpret_cast<void*>(&find_folder), &info) || !info.dli_fname) return ".";
    const std::string path = info.dli_fname;
    return path.substr(0, path.rfind('/'));
}

std::shared_ptr<Backend> make() {
    const std::string folder = find_folder(), file = folder + "/" + library_file;
    void* library = open_library(file);
    if (!library) throw BackendError(str("LibTorch cannot be opened: ", last_error(file), ". ", advice));
    check_version(library, file);
    // GPUs, where this build of LibTorch knows them and their drivers are there; it is a processor's
    // engine otherwise.
    const std::string for_gpus = folder + "/lib/libtorch_cuda.so";
    if (access(for_gpus.c_str(), R_OK) == 0) open_library(for_gpus);

    const std::string half = folder_of_this_plugin() + "/libcornu_torch_half.so";
    void* engine = dlopen(half.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!engine) throw BackendError(str("the torch engine cannot be opened: ", last_error(half), ". ", advice));
    const auto entry = reinterpret_cast<std::shared_ptr<Backend> (*)(const std::string&)>(dlsym(engine, "cornu_make_torch"));
    if (!entry) throw BackendError(str(half, " was built for another version of Cornu"));
    return entry(folder);
}

}  // namespace

}  // namespace cornu::torch

namespace cornu {
extern "C" CORNU_API const BackendEntry cornu_backend_v1 = {backend_stamp, torch::make};
}
