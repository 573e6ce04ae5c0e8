#include "cornu/initializers/initializer.h"

#include "cornu/initializers/family.h"

namespace cornu {

namespace {
std::shared_ptr<CustomInitializer> make(const SerializedObject& object) {
    return find_object_class(initializers::family(), object.class_name, "initializer").make(object.config);
}
}  // namespace

void Initializer::resolve() {
    if (!impl_ && !name_.empty()) impl_ = make({.module = {}, .class_name = name_, .registered_name = {}});
}

Tensor Initializer::operator()(const Shape& shape, DType dtype) const {
    CORNU_CHECK(impl_, "an initializer was called before it was resolved");
    return (*impl_)(shape, dtype);
}

Json Codec<Initializer>::encode(const Initializer& v) {
    if (!v.defined()) return {};
    Initializer resolved = v;
    if (!resolved.shared()) {
        // Which seed an unseeded one would draw does not show in its config: nothing is drawn for it.
        const auto& item = find_object_class(initializers::family(), v.name(), "initializer");
        resolved = Initializer(item.make(Json::object({{initializers::no_draw_key, true}})));
    }
    return write_object({.module = "keras.initializers", .class_name = resolved.shared()->class_name(), .registered_name = {},
                         .config = resolved.shared()->get_config()});
}

void Codec<Initializer>::decode(const Json& j, Initializer& v) {
    if (j.is_null()) v = {};
    else if (j.is_string()) v = Initializer(j.as_string());
    else v = Initializer(make(read_object(j, "an initializer")));
}

}  // namespace cornu
