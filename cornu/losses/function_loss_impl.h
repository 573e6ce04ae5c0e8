// A loss that is a function of y_true, y_pred and its config: all of Keras's are.
#pragma once

#include "cornu/base/serialized_object.h"
#include "cornu/losses/loss.h"

namespace cornu::losses {

template <class Config>
struct FunctionLossInfo {
    const char* class_name;      // "Huber"
    const char* default_name;    // "huber_loss"
    Tensor (*call)(const Tensor& y_true, const Tensor& y_pred, const Config& config);
    void (*check)(const Tensor& y_true, const Shape& y_pred, const Config& config) = nullptr;
    const char* beyond_keras = nullptr;  // a field that Keras reads but forgets to write
};

// `call` of a function that has no settings.
template <Tensor (*function)(const Tensor&, const Tensor&), class Config>
Tensor plain(const Tensor& y_true, const Tensor& y_pred, const Config&) { return function(y_true, y_pred); }

template <class Config>
class FunctionLoss final : public CustomLoss {
public:
    FunctionLoss(const FunctionLossInfo<Config>& info, Config config) : info_(info), config_(std::move(config)) {
        if (config_.name.empty()) config_.name = info.default_name;
        validate(config_, str("losses.", info.class_name));
        set_options(config_.name, config_.reduction, config_.dtype);
    }
    Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
        const auto [t, p] = squeeze_or_expand_to_same_rank(y_true, y_pred);
        return info_.call(t, p, config_);
    }
    std::string class_name() const override { return info_.class_name; }
    Json get_config() const override {
        Json config = to_json(config_);
        config.set("name", name());
        if (!info_.beyond_keras || !(config[info_.beyond_keras] == to_json(Config())[info_.beyond_keras])) return config;
        Json::Object& members = config.as_object();  // as Keras's own file unless it says something new
        std::erase_if(members, [&](const Json::Member& m) { return m.first == info_.beyond_keras; });
        return config;
    }
    void check_targets(const Tensor& y_true, const Shape& y_pred) const override {
        CustomLoss::check_targets(y_true, y_pred);
        if (info_.check) info_.check(y_true, y_pred, config_);
    }

private:
    const FunctionLossInfo<Config>& info_;
    Config config_;
};

// Keras writes name and reduction first; the dtype it does not write.
template <class Config>
void describe_loss(Schema<Config>& s) {
    s.template field<&Config::name>("the loss's name");
    s.template field<&Config::reduction>("how the values of a batch become one figure");
    s.template field<&Config::dtype>("what it computes in").hidden();
}

template <class Config>
std::shared_ptr<CustomLoss> make(const FunctionLossInfo<Config>& info, Config config) {
    return std::make_shared<FunctionLoss<Config>>(info, std::move(config));
}
template <class Config>
ObjectClass<CustomLoss> loss_class(const FunctionLossInfo<Config>& info, std::vector<std::string> aliases = {}) {
    return {info.class_name, std::move(aliases), [&info](const Json& config) {
                return make(info, from_json<Config>(config, str("losses.", info.class_name)));
            }};
}

}  // namespace cornu::losses
