#include "cornu/initializers/initializer.h"

#include "cornu/initializers/family.h"

namespace cornu {

namespace {
// An initializer that a config holds stands as its JSON text in place of the name until it is resolved:
// when it is made it draws, and the draws come in the order of the layer's constructor.
SerializedObject object_of(const std::string& name) {
    if (name.starts_with("{")) return read_object(Json::parse(name), "an initializer");
    return {.module = {}, .class_name = name, .registered_name = {}};
}
std::shared_ptr<CustomInitializer> make(const SerializedObject& object) {
    return find_object_class(initializers::family(), object.class_name, "initializer").make(object.config);
}
// Which seed an unseeded one would draw does not show in its config: nothing is drawn for it.
std::shared_ptr<CustomInitializer> describe(SerializedObject object) {
    object.config.set(initializers::no_draw_key, true);
    return make(object);
}
}  // namespace

void Initializer::resolve() {
    if (!impl_ && !name_.empty()) impl_ = make(object_of(name_));
}

Tensor Initializer::operator()(const Shape& shape, DType dtype) const {
    CORNU_CHECK(impl_, "an initializer was called before it was resolved");
    return (*impl_)(shape, dtype);
}

Json Codec<Initializer>::encode(const Initializer& v) {
    if (!v.defined()) return {};
    const auto resolved = v.shared() ? v.shared() : describe(object_of(v.name()));
    return write_object({.module = "keras.initializers", .class_name = resolved->class_name(), .registered_name = {},
                         .config = resolved->get_config()});
}

void Codec<Initializer>::decode(const Json& j, Initializer& v) {
    if (j.is_null()) v = {};
    else if (j.is_string()) v = Initializer(j.as_string());
    else {
        describe(read_object(j, "an initializer"));   // what is wrong with it shows at once
        v = Initializer(j.dump());
    }
}

}  // namespace cornu
