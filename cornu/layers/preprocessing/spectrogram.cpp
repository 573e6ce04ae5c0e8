#include "cornu/layers/preprocessing/spectrogram.h"

#include <bit>

#include "cornu/initializers/initializers.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/convolution.h"
#include "cornu/ops/einsum.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/fourier.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/tensor/context.h"

namespace cornu::layers {

namespace {

constexpr double most_samples = 1 << 30;

class STFTSpectrogramLayer final : public ConfiguredLayer<STFTSpectrogramConfig> {
public:
    explicit STFTSpectrogramLayer(STFTSpectrogramConfig config) : ConfiguredLayer("STFTSpectrogram", std::move(config)) {
        const auto& c = config_;
        if (c.frame_step && *c.frame_step > c.frame_length)
            throw ValueError(str("`frame_step` should be a positive integer not greater than `frame_length`. Received frame_step=", *c.frame_step, ", frame_length=", c.frame_length));
        if (c.fft_length && *c.fft_length < c.frame_length)
            throw ValueError(str("`fft_length` should be not less than `frame_length`. Received fft_length=", *c.fft_length, ", frame_length=", c.frame_length));
        standardize_data_format(config_.data_format);
        last_ = config_.data_format == "channels_last";
        step_ = c.frame_step.value_or(std::max<int64_t>(1, c.frame_length / 2));
        bins_ = c.fft_length.value_or(static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(c.frame_length)))) / 2 + 1;
        set_input_spec({.ndim = 3});
    }

    void build(const Shape&) override {
        const auto kernel = [&](const char* name, const char* side) {
            return add_weight({.name = name, .shape = {config_.frame_length, 1, bins_},
                               .initializer = initializers::STFT({.side = side, .window = config_.window, .scaling = config_.scaling, .periodic = config_.periodic})});
        };
        if (config_.mode != "imag") real_ = kernel("real_kernel", "real");
        if (config_.mode != "real") imag_ = kernel("imag_kernel", "imag");
    }

    // Where sizes are not known, traced reshapes could not tell them apart.
    SpecTree compute_output_spec(const SpecTree& inputs, const Call&) override {
        const Shape& x = inputs.leaf().shape;
        const int64_t channels = last_ ? x[2] : x[1], time = last_ ? x[1] : x[2], bins = config_.mode == "stft" ? 2 * bins_ : bins_;
        int64_t frames = None;
        if (time != None) frames = config_.padding == "same" ? (time + step_ - 1) / step_ : (time - config_.frame_length) / step_ + 1;
        if (frames != None && (frames < 1 || (config_.padding == "valid" && time < config_.frame_length)))
            throw ShapeError(str("the input must be as long as a frame, ", config_.frame_length, ". Received: inputs.shape=", x));
        const int64_t all = channels == None ? None : channels * bins;
        Shape out;
        if (config_.expand_dims) out = last_ ? Shape{x[0], frames, bins, channels} : Shape{x[0], channels, frames, bins};
        else out = last_ ? Shape{x[0], frames, all} : Shape{x[0], all, frames};
        return Spec{out, compute_dtype()};
    }

