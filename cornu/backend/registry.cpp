#include <dlfcn.h>

#include <cstdlib>
#include <map>
#include <mutex>

#include "cornu/backend/backend.h"
#include "cornu/backend/determinism.h"
#include "cornu/backend/engine_folders.h"
#include "cornu/backend/library.h"
#include "cornu/tensor/context.h"

namespace cornu {

std::shared_ptr<Backend> make_native_backend(bool deterministic);  // backends/native, linked into the core

namespace {

struct Engine {
    const char* name;
    const char* install;  // what to do when it is missing
};
constexpr Engine engines[] = {
    {"native", ""},
    {"xla", "run `tools/engines xla` before Cornu is built, or set CORNU_ENGINE_PATH to the folder of libcornu_xla.so (see docs/engines.md)"},
    {"torch", "run `tools/engines torch` before Cornu is built, or set CORNU_ENGINE_PATH to the folder of libcornu_torch.so (see docs/engines.md)"},
    {"openvino", "not part of this version"},
    {"tensorflow", "not part of this version"},
};

struct Determinism {
    bool enabled = false;
};

std::string known_names() {
    std::string names;
    for (const Engine& engine : engines) names += str(names.empty() ? "" : ", ", engine.name);
    return names;
}

std::vector<std::string> plugin_paths(const std::string& name) {
    const std::string file = "libcornu_" + name + ".so";
    std::vector<std::string> paths;
    for (const std::string& folder : engine_path()) paths.push_back(folder + "/" + file);
    const std::string here = folder_of_code(reinterpret_cast<void*>(&find_backend));
    paths.push_back(here + "/" + file);
    paths.push_back(here + "/../lib/cornu/" + file);
    paths.push_back(here + "/cornu/" + file);
    return paths;
}

std::shared_ptr<Backend> load_plugin(const std::string& name, const std::string& advice) {
    std::string tried;
    for (const std::string& path : plugin_paths(name)) {
        std::string why;
        void* library = open_library(path, why);
        if (!library) {
            tried += "\n  " + why;
            continue;
        }
        const auto* entry = static_cast<const BackendEntry*>(dlsym(library, "cornu_backend_v1"));
        if (!entry || std::string_view(entry->stamp) != backend_stamp) {
            tried += str("\n  ", path, entry ? ": was built for another version of Cornu" : ": is no plugin of Cornu's, it has no cornu_backend_v1");
            dlclose(library);
            continue;
        }
        return entry->make();  // stays loaded: its code is in use from now on
    }
    throw BackendError(str("the backend ", name, " was not found: ", advice, ". Looked for:", tried));
}

// Engines are loaded once in a process and shared by its contexts; they hold no state of a context.
struct Loaded {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<Backend>> backends;
};
Loaded& loaded() {
    static Loaded instance;
    return instance;
}

}  // namespace

std::shared_ptr<Backend> find_backend(const std::string& name) {
    // A name of letters alone: it becomes part of a file's.
    if (name.empty() || name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") != name.npos)
        throw BackendError(str("a backend's name has small letters, digits and _ only. Received: ", name));
    std::string advice = "Cornu knows " + known_names() + ", and plugins of your own";
    for (const Engine& engine : engines)
        if (name == engine.name) advice = engine.install;
    const std::lock_guard lock(loaded().mutex);
    std::shared_ptr<Backend>& backend = loaded().backends[name];
    if (!backend) backend = name == "native" ? make_native_backend(false) : load_plugin(name, advice);
    return backend;
}

namespace {
// The native engine in the context's mode: an engine of its own for each, so that what was compiled
// in the other mode is not found again.
std::shared_ptr<Backend> in_mode_of(Context& context, const std::shared_ptr<Backend>& backend) {
    static const std::shared_ptr<Backend> deterministic = make_native_backend(true);
    const auto native = find_backend("native");
    if (backend != native && backend != deterministic) return backend;
    return context.state<Determinism>().enabled ? deterministic : native;
}
}  // namespace

std::shared_ptr<Backend> current_backend() {
    Context& context = Context::current();
    if (auto backend = context.backend()) return backend;
    const char* wanted = std::getenv("CORNU_BACKEND");
    context.set_backend(in_mode_of(context, find_backend(wanted && *wanted ? wanted : "native")));
    return context.backend();
}

std::vector<BackendStatus> backend_statuses() {
    std::vector<BackendStatus> out;
    for (const Engine& engine : engines) {
        BackendStatus status{engine.name, false, "", {}};
        try {
            status.info = find_backend(engine.name)->info();
            status.found = true;
        } catch (const Error& error) {
            status.reason = error.what();
        }
        out.push_back(std::move(status));
    }
    return out;
}

namespace config {
void set_backend(const std::string& name) {
    Context& context = Context::current();
    context.set_backend(in_mode_of(context, find_backend(name)));
}
std::string backend() { return current_backend()->info().name; }
void enable_determinism(bool enabled) {
    Context& context = Context::current();
    context.state<Determinism>().enabled = enabled;
    if (const auto backend = context.backend()) context.set_backend(in_mode_of(context, backend));
}
bool determinism_enabled() { return Context::current().state<Determinism>().enabled; }
}  // namespace config

}  // namespace cornu
