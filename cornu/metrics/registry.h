// Metrics of one's own, by name: what a file's compile config may then say, and `.metrics = {"mine>Name"}`.
// A plain function is registered by losses::register_function and serves as both.
#pragma once

#include "cornu/losses/registry.h"
#include "cornu/metrics/metric.h"

namespace cornu::metrics {

// register_metric<Positives>("my_package>Positives"). With settings, its constructor takes its Config,
// a described struct that get_config writes; without a Config it has none but a name, and a
// constructor without arguments.
template <class T>
void register_metric(const std::string& registered_name) {
    RegisteredClasses<CustomMetric>::current().add({registered_name, &typeid(T), [registered_name](const Json& json) -> std::shared_ptr<CustomMetric> {
        if constexpr (requires { typename T::Config; }) {
            return std::make_shared<T>(from_json<typename T::Config>(json, registered_name));
        } else {
            auto made = std::make_shared<T>();
            if (json.get("name").is_string()) made->set_name(json["name"].as_string());
            return made;
        }
    }});
}

}  // namespace cornu::metrics
