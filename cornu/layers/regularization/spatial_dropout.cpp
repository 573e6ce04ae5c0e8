#include "cornu/layers/regularization/spatial_dropout.h"

#include <cmath>

#include "cornu/layers/regularization/noise.h"
#include "cornu/ops/elementwise.h"
#include "cornu/random/functional.h"

namespace cornu::layers {

namespace {

template <class Config>
class SpatialDropoutLayer final : public SeededLayer<Config> {
public:
    SpatialDropoutLayer(const char* class_name, int64_t rank, Config config) : SeededLayer<Config>(class_name, config, config.rate > 0) {
        if constexpr (requires(Config c) { c.data_format; }) {
            standardize_data_format(this->config_.data_format);
            channels_first_ = this->config_.data_format == "channels_first";
        }
        this->set_input_spec({.ndim = rank + 2});
    }
    Tensor call(const Tensor& x, const Call& call) override {
        if (!call.training || this->config_.rate == 0) return x;
        Shape noise(std::vector<int64_t>(static_cast<size_t>(x.rank()), 1));
        noise[0] = x.shape()[0];
        const int64_t channels = channels_first_ ? 1 : x.rank() - 1;
        noise[channels] = x.shape()[channels];
        return this->drop(x, this->config_.rate, noise);
    }
    // Keras writes neither whether the layer is trainable nor its policy, only a dtype.
    Json get_config() const override {
        Json full = ConfiguredLayer<Config>::get_config(), config = Json::object();
        for (const auto& [key, value] : full.as_object())
            if (key != "trainable") config.set(key, key == "dtype" ? Json(name(this->variable_dtype())) : value);
        config.set("name", CustomLayer::name());
        return config;
    }

private:
    bool channels_first_ = false;
};

class GaussianDropoutLayer final : public SeededLayer<GaussianDropoutConfig> {
public:
    explicit GaussianDropoutLayer(GaussianDropoutConfig config) : SeededLayer("GaussianDropout", config, config.rate > 0) {}
    Tensor call(const Tensor& x, const Call& call) override {
        if (!call.training || config_.rate == 0) return x;
        const double stddev = std::sqrt(config_.rate / (1.0 - config_.rate));
        return x * (random::normal(next_key(), x.shape(), compute_dtype()) * stddev + 1.0);
    }
};

class GaussianNoiseLayer final : public SeededLayer<GaussianNoiseConfig> {
public:
    explicit GaussianNoiseLayer(GaussianNoiseConfig config) : SeededLayer("GaussianNoise", config, config.stddev > 0) {}
    Tensor call(const Tensor& x, const Call& call) override {
        if (!call.training || config_.stddev == 0) return x;
        return x + random::normal(next_key(), x.shape(), compute_dtype()) * config_.stddev.get();
    }
};

class AlphaDropoutLayer final : public SeededLayer<DropoutConfig> {
public:
    explicit AlphaDropoutLayer(DropoutConfig config) : SeededLayer("AlphaDropout", config, config.rate > 0) {}
    Tensor call(const Tensor& x, const Call& call) override {
        if (!call.training || config_.rate == 0) return x;
        const double rate = config_.rate;
        const double floor = -1.6732632423543772 * 1.0507009873554805;   // SELU's value at minus infinity
        const double a = 1 / std::sqrt((1 - rate) * (1 + rate * floor * floor));
        const double b = -a * floor * rate;
        const Tensor kept = ops::cast(ops::greater_equal(random::uniform(next_key(), noise_shape_for(x, config_.noise_shape)), rate), x.dtype());
        return a * (x * kept + floor * (1.0 - kept)) + b;
    }
};

}  // namespace

void SpatialDropout1DConfig::describe(Schema<SpatialDropout1DConfig>& s) {
    describe_layer(s);
    s.field<&SpatialDropout1DConfig::rate>("The share of channels that is dropped.").between(0, 1);
    s.field<&SpatialDropout1DConfig::seed>("Seed; drawn when not given.");
}
void SpatialDropoutConfig::describe(Schema<SpatialDropoutConfig>& s) {
    describe_layer(s);
    s.field<&SpatialDropoutConfig::rate>("The share of channels that is dropped.").between(0, 1);
    s.field<&SpatialDropoutConfig::seed>("Seed; drawn when not given.");
    s.field<&SpatialDropoutConfig::data_format>("Where the channels are.");
}
void GaussianDropoutConfig::describe(Schema<GaussianDropoutConfig>& s) {
    describe_layer(s);
    s.field<&GaussianDropoutConfig::rate>("As of Dropout: the variance is rate / (1 - rate).").between(0, 1);
    s.field<&GaussianDropoutConfig::seed>("Seed; drawn when not given.");
}
void GaussianNoiseConfig::describe(Schema<GaussianNoiseConfig>& s) {
    describe_layer(s);
    s.field<&GaussianNoiseConfig::stddev>("Standard deviation.").between(0, 1);
    s.field<&GaussianNoiseConfig::seed>("Seed; drawn when not given.");
}

SpatialDropout1D::SpatialDropout1D(SpatialDropout1DConfig config)
    : Layer(std::make_shared<SpatialDropoutLayer<SpatialDropout1DConfig>>("SpatialDropout1D", 1, std::move(config))) {}
SpatialDropout2D::SpatialDropout2D(SpatialDropoutConfig config)
    : Layer(std::make_shared<SpatialDropoutLayer<SpatialDropoutConfig>>("SpatialDropout2D", 2, std::move(config))) {}
SpatialDropout3D::SpatialDropout3D(SpatialDropoutConfig config)
    : Layer(std::make_shared<SpatialDropoutLayer<SpatialDropoutConfig>>("SpatialDropout3D", 3, std::move(config))) {}
GaussianDropout::GaussianDropout(GaussianDropoutConfig config) : Layer(std::make_shared<GaussianDropoutLayer>(std::move(config))) {}
GaussianNoise::GaussianNoise(GaussianNoiseConfig config) : Layer(std::make_shared<GaussianNoiseLayer>(std::move(config))) {}
AlphaDropout::AlphaDropout(DropoutConfig config) : Layer(std::make_shared<AlphaDropoutLayer>(std::move(config))) {}

}  // namespace cornu::layers