    Tensor call(const Tensor& x, const Call&) override {
        if (x.dtype() != DType::float16 && x.dtype() != DType::float32 && x.dtype() != DType::float64)
            throw DTypeError(str("Invalid input type. Expected `float16`, `float32` or `float64`. Received: input type=", x.dtype()));
        const std::string& mode = config_.mode;
        const double epsilon = Context::current().epsilon();
        if (mode == "real") return arrange(convolve(x, real_));
        if (mode == "imag") return arrange(convolve(x, imag_));
        const Tensor real = convolve(x, real_), imag = convolve(x, imag_);
        if (mode == "angle") return arrange(ops::arctan2(imag, real));
        if (mode == "stft") return arrange(ops::concatenate({real, imag}, 2));
        const Tensor power = ops::square(real) + ops::square(imag);
        if (mode == "psd") return arrange(power + ops::pad(composing::between(power, 2, 1, bins_ - 1), {{0, 0}, {0, 0}, {1, 1}, {0, 0}}));
        const Tensor magnitude = arrange(ops::sqrt(ops::maximum(power, epsilon)));
        return mode == "magnitude" ? magnitude : ops::log(ops::maximum(magnitude, epsilon));
    }

private:
    // (batch, channels, bins, frames): each channel by itself.
    Tensor convolve(const Tensor& x, const Variable& kernel) const {
        const int64_t channels = last_ ? x.shape()[2] : x.shape()[1], time = last_ ? x.shape()[1] : x.shape()[2];
        const Tensor alone = last_ ? ops::reshape(ops::transpose(x, {0, 2, 1}), {-1, time, 1}) : ops::reshape(x, {-1, 1, time});
        Tensor y = ops::conv(alone, ops::cast(kernel, x.dtype()), step_, config_.padding, config_.data_format);
        if (last_) y = ops::transpose(y, {0, 2, 1});
        return ops::reshape(y, {-1, channels, y.shape()[1], y.shape()[2]});
    }
    Tensor arrange(const Tensor& y) const {
        if (config_.expand_dims) return ops::transpose(y, last_ ? std::vector<int64_t>{0, 3, 2, 1} : std::vector<int64_t>{0, 1, 3, 2});
        const Tensor joined = ops::reshape(y, {-1, y.shape()[1] * y.shape()[2], y.shape()[3]});
        return last_ ? ops::transpose(joined, {0, 2, 1}) : joined;
    }

    bool last_ = true;
    int64_t step_ = 1, bins_ = 1;
    Variable real_, imag_;
};

constexpr double mel_break_hertz = 700.0, mel_high_q = 1127.0;

Tensor hertz_to_mel(const Tensor& hertz) { return ops::log(hertz / mel_break_hertz + 1.0) * mel_high_q; }

// (bins, mels): triangles that are as wide in mels, one beside the other; the constant part is left out.
Tensor mel_matrix(const MelSpectrogramConfig& c, int64_t bins, double max_freq, DType dtype) {
    const Tensor linear = ops::linspace(0.0, static_cast<double>(c.sampling_rate) / 2.0, bins, true, dtype);
    const Tensor mel = ops::reshape(hertz_to_mel(composing::between(linear, 0, 1, bins)), {bins - 1, 1});
    const auto edge = [&](double hertz) { return hertz_to_mel(Tensor::full({}, hertz, dtype)).to_host().item<double>(); };
    const Tensor edges = ops::linspace(edge(c.min_freq), edge(max_freq), c.num_mel_bins + 2, true, dtype);
    const auto part = [&](int64_t from) { return ops::reshape(composing::between(edges, 0, from, from + c.num_mel_bins), {1, c.num_mel_bins}); };
    const Tensor lower = part(0), centre = part(1), upper = part(2);
    const Tensor up = (mel - lower) / (centre - lower), down = (upper - mel) / (upper - centre);
    return ops::pad(ops::maximum(ops::minimum(up, down), 0.0), {{1, 0}, {0, 0}});
}

class MelSpectrogramLayer final : public ConfiguredLayer<MelSpectrogramConfig> {
public:
    explicit MelSpectrogramLayer(MelSpectrogramConfig config) : ConfiguredLayer("MelSpectrogram", std::move(config)) {
        auto& c = config_;
        if (!c.sequence_length) c.sequence_length = c.fft_length;
        if (!c.max_freq) c.max_freq = static_cast<double>(c.sampling_rate / 2);
        if (c.fft_length < *c.sequence_length)
            throw ValueError(str("`fft_length` must be greater than or equal to `sequence_length`. Received: `sequence_length`=", *c.sequence_length,
                                 ", `fft_length`=", c.fft_length, "."));
        if (c.min_freq < 0 || *c.max_freq <= c.min_freq)
            throw ValueError(str("`max_freq` must be greater than `min_freq`, which must not be negative. Received: min_freq=", c.min_freq, ", max_freq=", *c.max_freq));
    }

    SpecTree compute_output_spec(const SpecTree& inputs, const Call&) override {
        Shape shape = inputs.leaf().shape;
        if (shape.rank() < 1) throw ShapeError("the layer takes samples along the last axis. Received: a scalar");
        const int64_t samples = shape.back();
        shape.erase(shape.rank() - 1);
        shape.push_back(config_.num_mel_bins);
        shape.push_back(samples == None ? None : 1 + samples / config_.sequence_stride);
        return Spec{shape, compute_dtype()};
    }

