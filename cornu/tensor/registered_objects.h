// Classes of one's own (losses, metrics, optimizers, schedules), by the name they were registered
// under: a table per family in the current Context, so that a file can name no code but that.
#pragma once

#include <typeinfo>

#include "cornu/base/serialized_object.h"
#include "cornu/tensor/context.h"

namespace cornu {

template <class Impl>
struct RegisteredClass {
    std::string registered_name;                       // "my_package>Name"
    const std::type_info* type = nullptr;              // of the implementation
    std::function<std::shared_ptr<Impl>(const Json& config)> make;

    // "Name"
    std::string class_name() const { return registered_name.substr(registered_name.find('>') + 1); }
};

template <class Impl>
class RegisteredClasses {
public:
    static RegisteredClasses& current() { return Context::current().state<RegisteredClasses>(); }

    void add(RegisteredClass<Impl> item) {             // replaces one of the same name
        std::erase_if(items_, [&](const auto& known) { return known.registered_name == item.registered_name; });
        items_.push_back(std::move(item));
    }
    // By registered name, or by class name where no other is given; null when there is none.
    const RegisteredClass<Impl>* find(const SerializedObject& object) const {
        for (const RegisteredClass<Impl>& item : items_)
            if (item.registered_name == object.registered_name || item.registered_name == object.class_name ||
                (object.registered_name.empty() && object.module.empty() && item.class_name() == object.class_name))
                return &item;
        return nullptr;
    }
    const RegisteredClass<Impl>* of(const Impl& impl) const {
        for (const RegisteredClass<Impl>& item : items_)
            if (*item.type == typeid(impl)) return &item;
        return nullptr;
    }

private:
    std::vector<RegisteredClass<Impl>> items_;
};

// The implementation that `object` describes: of a registered class, else of one in the family's list.
// Throws ValueError that lists what there is; `verb` names the function that would have made it known.
template <class Impl>
std::shared_ptr<Impl> make_object(const std::vector<ObjectClass<Impl>>& family, const SerializedObject& object,
                                  std::string_view kind, std::string_view verb) {
    if (const auto* own = RegisteredClasses<Impl>::current().find(object)) return own->make(object.config);
    // Keras on PyTorch has optimizers of its own under the common names: keras.src.backend.torch.….Adam.
    const bool of_keras = object.module.rfind("keras.", 0) == 0 && object.registered_name == object.class_name;
    if ((!object.registered_name.empty() && !of_keras) || object.class_name.find('>') != std::string::npos)
        throw ValueError(str("could not locate the ", kind, " class '", describe_object(object), "'. A class of one's own must be known by ",
                             verb, "<T>(\"package>Name\") first."));
    return find_object_class(family, object.class_name, kind).make(object.config);
}

// As Keras writes it: `module` for its own classes, null for registered ones. One that nobody has
// registered is written under its class name and can only be read where it is.
template <class Impl>
Json write_object_of(const std::vector<ObjectClass<Impl>>& family, const char* module, const Impl& impl) {
    SerializedObject object{.module = module, .class_name = impl.class_name(), .registered_name = {}, .config = impl.get_config()};
    const auto* own = RegisteredClasses<Impl>::current().of(impl);
    const bool known = std::any_of(family.begin(), family.end(), [&](const auto& item) { return item.class_name == object.class_name; });
    if (own) object.class_name = own->class_name();
    if (own || !known) object.registered_name = own ? own->registered_name : object.class_name;
    Json json = write_object(object);
    if (!object.registered_name.empty()) json.set("module", Json());
    return json;
}

}  // namespace cornu
