// What dropout and noise layers share: a seed generator that is part of the layer's state.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/random/random.h"

namespace cornu::layers {

// keras.random.dropout with a key.
inline Tensor dropout(const Tensor& x, double rate, const Tensor& key, const Shape& noise_shape) {
    return random::dropout(key, x, rate, noise_shape);
}
using random::noise_shape_for;

template <class Config>
class SeededLayer : public ConfiguredLayer<Config> {
public:
    SeededLayer(const char* class_name, Config config, bool random, bool has_weights = false)
        : ConfiguredLayer<Config>(class_name, std::move(config)) {
        if (!has_weights) this->build_at_init();
        if (!random) return;
        generator_ = random::SeedGenerator(this->config_.seed);
        this->track_variable(generator_.state());
    }
    bool supports_masking() const override { return true; }

protected:
    Tensor next_key() const { return generator_.next(); }
    // Dropping everything needs no key, and Keras draws none.
    Tensor drop(const Tensor& x, double rate, const Shape& noise_shape) const {
        return dropout(x, rate, rate < 1 ? next_key() : Tensor(), noise_shape);
    }

private:
    random::SeedGenerator generator_;
};

}  // namespace cornu::layers
