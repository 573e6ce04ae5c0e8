// How Keras writes an object in JSON: {"module", "class_name", "config", "registered_name"}. One
// spelling for initializers, regularizers, constraints, layers, losses, metrics, optimizers, policies.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cornu/base/schema.h"

namespace cornu {

struct SerializedObject {
    std::string module;            // "keras.layers"; empty when only a name was given
    std::string class_name;        // "Dense"
    std::string registered_name;   // "package>Name" of a custom class, else empty
    Json config = Json::object();
};

// `registered_name` is null for Keras's own classes.
CORNU_API Json write_object(const SerializedObject& object);
// Reads an object as written above, or a bare name ("zeros"). Throws ValueError naming `what`.
CORNU_API SerializedObject read_object(const Json& json, std::string_view what);
// "module>name" of an object whose class no list knows, for messages.
CORNU_API std::string describe_object(const SerializedObject& object);

// One class of a family that is looked up by name: `Impl` is the family's implementation base.
template <class Impl>
struct ObjectClass {
    std::string class_name;                                     // "GlorotUniform"
    std::vector<std::string> aliases;                           // besides "glorot_uniform"
    std::function<std::shared_ptr<Impl>(const Json& config)> make;
};

CORNU_API bool matches_name(const std::string& class_name, const std::vector<std::string>& aliases, std::string_view name);
[[noreturn]] CORNU_API void unknown_object(std::string_view kind, std::string_view name, const std::vector<std::string>& known);

// The class of a family list called `name`: its own, in snake case, or an alias.
template <class Impl>
const ObjectClass<Impl>& find_object_class(const std::vector<ObjectClass<Impl>>& family, std::string_view name, std::string_view kind) {
    for (const ObjectClass<Impl>& item : family)
        if (matches_name(item.class_name, item.aliases, name)) return item;
    std::vector<std::string> known;
    for (const ObjectClass<Impl>& item : family) known.push_back(item.class_name);
    unknown_object(kind, name, known);
}

}  // namespace cornu
