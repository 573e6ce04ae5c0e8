// The stack of names under which work is done: `model "m" > layers.Dense "fc1"`. Errors, graph
// nodes, profiles and plots name the layer the user wrote through it. One stack per thread.
#pragma once

#include <string>
#include <string_view>

#include "cornu/base/api.h"

namespace cornu {

class CORNU_API Scope {
public:
    // `kind` is what the user wrote ("layers.Dense"); `name` is its name and its path element.
    Scope(std::string_view kind, std::string_view name);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    static std::string path();   // "m/fc1"; empty outside any scope
    static std::string label();  // `model "m" > layers.Dense "fc1"`

private:
    friend struct ScopeStack;
    std::string_view kind_, name_;
    Scope* outer_;
};

}  // namespace cornu
