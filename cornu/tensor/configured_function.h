// A class of a family (regularizers, constraints) in one line: a name, a described config, and a
// function of that config and a tensor.
#pragma once

#include "cornu/base/serialized_object.h"
#include "cornu/tensor/tensor.h"

namespace cornu {

template <class Base, class Config>
struct FunctionClass {
    const char* room;         // "regularizers"
    const char* class_name;   // "L2"
    Tensor (*function)(const Config&, const Tensor&);

    class Object final : public Base {
    public:
        Object(const FunctionClass& self, Config config) : self_(self), config_(std::move(config)) { validate(config_, self_.label()); }
        Tensor operator()(const Tensor& x) override { return self_.function(config_, x); }
        std::string class_name() const override { return self_.class_name; }
        Json get_config() const override { return to_json(config_); }

    private:
        FunctionClass self_;
        Config config_;
    };

    std::string label() const { return str(room, ".", class_name); }
    std::shared_ptr<Base> make(Config config) const { return std::make_shared<Object>(*this, std::move(config)); }
    ObjectClass<Base> item(std::vector<std::string> aliases = {}) const {
        return {class_name, std::move(aliases), [self = *this](const Json& json) { return self.make(from_json<Config>(json, self.label())); }};
    }
};

}  // namespace cornu
