// Losses of one's own, by name: what a file's compile config may then say, and `.loss = "mine>Name"`.
#pragma once

#include <functional>

#include "cornu/losses/loss.h"
#include "cornu/tensor/registered_objects.h"

namespace cornu::losses {

// register_loss<Cubed>("my_package>Cubed"). With settings, Cubed's constructor takes its Config, a
// described struct that Cubed::get_config writes. Without a Config it has none but Keras's own (name,
// reduction) and a constructor without arguments.
template <class T>
void register_loss(const std::string& registered_name) {
    RegisteredClasses<CustomLoss>::current().add({registered_name, &typeid(T), [registered_name](const Json& json) -> std::shared_ptr<CustomLoss> {
        if constexpr (requires { typename T::Config; }) {
            return std::make_shared<T>(from_json<typename T::Config>(json, registered_name));
        } else {
            auto made = std::make_shared<T>();
            made->read_config(json);
            return made;
        }
    }});
}

// A function of (y_true, y_pred) under a name, as loss and as metric: register_function("mine>mae", mae).
CORNU_API void register_function(const std::string& registered_name, LossFunction function);

// The function registered as "mine>mae" or "mae"; empty when there is none.
CORNU_API LossFunction find_function(const std::string& name);
// The registered name of a function given to a loss or metric; "function" when it has none.
CORNU_API std::string name_of_function(const LossFunction& function);
// {"module": "builtins", "class_name": "function", "config": name, …}: how Keras writes a function.
CORNU_API Json write_function(const std::string& name);
// The name of a function written so, or nothing.
CORNU_API std::optional<std::string> read_function(const Json& json);

}  // namespace cornu::losses
