#include "cornu/losses/registry.h"

#include <map>

namespace cornu::losses {

namespace {

struct Functions {
    std::map<std::string, LossFunction> by_name;
};

using Plain = Tensor (*)(const Tensor&, const Tensor&);

}  // namespace

void register_function(const std::string& registered_name, LossFunction function) {
    if (!function) throw ValueError(str("register_function: a function is needed for \"", registered_name, "\". Received: an empty one"));
    Context::current().state<Functions>().by_name[registered_name] = std::move(function);
}

LossFunction find_function(const std::string& name) {
    for (const auto& [registered_name, function] : Context::current().state<Functions>().by_name)
        if (registered_name == name || registered_name.substr(registered_name.find('>') + 1) == name) return function;
    return {};
}

std::string name_of_function(const LossFunction& function) {
    // Only a plain function can be told from others; a lambda or functor is known by the type it has.
    const Plain* plain = function.target<Plain>();
    for (const auto& [name, registered] : Context::current().state<Functions>().by_name) {
        if (registered.target_type() != function.target_type()) continue;
        if (const Plain* other = registered.target<Plain>(); !plain || !other || *plain == *other) return name;
    }
    return "function";
}

Json write_function(const std::string& name) {
    return write_object({.module = "builtins", .class_name = "function", .registered_name = "function", .config = name});
}

std::optional<std::string> read_function(const Json& json) {
    if (json.get("class_name") == Json("function") && json.get("config").is_string()) return json["config"].as_string();
    return {};
}

}  // namespace cornu::losses