    Tensor call(const Tensor& inputs, const Call&) override {
        const auto& c = config_;
        const Window window = c.window ? Window(c.window->c_str()) : Window(std::nullopt);
        const auto [real, imag] = ops::stft(ops::cast(inputs, inner_dtype()), *c.sequence_length, c.sequence_stride, c.fft_length, window);
        const Tensor magnitude = ops::sqrt(ops::square(real) + ops::square(imag));
        Tensor y = ops::tensordot(ops::power(magnitude, c.mag_exp), matrix(), 1);
        if (c.power_to_db) {
            const auto ten_log = [&](const Tensor& x) { return ops::log10(ops::maximum(x, c.min_power)) * 10.0; };
            y = ten_log(y) - ten_log(Tensor::full({}, std::abs(c.ref_power), y.dtype()));
            y = ops::maximum(y, ops::max(y) - c.top_db);
        }
        return ops::cast(ops::swapaxes(y, -1, -2), compute_dtype());
    }

private:
    // Made by the first call, not when a file is read, which could ask for any size.
    const Tensor& matrix() {
        if (!matrix_.defined()) {
            const UseMode eagerly(nullptr);
            const Unheard unheard;
            matrix_ = mel_matrix(config_, config_.fft_length / 2 + 1, *config_.max_freq, inner_dtype());
        }
        return matrix_;
    }
    DType inner_dtype() const { return compute_dtype() == DType::float64 ? DType::float64 : DType::float32; }
    Tensor matrix_;
};

}  // namespace

void STFTSpectrogramConfig::describe(Schema<STFTSpectrogramConfig>& s) {
    using C = STFTSpectrogramConfig;
    describe_layer(s);
    s.field<&C::mode>("What of the spectrum is given.").one_of({"log", "magnitude", "psd", "real", "imag", "angle", "stft"});
    s.field<&C::frame_length>("Samples of a frame.").between(1, most_samples);
    s.field<&C::frame_step>("Samples from one frame to the next.").positive();
    s.field<&C::fft_length>("Samples of a spectrum.").between(1, most_samples);
    s.field<&C::window>("What frames are multiplied by.").one_of({"bartlett", "blackman", "boxcar", "hamming", "hann"});
    s.field<&C::periodic>("Whether windows are periodic.");
    s.field<&C::scaling>("How windows are scaled.").one_of({"density", "spectrum"});
    s.field<&C::padding>("valid or same.").one_of({"valid", "same"});
    s.field<&C::data_format>("channels_last or channels_first.");
    s.field<&C::expand_dims>("Whether frequencies have an axis of their own.");
}

void MelSpectrogramConfig::describe(Schema<MelSpectrogramConfig>& s) {
    using C = MelSpectrogramConfig;
    describe_layer(s);
    s.field<&C::fft_length>("Samples of a spectrum.").between(2, most_samples);
    s.field<&C::sequence_stride>("Samples from one spectrum to the next.").positive();
    s.field<&C::sequence_length>("Samples of a window.").positive();
    s.field<&C::window>("What samples are multiplied by.").one_of({"hann", "hamming"});
    s.field<&C::sampling_rate>("Samples a second.").positive();
    s.field<&C::num_mel_bins>("Number of bands.").between(1, most_samples);
    s.field<&C::min_freq>("Where the first band begins, in hertz.");
    s.field<&C::max_freq>("Where the last band ends, in hertz.");
    s.field<&C::power_to_db>("Whether the result is in decibels.");
    s.field<&C::top_db>("How far the quietest may be below the loudest.");
    s.field<&C::mag_exp>("Power of the amplitude.");
    s.field<&C::min_power>("Less than this is this much.").positive();
    s.field<&C::ref_power>("What 0 decibels are.");
}

STFTSpectrogram::STFTSpectrogram(STFTSpectrogramConfig config) : Layer(std::make_shared<STFTSpectrogramLayer>(std::move(config))) {}
MelSpectrogram::MelSpectrogram(MelSpectrogramConfig config) : Layer(std::make_shared<MelSpectrogramLayer>(std::move(config))) {}

}  // namespace cornu::layers
