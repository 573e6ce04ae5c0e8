// A metric with a config: its class, name and get_config. For metrics with a state of their own;
// those that are the mean of a function stand on function_metric_impl.h.
#pragma once

#include "cornu/base/serialized_object.h"
#include "cornu/metrics/metric.h"

namespace cornu::metrics {

template <class Config>
void describe_metric(Schema<Config>& s) {
    s.template field<&Config::name>("the metric's name");
    s.template field<&Config::dtype>("what it computes in");
}

template <class Config>
class ConfiguredMetric : public CustomMetric {
public:
    std::string class_name() const final { return class_name_; }
    Direction direction() const final { return direction_; }
    Json get_config() const override {
        Json config = to_json(config_);
        config.set("name", name());
        config.set("dtype", Codec<DType>::encode(dtype()));
        return config;
    }

protected:
    // `default_name` where Keras's is not made from the class's.
    ConfiguredMetric(const char* class_name, Direction direction, Config config, const char* default_name = "")
        : class_name_(class_name), direction_(direction), config_(std::move(config)) {
        validate(config_, label());
        set_options(config_.name.empty() ? default_name : config_.name, config_.dtype);
    }
    std::string label() const { return str("metrics.", class_name_); }

private:
    const char* class_name_;
    Direction direction_;

protected:
    Config config_;
};

// The entry of a family's list.
template <class Impl, class Config>
ObjectClass<CustomMetric> stateful_class(const char* class_name) {
    return {class_name, {}, [class_name](const Json& config) -> std::shared_ptr<CustomMetric> {
                return std::make_shared<Impl>(class_name, from_json<Config>(config, str("metrics.", class_name)));
            }};
}

}  // namespace cornu::metrics
