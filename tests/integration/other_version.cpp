// A library that says it is an engine's of another version, whatever engine is asked for.
#include <cstddef>
#include <cstdint>

#define EXPORT __attribute__((visibility("default")))

extern "C" {

// Cornu's own plugin (backend/backend.h).
struct Entry {
    const char* stamp;
    void* make;
};
EXPORT extern const Entry cornu_backend_v1;
const Entry cornu_backend_v1 = {"cornu-backend-0", nullptr};

// LibTorch 9.7.
EXPORT uint64_t aoti_torch_abi_version() { return uint64_t{9} << 56 | uint64_t{7} << 48; }

// A PJRT plugin, as far as its version: the beginning of PJRT_Api.
struct Api {
    size_t size = sizeof(Api);
    void* extensions = nullptr;
    size_t version_size = 24;
    void* version_extensions = nullptr;
    int major = 99, minor = 1;
};
EXPORT const Api* GetPjrtApi() {
    static const Api api;
    return &api;
}
}
