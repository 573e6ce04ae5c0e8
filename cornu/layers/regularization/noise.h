// What dropout and noise layers share: a seed generator that is part of the layer's state.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/random/seed_generator.h"

namespace cornu::layers {

// keras.random.dropout with a key: zero at the places that the key's mask of `noise_shape` (broadcast
// to x) drops, x / (1 - rate) elsewhere.
Tensor dropout(const Tensor& x, double rate, const Tensor& key, const Shape& noise_shape);

// `noise_shape` with the input's sizes where it has none. Throws ShapeError when the ranks differ.
using NoiseShape = std::optional<std::vector<std::optional<int64_t>>>;
Shape noise_shape_for(const Tensor& x, const NoiseShape& noise_shape);

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

private:
    random::SeedGenerator generator_;
};

}  // namespace cornu::layers
