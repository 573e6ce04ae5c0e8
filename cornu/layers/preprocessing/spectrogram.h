// STFTSpectrogram and MelSpectrogram: sound as frequencies over time.
#pragma once

#include "cornu/layers/configured_layer.h"

namespace cornu::layers {

struct CORNU_API STFTSpectrogramConfig {
    std::string mode = "log";                          // magnitude, psd, real, imag, angle, stft
    int64_t frame_length = 256;
    std::optional<int64_t> frame_step = {};            // half of frame_length
    std::optional<int64_t> fft_length = {};            // the next power of two from frame_length on
    std::optional<std::string> window = "hann";        // of initializers::STFT; null: none
    bool periodic = false;
    std::optional<std::string> scaling = "density";    // spectrum; null: none
    std::string padding = "valid";                     // same
    bool expand_dims = false;                          // an image for each channel
    std::string data_format = {};                      // channels_last, channels_first; empty: the default
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<STFTSpectrogramConfig>& s);
};

// (batch, time, channels) → (batch, frames, channels · bins), or (batch, frames, bins, channels) with
// expand_dims; channels_first: (batch, channels, time) → (batch, channels · bins, frames) or (batch,
// channels, frames, bins). bins = fft_length / 2 + 1, twice that in mode stft. Weights: real_kernel and
// imag_kernel (frame_length, 1, bins), each only in modes that need it; they may be trained.
class CORNU_API STFTSpectrogram : public Layer {
public:
    using Config = STFTSpectrogramConfig;
    explicit STFTSpectrogram(STFTSpectrogramConfig config = {});
};

struct CORNU_API MelSpectrogramConfig {
    int64_t fft_length = 2048;
    int64_t sequence_stride = 512;
    std::optional<int64_t> sequence_length = {};       // of a window: fft_length
    std::optional<std::string> window = "hann";        // or hamming; null: none
    int64_t sampling_rate = 16000;                     // samples a second
    int64_t num_mel_bins = 128;
    double min_freq = 20.0;                            // hertz
    std::optional<double> max_freq = {};               // half of sampling_rate
    bool power_to_db = true;                           // decibels in place of power
    double top_db = 80.0;                              // nothing is further below the loudest
    double mag_exp = 2.0;                              // 1: amplitude, 2: power
    double min_power = 1e-10;
    double ref_power = 1.0;                            // what 0 decibels are
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<MelSpectrogramConfig>& s);
};

// (…, samples) → (…, num_mel_bins, frames), frames = 1 + samples / sequence_stride.
class CORNU_API MelSpectrogram : public Layer {
public:
    using Config = MelSpectrogramConfig;
    explicit MelSpectrogram(MelSpectrogramConfig config = {});
};

}  // namespace cornu::layers
