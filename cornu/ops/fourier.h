// Fourier transforms. Complex tensors are pairs (real, imaginary), as in Keras; float32 and float64.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cornu/ops/apply.h"

namespace cornu {

using ComplexPair = std::pair<Tensor, Tensor>;   // real and imaginary part, of one shape and dtype

// What each sequence is multiplied by: "hann", "hamming", numbers, or nothing.
struct Window {
    std::variant<std::monostate, std::string, std::vector<double>> value = "hann";

    Window() = default;
    Window(std::nullopt_t) : value(std::monostate()) {}
    Window(const char* name) : value(std::string(name)) {}
    Window(std::vector<double> values) : value(std::move(values)) {}
};

namespace ops {

CORNU_API ComplexPair fft(const ComplexPair& x);     // along the last axis
CORNU_API ComplexPair fft2(const ComplexPair& x);    // along the last two
CORNU_API ComplexPair ifft2(const ComplexPair& x);
// Of real numbers, cut or padded to fft_length: the first half of the spectrum, fft_length / 2 + 1.
CORNU_API ComplexPair rfft(const Tensor& x, std::optional<int64_t> fft_length = {});
CORNU_API Tensor irfft(const ComplexPair& x, std::optional<int64_t> fft_length = {});

// The windows of `sequence_length` along the last axis, every `sequence_stride`: (…, windows, length).
CORNU_API Tensor extract_sequences(const Tensor& x, int64_t sequence_length, int64_t sequence_stride);
// Spectra of overlapping sequences: (…, sequences, fft_length / 2 + 1). With `center` the signal is
// mirrored at its ends, so that sequence i is centred on i * sequence_stride.
CORNU_API ComplexPair stft(const Tensor& x, int64_t sequence_length, int64_t sequence_stride, int64_t fft_length,
                           Window window = {}, bool center = true);
// The signal whose stft this is; `length` cuts it.
CORNU_API Tensor istft(const ComplexPair& x, int64_t sequence_length, int64_t sequence_stride, int64_t fft_length,
                       std::optional<int64_t> length = {}, Window window = {}, bool center = true);

}  // namespace ops

// Of the primitive: exp(-2πi jk/n), or exp(+…) without the factor 1/n.
struct FftAttrs {
    bool inverse = false;
    static void describe(Schema<FftAttrs>& s) { s.field<&FftAttrs::inverse>(); }
};
namespace prim {
CORNU_API ComplexPair fft(const Tensor& real, const Tensor& imag, bool inverse = false);
}  // namespace prim
}  // namespace cornu
