#include "cornu/initializers/stft.h"

#include <cmath>
#include <numbers>

#include "cornu/ops/elementwise.h"

namespace cornu::initializers {

namespace {

// scipy.signal.get_window(name, length, periodic): a periodic window is a longer one without its end.
std::vector<double> window_of(const std::string& name, int64_t length, bool periodic) {
    std::vector<double> window(static_cast<size_t>(length), 1.0);
    const auto last = static_cast<double>(periodic ? length : length - 1);
    if (length <= 1 || name == "boxcar") return window;
    for (size_t i = 0; i < window.size(); ++i) {
        const double at = static_cast<double>(i) / last, turn = 2 * std::numbers::pi * at;
        if (name == "hann") window[i] = 0.5 - 0.5 * std::cos(turn);
        else if (name == "hamming") window[i] = 0.54 - 0.46 * std::cos(turn);
        else if (name == "blackman") window[i] = 0.42 - 0.5 * std::cos(turn) + 0.08 * std::cos(2 * turn);
        else window[i] = at <= 0.5 ? 2 * at : 2 - 2 * at;   // bartlett
    }
    return window;
}

}  // namespace

Tensor stft_kernel(const STFTConfig& c, const Shape& shape, DType dtype) {
    if (shape.rank() != 3) throw ShapeError(str("the STFT initializer makes kernels of shape (frame_length, 1, bins). Received: shape=", shape));
    const int64_t frames = shape[0], channels = shape[1], bins = shape[2];
    std::vector<float> window;
    float scaling = 1;
    if (c.window) {
        double squares = 0, magnitudes = 0;
        for (const double value : window_of(*c.window, frames, c.periodic)) {
            window.push_back(static_cast<float>(value));
            squares += static_cast<double>(window.back()) * static_cast<double>(window.back());
            magnitudes += std::abs(static_cast<double>(window.back()));
        }
        if (c.scaling == "density") scaling = static_cast<float>(std::sqrt(squares));
        else if (c.scaling == "spectrum") scaling = static_cast<float>(magnitudes);
    }
    // Angles are rounded to float32 after each step, as Keras's are: far from zero that shows.
    std::vector<float> values(static_cast<size_t>(shape.size()));
    for (int64_t t = 0; t < frames; ++t)
        for (int64_t f = 0; f < bins; ++f) {
            const float frequency = static_cast<float>(f) / static_cast<float>((bins - 1) * 2);
            const float angle = -2 * static_cast<float>(t) * frequency * std::numbers::pi_v<float>;
            float value = static_cast<float>(c.side == "real" ? std::cos(static_cast<double>(angle)) : std::sin(static_cast<double>(angle)));
            if (c.window) value = value * window[static_cast<size_t>(t)] / scaling;
            for (int64_t channel = 0; channel < channels; ++channel) values[static_cast<size_t>((t * channels + channel) * bins + f)] = value;
        }
    const Tensor kernel = Tensor::from(values, shape);
    return dtype == DType::float32 ? kernel : ops::cast(kernel, dtype);
}

}  // namespace cornu::initializers
