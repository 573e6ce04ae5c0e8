#include "cornu/base/serialized_object.h"

#include "cornu/base/naming.h"

namespace cornu {

Json write_object(const SerializedObject& object) {
    return Json::object({{"module", object.module},
                         {"class_name", object.class_name},
                         {"config", object.config},
                         {"registered_name", object.registered_name.empty() ? Json() : Json(object.registered_name)}});
}

SerializedObject read_object(const Json& json, std::string_view what) {
    SerializedObject object;
    if (json.is_string()) {
        object.class_name = json.as_string();
        return object;
    }
    const Json* name = json.find("class_name");
    if (!name || !name->is_string())
        throw ValueError(str("could not interpret ", what, ": a name or an object with `class_name` and `config` was expected. Received: ", json));
    object.class_name = name->as_string();
    if (const Json& module = json.get("module"); module.is_string()) object.module = module.as_string();
    if (const Json& registered = json.get("registered_name"); registered.is_string()) object.registered_name = registered.as_string();
    if (const Json* config = json.find("config"); config && !config->is_null()) object.config = *config;
    return object;
}

std::string describe_object(const SerializedObject& object) {
    if (!object.registered_name.empty()) return object.registered_name;
    return object.module.empty() ? object.class_name : object.module + "." + object.class_name;
}

bool matches_name(const std::string& class_name, const std::vector<std::string>& aliases, std::string_view name) {
    return name == class_name || name == utils::to_snake_case(class_name) ||
           std::find(aliases.begin(), aliases.end(), name) != aliases.end();
}

void unknown_object(std::string_view kind, std::string_view name, const std::vector<std::string>& known) {
    std::string list;
    for (const std::string& item : known) list += (list.empty() ? "" : ", ") + item;
    throw ValueError(str("could not interpret ", kind, " identifier: ", name, ". Known: ", list, "."));
}

}  // namespace cornu
