// The attributes of one op call, type-erased: an immutable described struct, shared.
#pragma once

#include <memory>
#include <string>
#include <typeinfo>

#include "cornu/base/schema.h"

namespace cornu {

class CORNU_API Attrs {
public:
    Attrs() = default;  // none
    template <Described T>
    Attrs(T value) : value_(std::make_shared<const T>(std::move(value))), schema_(&schema_of<T>()), type_(&typeid(T)) {}

    // T must be the type that was stored: an op's functions know their own attributes.
    template <class T>
    const T& as() const {
        CORNU_CHECK(type_ && *type_ == typeid(T), "attributes of another type");
        return *static_cast<const T*>(value_.get());
    }
    bool empty() const { return !schema_; }
    Json to_json(bool with_hidden = false) const { return schema_ ? schema_->to_json(value_.get(), with_hidden) : Json::object(); }
    std::string to_string() const { return schema_ ? to_json().dump() : std::string(); }
    friend bool operator==(const Attrs& a, const Attrs& b) {
        if (a.value_ == b.value_) return true;
        return a.type_ && b.type_ && *a.type_ == *b.type_ && a.schema_->equal(a.value_.get(), b.value_.get());
    }

private:
    std::shared_ptr<const void> value_;
    const SchemaInfo* schema_ = nullptr;
    const std::type_info* type_ = nullptr;  // told by type: an engine's library has schemas of its own
};

}  // namespace cornu
