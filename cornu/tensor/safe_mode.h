// Whether what is read from a config may be a program: the TorchScript of a TorchModuleWrapper, the
// only thing of this kind. It may not unless somebody said so.
#pragma once

#include "cornu/base/api.h"

namespace cornu {

// Says it for this thread while it lives, as load_model's `safe_mode` does.
class CORNU_API SafeMode {
public:
    explicit SafeMode(bool on);
    ~SafeMode();
    SafeMode(const SafeMode&) = delete;
    SafeMode& operator=(const SafeMode&) = delete;
    static bool on();

private:
    bool outer_;
};

namespace config {
// In the current context, from now on, whatever load_model is told; for programs all of whose files
// are their own.
CORNU_API void enable_unsafe_deserialization();
}  // namespace config

}  // namespace cornu
