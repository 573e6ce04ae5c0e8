// Optimizers and schedules of one's own, by name: what a file's compile config may then say.
#pragma once

#include "cornu/optimizers/optimizer.h"
#include "cornu/tensor/registered_objects.h"

namespace cornu::optimizers {

// What CustomOptimizer::get_config wrote.
CORNU_API std::pair<LearningRate, OptimizerOptions> read_options(const Json& config, std::string_view what);

// register_optimizer<SignDescent>("my_package>SignDescent"). With settings, its constructor takes its
// Config, a described struct that get_config writes; without a Config it takes (LearningRate,
// OptimizerOptions).
template <class T>
void register_optimizer(const std::string& registered_name) {
    RegisteredClasses<CustomOptimizer>::current().add({registered_name, &typeid(T), [registered_name](const Json& json) -> std::shared_ptr<CustomOptimizer> {
        if constexpr (requires { typename T::Config; }) {
            return std::make_shared<T>(from_json<typename T::Config>(json, registered_name));
        } else {
            auto [rate, options] = read_options(json, registered_name);
            return std::make_shared<T>(std::move(rate), std::move(options));
        }
    }});
}

namespace schedules {

// The constructor of T takes its Config, a described struct that get_config writes.
template <class T>
void register_schedule(const std::string& registered_name) {
    RegisteredClasses<CustomSchedule>::current().add({registered_name, &typeid(T), [registered_name](const Json& json) -> std::shared_ptr<CustomSchedule> {
        return std::make_shared<T>(from_json<typename T::Config>(json, registered_name));
    }});
}

}  // namespace schedules
}  // namespace cornu::optimizers
