// The mean of a function of y_true, y_pred and its config: most of Keras's metrics are.
#pragma once

#include "cornu/metrics/configured_metric_impl.h"
#include "cornu/metrics/reduction.h"

namespace cornu::metrics {

template <class Config>
struct FunctionMetricInfo {
    const char* class_name;
    const char* default_name;
    Direction direction;
    Tensor (*call)(const Tensor& y_true, const Tensor& y_pred, const Config& config);
    const char* beyond_keras = nullptr;  // a field that Keras reads but forgets to write
};

// `call` of a function that has no settings.
template <Tensor (*function)(const Tensor&, const Tensor&), class Config>
Tensor plain(const Tensor& y_true, const Tensor& y_pred, const Config&) { return function(y_true, y_pred); }

template <class Config>
class FunctionMetric final : public CustomMeanMetricWrapper {
public:
    FunctionMetric(const FunctionMetricInfo<Config>& info, Config config) : info_(info), config_(std::move(config)) {
        if (config_.name.empty()) config_.name = info.default_name;
        validate(config_, str("metrics.", info.class_name));
        fn_ = [this](const Tensor& y_true, const Tensor& y_pred) { return info_.call(y_true, y_pred, config_); };
        start(config_.name, config_.dtype);
    }
    std::string class_name() const override { return info_.class_name; }
    Direction direction() const override { return info_.direction; }
    Json get_config() const override {
        Json config = CustomMetric::get_config();
        const Json own = to_json(config_), usual = to_json(Config());
        for (const auto& [key, value] : own.as_object())
            if (!config.contains(key) && !(info_.beyond_keras && key == info_.beyond_keras && value == usual[key])) config.set(key, value);
        return config;
    }

private:
    const FunctionMetricInfo<Config>& info_;
    Config config_;
};

template <class Config>
std::shared_ptr<CustomMetric> make(const FunctionMetricInfo<Config>& info, Config config) {
    return std::make_shared<FunctionMetric<Config>>(info, std::move(config));
}
template <class Config>
ObjectClass<CustomMetric> metric_class(const FunctionMetricInfo<Config>& info, std::vector<std::string> aliases = {}) {
    return {info.class_name, std::move(aliases), [&info](const Json& config) {
                return make(info, from_json<Config>(config, str("metrics.", info.class_name)));
            }};
}

}  // namespace cornu::metrics
