#include "cornu/ops/fourier.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "cornu/ops/catalogue.h"
#include "cornu/ops/composing.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

using Ints = std::vector<int64_t>;

template <> struct Codec<Window> {
    static Json encode(const Window& v) {
        if (const std::string* name = std::get_if<std::string>(&v.value)) return *name;
        if (const auto* values = std::get_if<std::vector<double>>(&v.value)) return Codec<std::vector<double>>::encode(*values);
        return {};
    }
    static void decode(const Json& j, Window& v) {
        if (j.is_null()) v = std::nullopt;
        else if (j.is_string()) v.value = j.as_string();
        else {
            std::vector<double> values;
            Codec<std::vector<double>>::decode(j, values);
            v.value = std::move(values);
        }
    }
};

namespace {

void check_floats(const InferArgs& a) {
    for (const Spec& in : a.in)
        if (in.dtype != DType::float32 && in.dtype != DType::float64)
            throw DTypeError(str("ops.", a.op.name, ": the input must be of float32 or float64. Received: ", in.dtype));
}
// A pair of one shape and dtype, with `axes` last axes of known size.
void check_pair(const InferArgs& a, int64_t axes) {
    check_floats(a);
    if (!(a.shape(0) == a.shape(1)) || a.dtype(0) != a.dtype(1))
        throw ShapeError(str("ops.", a.op.name, ": the real and imaginary parts must have one shape and dtype. Received: ", a.in[0], " and ", a.in[1]));
    if (a.shape().rank() < axes) throw ShapeError(str("ops.", a.op.name, ": the input must be of rank ", axes, " or more. Received: shape ", a.shape()));
    for (int64_t i = 1; i <= axes; ++i)
        if (a.shape().dim(-i) < 0) throw ShapeError(str("ops.", a.op.name, ": the size of the axes transformed must be known. Received: shape ", a.shape()));
}
Specs pair_infer(const InferArgs& a, int64_t axes) {
    check_pair(a, axes);
    return {{a.shape(), a.dtype()}, {a.shape(), a.dtype()}};
}
Tensors both(const ComplexPair& x) { return {x.first, x.second}; }
Shape with_last(Shape shape, int64_t last) {
    shape[shape.rank() - 1] = last;
    return shape;
}
// The last axis cut, or padded with zeros.
Tensor fitted(const Tensor& x, int64_t size) {
    Ints none(static_cast<size_t>(x.rank()), 0), high = none;
    high.back() = size - x.shape().back();
    return high.back() == 0 ? x : prim::pad(x, Tensor::full({}, 0, x.dtype()), none, high);
}
Tensor between(const Tensor& x, int64_t from, int64_t to) { return composing::between(x, x.rank() - 1, from, to); }
std::vector<OpSample> pair_samples(const std::vector<Shape>& shapes, const Attrs& attrs = {}) {
    std::vector<OpSample> out;
    for (const Shape& shape : shapes) out.push_back({{{shape, DType::float64}, {shape, DType::float64}}, attrs});
    return out;
}

constexpr OpTraits of_pair = {.promote = Promote::common, .list_input = true};

// ---- transforms ----

constinit const Op fft_pair_op = {
    .name = "fft_pair", .doc = "Discrete Fourier transform along the last axis, without a factor.", .inputs = 2,
    .infer = [](const InferArgs& a) { return pair_infer(a, 1); },
    // The matrix is symmetric: its transpose, which takes conjugates, is the inverse.
    .vjp = [](const Vjp& v) { return both(prim::fft(v.g(0), v.g(1), !v.as<FftAttrs>().inverse)); },
    .samples = {.cases = [] {
        std::vector<OpSample> out = pair_samples({{2, 6}, {7}, {2, 1}, {0, 4}, {2, 74}}, FftAttrs{});
        out.push_back(pair_samples({{3, 8}}, FftAttrs{true})[0]);
        return out;
    }}};

ComplexPair fft2_of(ComplexPair x, bool inverse) {
    for (int i = 0; i < 2; ++i) {
        x = prim::fft(x.first, x.second, inverse);
        x = {ops::swapaxes(x.first, -1, -2), ops::swapaxes(x.second, -1, -2)};
    }
    return x;
}
constinit const Op fft_op = {
    .name = "fft", .keras = "keras.src.ops.math.FFT", .doc = "Discrete Fourier transform along the last axis.", .inputs = 2,
    .infer = [](const InferArgs& a) { return pair_infer(a, 1); },
    .decompose = [](const Tensors& in, const Attrs&) { return both(prim::fft(in[0], in[1])); },
    .traits = of_pair, .samples = {.cases = [] { return pair_samples({{2, 6}, {5}}); }}};
constinit const Op fft2_op = {
    .name = "fft2", .keras = "keras.src.ops.math.FFT2", .doc = "Discrete Fourier transform along the last two axes.", .inputs = 2,
    .infer = [](const InferArgs& a) { return pair_infer(a, 2); },
    .decompose = [](const Tensors& in, const Attrs&) { return both(fft2_of({in[0], in[1]}, false)); },
    .traits = of_pair, .samples = {.cases = [] { return pair_samples({{2, 3, 4}, {2, 5}}); }}};
constinit const Op ifft2_op = {
    .name = "ifft2", .keras = "keras.src.ops.math.IFFT2", .doc = "The inverse of fft2.", .inputs = 2,
    .infer = [](const InferArgs& a) { return pair_infer(a, 2); },
    .decompose = [](const Tensors& in, const Attrs&) -> Tensors {
        const ComplexPair whole = fft2_of({in[0], in[1]}, true);
        const Tensor &real = whole.first, &imag = whole.second;
        const double factor = 1.0 / static_cast<double>(std::max<int64_t>(1, real.shape().dim(-1) * real.shape().dim(-2)));
        return {real * factor, imag * factor};
    },
    .traits = of_pair, .samples = {.cases = [] { return pair_samples({{2, 3, 4}, {2, 5}}); }}};

struct FftLengthAttrs {
    std::optional<int64_t> fft_length = {};
    static void describe(Schema<FftLengthAttrs>& s) { s.field<&FftLengthAttrs::fft_length>().positive(); }
};
constinit const Op rfft_op = {
    .name = "rfft", .keras = "keras.src.ops.math.RFFT", .doc = "Discrete Fourier transform of real numbers: the first half of the spectrum.",
    .infer = [](const InferArgs& a) -> Specs {
        check_floats(a);
        if (a.shape().rank() < 1) throw ShapeError(str("ops.rfft: the input must be of rank 1 or more. Received: shape ", a.shape()));
        const int64_t n = a.as<FftLengthAttrs>().fft_length.value_or(a.shape().back());
        if (n == 0) throw ShapeError(str("ops.rfft: at least one number is needed. Received: shape ", a.shape()));
        const Spec out{with_last(a.shape(), n < 0 ? None : n / 2 + 1), a.dtype()};
        return {out, out};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const int64_t n = attrs.as<FftLengthAttrs>().fft_length.value_or(in[0].shape().back());
        const Tensor x = fitted(in[0], n);
        const auto [real, imag] = prim::fft(x, ops::zeros_like(x));
        return {between(real, 0, n / 2 + 1), between(imag, 0, n / 2 + 1)};
    },
    .traits = {.promote = Promote::to_float},
    .samples = {.cases = [] {
        const Spec x{{2, 6}, DType::float64};
        return std::vector<OpSample>{{{x}, FftLengthAttrs{}}, {{x}, FftLengthAttrs{9}}, {{x}, FftLengthAttrs{5}}};
    }},
    .read_attrs = read_attrs<FftLengthAttrs>};

// The whole spectrum is the half and its mirror image: the real part of twice the half, but for the
// ends, which have no image and whose imaginary parts do not count.
Tensor irfft_of(const ComplexPair& x, int64_t n) {
    const int64_t bins = n / 2 + 1;
    std::vector<double> twice(static_cast<size_t>(bins), 2.0 / static_cast<double>(n));
    twice[0] /= 2;
    if (n % 2 == 0) twice.back() /= 2;
    const Tensor weights = ops::cast(Tensor::from(twice), x.first.dtype());
    const auto prepared = [&](const Tensor& part) { return fitted(fitted(part, bins) * weights, n); };
    return prim::fft(prepared(x.first), prepared(x.second), true).first;
}
constinit const Op irfft_op = {
    .name = "irfft", .keras = "keras.src.ops.math.IRFFT", .doc = "The inverse of rfft.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        check_pair(a, 1);
        const int64_t n = a.as<FftLengthAttrs>().fft_length.value_or(2 * (a.shape().back() - 1));
        if (n < 1) throw ShapeError(str("ops.irfft: at least two numbers are needed, or fft_length. Received: shape ", a.shape()));
        return {{with_last(a.shape(), n), a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        return {irfft_of({in[0], in[1]}, attrs.as<FftLengthAttrs>().fft_length.value_or(2 * (in[0].shape().back() - 1)))};
    },
    .traits = of_pair,
    .samples = {.cases = [] {
        std::vector<OpSample> out = pair_samples({{2, 4}}, FftLengthAttrs{});
        out.push_back(pair_samples({{2, 4}}, FftLengthAttrs{5})[0]);
        out.push_back(pair_samples({{4}}, FftLengthAttrs{11})[0]);
        return out;
    }},
    .read_attrs = read_attrs<FftLengthAttrs>};

// ---- sequences ----

struct SequenceAttrs {
    int64_t sequence_length = 1, sequence_stride = 1;
    static void describe(Schema<SequenceAttrs>& s) {
        s.field<&SequenceAttrs::sequence_length>().positive();
        s.field<&SequenceAttrs::sequence_stride>().positive();
    }
};
constinit const Op extract_sequences_op = {
    .name = "extract_sequences", .keras = "keras.src.ops.math.ExtractSequences", .doc = "Overlapping windows of the last axis.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& s = a.as<SequenceAttrs>();
        const bool fits = a.shape().rank() >= 1 && (a.shape().back() < 0 || a.shape().back() >= s.sequence_length);
        if (!fits || s.sequence_length < 1 || s.sequence_stride < 1)
            throw ShapeError(str("ops.extract_sequences: sequence_length must lie between 1 and the size of the last axis, and sequence_stride be positive. Received: shape ", a.shape(), ", ", a.attrs.to_string()));
        const int64_t size = a.shape().back();
        Shape out = with_last(a.shape(), size < 0 ? None : 1 + (size - s.sequence_length) / s.sequence_stride);
        out.push_back(s.sequence_length);
        return {{out, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& s = attrs.as<SequenceAttrs>();
        const int64_t count = 1 + (in[0].shape().back() - s.sequence_length) / s.sequence_stride;
        std::vector<int32_t> index;
        for (int64_t i = 0; i < count; ++i)
            for (int64_t k = 0; k < s.sequence_length; ++k) index.push_back(static_cast<int32_t>(i * s.sequence_stride + k));
        return {ops::take(in[0], Tensor::from(index, {count, s.sequence_length}), -1)};
    },
    .samples = {.cases = [] {
        const Spec x{{2, 9}, DType::float64};
        return std::vector<OpSample>{{{x}, SequenceAttrs{4, 2}}, {{{{5}, DType::float64}}, SequenceAttrs{2, 3}}};
    }},
    .read_attrs = read_attrs<SequenceAttrs>};

struct StftAttrs {
    int64_t sequence_length = 1, sequence_stride = 1, fft_length = 1;
    Window window;
    bool center = true;
    static void describe(Schema<StftAttrs>& s) {
        s.field<&StftAttrs::sequence_length>();
        s.field<&StftAttrs::sequence_stride>();
        s.field<&StftAttrs::fft_length>();
        s.field<&StftAttrs::window>();
        s.field<&StftAttrs::center>();
    }
    void check(const Op& op) const {
        const bool valid = sequence_length >= 1 && sequence_stride >= 1 && fft_length >= sequence_length && sequence_stride <= fft_length;
        if (!valid)
            throw ValueError(str("ops.", op.name, ": sequence_length must lie between 1 and fft_length, and sequence_stride too. Received: sequence_length=", sequence_length, ", sequence_stride=", sequence_stride, ", fft_length=", fft_length));
        if (const std::string* name = std::get_if<std::string>(&window.value); name && *name != "hann" && *name != "hamming")
            throw ValueError(str("ops.", op.name, ": window must be \"hann\", \"hamming\", numbers or None. Received: window=", *name));
        if (const auto* values = std::get_if<std::vector<double>>(&window.value); values && static_cast<int64_t>(values->size()) != sequence_length)
            throw ValueError(str("ops.", op.name, ": window must have sequence_length numbers. Received: ", values->size(), " for sequence_length=", sequence_length));
    }
    // In the middle of fft_length places. None is ones everywhere.
    std::vector<double> values() const {
        if (window.value.index() == 0) return std::vector<double>(static_cast<size_t>(fft_length), 1.0);
        std::vector<double> out(static_cast<size_t>(fft_length), 0.0);
        const auto* given = std::get_if<std::vector<double>>(&window.value);
        const double a = std::get_if<std::string>(&window.value) && std::get<std::string>(window.value) == "hamming" ? 0.54 : 0.5;
        for (int64_t i = 0; i < sequence_length; ++i) {
            const double turn = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(sequence_length);
            // SciPy's window of one place is 1, whatever its shape.
            const double value = given ? (*given)[static_cast<size_t>(i)] : sequence_length == 1 ? 1.0 : a - (1 - a) * std::cos(turn);
            out[static_cast<size_t>((fft_length - sequence_length) / 2 + i)] = value;
        }
        return out;
    }
    int64_t margin() const { return center ? fft_length / 2 : 0; }
};

constinit const Op stft_op = {
    .name = "stft", .keras = "keras.src.ops.math.STFT", .doc = "Spectra of overlapping sequences along the last axis.",
    .infer = [](const InferArgs& a) -> Specs {
        const auto& s = a.as<StftAttrs>();
        s.check(a.op);
        check_floats(a);
        if (a.shape().rank() < 1) throw ShapeError("ops.stft: the input must be of rank 1 or more. Received: shape ()");
        const int64_t size = a.shape().back(), padded = size + 2 * s.margin();
        if (size >= 0 && (padded < s.fft_length || size <= s.margin()))
            throw ShapeError(str("ops.stft: the signal must be no shorter than fft_length, or longer than half of it when centred. Received: shape ", a.shape(), ", fft_length=", s.fft_length));
        Shape out = with_last(a.shape(), size < 0 ? None : 1 + (padded - s.fft_length) / s.sequence_stride);
        out.push_back(s.fft_length / 2 + 1);
        return {{out, a.dtype()}, {out, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& s = attrs.as<StftAttrs>();
        std::vector<std::pair<int64_t, int64_t>> ends(static_cast<size_t>(in[0].rank()), {0, 0});
        ends.back() = {s.margin(), s.margin()};
        const Tensor x = s.margin() > 0 ? ops::pad(in[0], ends, "reflect") : in[0];
        const Tensor window = ops::cast(Tensor::from(s.values()), x.dtype());
        return both(ops::rfft(ops::extract_sequences(x, s.fft_length, s.sequence_stride) * window));
    },
    .samples = {.cases = [] {
        const Spec x{{2, 16}, DType::float64}, line{{9}, DType::float64};
        return std::vector<OpSample>{{{x}, StftAttrs{6, 3, 8}}, {{x}, StftAttrs{6, 3, 8, std::nullopt, false}}, {{line}, StftAttrs{3, 2, 5, "hamming"}}, {{line}, StftAttrs{2, 4, 4, std::vector<double>{1, 2}, false}}};
    }},
    .read_attrs = read_attrs<StftAttrs>};

struct IstftAttrs {
    int64_t sequence_length = 1, sequence_stride = 1, fft_length = 1;
    std::optional<int64_t> length = {};
    Window window;
    bool center = true;
    static void describe(Schema<IstftAttrs>& s) {
        s.field<&IstftAttrs::sequence_length>();
        s.field<&IstftAttrs::sequence_stride>();
        s.field<&IstftAttrs::fft_length>();
        s.field<&IstftAttrs::length>().non_negative();
        s.field<&IstftAttrs::window>();
        s.field<&IstftAttrs::center>();
    }
    StftAttrs forward() const { return {sequence_length, sequence_stride, fft_length, window, center}; }
    // Where the signal stands in the overlapped sequences.
    std::pair<int64_t, int64_t> range(int64_t sequences) const {
        const int64_t total = fft_length + sequence_stride * (sequences - 1), start = forward().margin();
        const int64_t end = length ? start + *length : total - start;
        return {start, std::clamp(end, start, std::max(start, total))};
    }
};

// Sequences (…, count, size) laid over each other every `stride`. Each is cut into pieces as long as
// the stride; piece s of sequence i goes to place i + s, which reading the padded rows with one
// piece less in each does.
Tensor overlapped(const Tensor& x, int64_t stride) {
    const int64_t count = x.shape().dim(-2), size = x.shape().back(), pieces = 1 + (size - 1) / stride;
    const Shape batch(x.shape().begin(), x.shape().end() - 2);
    const int64_t rows = batch.size();
    Tensor y = ops::reshape(fitted(x, pieces * stride), {rows, count, pieces, stride});
    y = ops::transpose(y, {0, 2, 1, 3});
    y = prim::pad(y, Tensor::full({}, 0, y.dtype()), {0, 0, 0, 0}, {0, 0, count, 0});
    y = ops::reshape(y, {rows, pieces * 2 * count * stride});
    y = ops::reshape(between(y, 0, pieces * (2 * count - 1) * stride), {rows, pieces, (2 * count - 1) * stride});
    // A single piece of few sequences is shorter than the result: the rest is padding.
    y = fitted(ops::sum(y, 1), size + stride * (count - 1));
    Shape out = batch;
    out.push_back(size + stride * (count - 1));
    return ops::reshape(y, out);
}

constinit const Op istft_op = {
    .name = "istft", .keras = "keras.src.ops.math.ISTFT", .doc = "The signal whose spectra of overlapping sequences these are.", .inputs = 2,
    .infer = [](const InferArgs& a) -> Specs {
        const auto& s = a.as<IstftAttrs>();
        s.forward().check(a.op);
        check_pair(a, 1);
        if (a.shape().rank() < 2) throw ShapeError(str("ops.istft: the input must be of rank 2 or more. Received: shape ", a.shape()));
        const int64_t sequences = a.shape().dim(-2);
        if (sequences == 0) throw ShapeError(str("ops.istft: at least one sequence is needed. Received: shape ", a.shape()));
        Shape out(a.shape().begin(), a.shape().end() - 1);
        out[out.rank() - 1] = sequences < 0 ? None : s.range(sequences).second - s.range(sequences).first;
        return {{out, a.dtype()}};
    },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const auto& s = attrs.as<IstftAttrs>();
        const std::vector<double> window = s.forward().values();
        const double sum = std::accumulate(window.begin(), window.end(), 0.0);
        const DType dtype = in[0].dtype();
        const int64_t count = in[0].shape().dim(-2), total = s.fft_length + s.sequence_stride * (count - 1);
        // What the windows' squares add up to, by which the sum of windowed sequences is divided.
        std::vector<double> divisor(static_cast<size_t>(total), 0.0);
        for (int64_t i = 0; i < count; ++i)
            for (int64_t k = 0; k < s.fft_length; ++k) divisor[static_cast<size_t>(i * s.sequence_stride + k)] += window[static_cast<size_t>(k)] * window[static_cast<size_t>(k)];
        // Without a window Keras divides by the stride where JAX multiplied by the window's sum.
        const double factor = s.window.value.index() == 0 ? sum / static_cast<double>(s.sequence_stride) : 1.0;
        for (double& d : divisor) d = factor / (d > 1e-10 ? d : 1.0);
        const Tensor sequences = irfft_of({in[0], in[1]}, s.fft_length) * ops::cast(Tensor::from(window), dtype);
        const auto [start, end] = s.range(count);
        return {between(overlapped(sequences, s.sequence_stride) * ops::cast(Tensor::from(divisor), dtype), start, end)};
    },
    .traits = of_pair,
    .samples = {.cases = [] {
        std::vector<OpSample> out = pair_samples({{1, 6, 5}}, IstftAttrs{8, 4, 8});
        out.push_back(pair_samples({{2, 3, 5}}, IstftAttrs{5, 3, 8, 9, "hamming", false})[0]);
        out.push_back(pair_samples({{3, 4}}, IstftAttrs{4, 6, 6, {}, std::nullopt, false})[0]);
        return out;
    }},
    .read_attrs = read_attrs<IstftAttrs>};

constexpr const Op* family[] = {&fft_pair_op, &fft_op, &fft2_op, &ifft2_op, &rfft_op, &irfft_op, &extract_sequences_op, &stft_op, &istft_op};

ComplexPair pair_of(const Tensors& out) { return {out[0], out[1]}; }

}  // namespace

std::span<const Op* const> fourier_ops() { return family; }

namespace prim {
ComplexPair fft(const Tensor& real, const Tensor& imag, bool inverse) { return pair_of(cornu::apply(fft_pair_op, {real, imag}, FftAttrs{inverse})); }
}  // namespace prim

namespace ops {

ComplexPair fft(const ComplexPair& x) { return pair_of(cornu::apply(fft_op, both(x))); }
ComplexPair fft2(const ComplexPair& x) { return pair_of(cornu::apply(fft2_op, both(x))); }
ComplexPair ifft2(const ComplexPair& x) { return pair_of(cornu::apply(ifft2_op, both(x))); }
ComplexPair rfft(const Tensor& x, std::optional<int64_t> fft_length) { return pair_of(cornu::apply(rfft_op, {x}, FftLengthAttrs{fft_length})); }
Tensor irfft(const ComplexPair& x, std::optional<int64_t> fft_length) { return apply1(irfft_op, both(x), FftLengthAttrs{fft_length}); }
Tensor extract_sequences(const Tensor& x, int64_t sequence_length, int64_t sequence_stride) { return apply1(extract_sequences_op, {x}, SequenceAttrs{sequence_length, sequence_stride}); }
ComplexPair stft(const Tensor& x, int64_t sequence_length, int64_t sequence_stride, int64_t fft_length, Window window, bool center) {
    return pair_of(cornu::apply(stft_op, {x}, StftAttrs{sequence_length, sequence_stride, fft_length, std::move(window), center}));
}
Tensor istft(const ComplexPair& x, int64_t sequence_length, int64_t sequence_stride, int64_t fft_length, std::optional<int64_t> length, Window window, bool center) {
    return apply1(istft_op, both(x), IstftAttrs{sequence_length, sequence_stride, fft_length, length, std::move(window), center});
}

}  // namespace ops
}  // namespace cornu
