#include "cornu/backends/native/kernels/conv.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "cornu/backends/native/kernels/numeric.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

template <class T>
using Sum = std::conditional_t<is_small_float_v<T>, float, T>;

// Three spatial axes whatever the spec has; missing ones come first, of size 1.
struct Axes {
    int64_t input[3], kernel[3], output[3], stride[3], dilation[3], pad[3], holes[3];
    int64_t inputs, outputs, taps;

    explicit Axes(const ConvSpec& s) {
        const size_t skip = 3 - s.input.size();
        for (size_t i = 0; i < 3; ++i) {
            const bool real = i >= skip;
            const auto at = [&](const std::vector<int64_t>& v, int64_t none) {
                return real ? v[i - skip] : none;
            };
            input[i] = at(s.input, 1);
            kernel[i] = at(s.kernel, 1);
            output[i] = at(s.output, 1);
            stride[i] = at(s.stride, 1);
            dilation[i] = at(s.dilation, 1);
            pad[i] = at(s.pad_low, 0);
            holes[i] = at(s.input_dilation, 1);
        }
        inputs = input[0] * input[1] * input[2];
        outputs = output[0] * output[1] * output[2];
        taps = kernel[0] * kernel[1] * kernel[2];
    }
    // The input under tap `tap` of output `out`; -1 in the padding and between dilated inputs.
    int64_t input_at(int64_t out, int64_t tap) const {
        int64_t index = 0, scale = 1;
        for (int i = 2; i >= 0; --i) {
            const int64_t place =
                out % output[i] * stride[i] + tap % kernel[i] * dilation[i] - pad[i];
            if (place < 0 || place % holes[i] != 0 || place / holes[i] >= input[i]) return -1;
            index += place / holes[i] * scale;
            scale *= input[i];
            out /= output[i];
            tap /= kernel[i];
        }
        return index;
    }
    // The output that sees input `in` through tap `tap`; -1 when none does.
    int64_t output_at(int64_t in, int64_t tap) const {
        int64_t index = 0, scale = 1;
        for (int i = 2; i >= 0; --i) {
            const int64_t place = in % input[i] * holes[i] + pad[i] - tap % kernel[i] * dilation[i];
            if (place < 0 || place % stride[i] != 0 || place / stride[i] >= output[i]) return -1;
            index += place / stride[i] * scale;
            scale *= output[i];
            in /= input[i];
            tap /= kernel[i];
        }
        return index;
    }
};

constexpr int64_t strip = 128;  // channels summed at a time
constexpr int64_t task_products = 2048;

int64_t grain_of(int64_t products) { return std::max<int64_t>(1, task_products / (products + 1)); }

template <class T>
void forward(const ConvSpec& s, const void* const* in, void* out) {
    const Axes axes(s);
    const T *x = static_cast<const T*>(in[0]), *w = static_cast<const T*>(in[1]);
    const T* bias = s.bias ? static_cast<const T*>(in[2]) : nullptr;
    T* y = static_cast<T*>(out);
    const int64_t fan = s.in_channels / s.groups, width = s.out_channels / s.groups;
    const auto pixel = [&](int64_t at) {
        const int64_t image = at / axes.outputs, place = at % axes.outputs;
        for (int64_t g = 0; g < s.groups; ++g) {
            for (int64_t c0 = 0; c0 < width; c0 += strip) {
                const int64_t count = std::min(strip, width - c0), channel = g * width + c0;
                Sum<T> sum[strip] = {};
                for (int64_t tap = 0; tap < axes.taps; ++tap) {
                    const int64_t from = axes.input_at(place, tap);
                    if (from < 0) continue;
                    const T* source = x + (image * axes.inputs + from) * s.in_channels + g * fan;
                    const T* row = w + tap * fan * s.out_channels + channel;
                    for (int64_t i = 0; i < fan; ++i, row += s.out_channels) {
                        const Sum<T> v = load_value(source + i);
                        for (int64_t c = 0; c < count; ++c)
                            sum[c] = wrap_add(sum[c], wrap_mul(v, Sum<T>(load_value(row + c))));
                    }
                }
                for (int64_t c = 0; c < count; ++c) {
                    Sum<T> v = sum[c];
                    if (bias) v = wrap_add(v, Sum<T>(load_value(bias + channel + c)));
                    if constexpr (!is_complex_v<T>) {
                        if (s.relu && v < Sum<T>(0)) v = Sum<T>(0);
                    }
                    y[at * s.out_channels + channel + c] = from_compute<T>(v);
                }
            }
        }
    };
    parallel_for(s.batch * axes.outputs, grain_of(axes.taps * fan * s.out_channels),
                 [&](int64_t begin, int64_t end) {
                     for (int64_t at = begin; at < end; ++at) pixel(at);
                 });
}

template <class T>
void backward_data(const ConvSpec& s, const void* const* in, void* out) {
    const Axes axes(s);
    const T *dy = static_cast<const T*>(in[0]), *w = static_cast<const T*>(in[1]);
    T* dx = static_cast<T*>(out);
    const int64_t fan = s.in_channels / s.groups, width = s.out_channels / s.groups;
    const auto pixel = [&](int64_t at) {
        const int64_t image = at / axes.inputs, place = at % axes.inputs;
        for (int64_t g = 0; g < s.groups; ++g) {
            for (int64_t c0 = 0; c0 < fan; c0 += strip) {
                const int64_t count = std::min(strip, fan - c0);
                Sum<T> sum[strip] = {};
                for (int64_t tap = 0; tap < axes.taps; ++tap) {
                    const int64_t from = axes.output_at(place, tap);
                    if (from < 0) continue;
                    const T* source =
                        dy + (image * axes.outputs + from) * s.out_channels + g * width;
                    const T* row = w + (tap * fan + c0) * s.out_channels + g * width;
                    for (int64_t c = 0; c < count; ++c, row += s.out_channels) {
                        for (int64_t o = 0; o < width; ++o)
                            sum[c] = wrap_add(sum[c], wrap_mul(Sum<T>(load_value(source + o)),
                                                               Sum<T>(load_value(row + o))));
                    }
                }
                T* to = dx + at * s.in_channels + g * fan + c0;
                for (int64_t c = 0; c < count; ++c) to[c] = from_compute<T>(sum[c]);
            }
        }
    };
    parallel_for(s.batch * axes.inputs, grain_of(axes.taps * fan * s.out_channels),
                 [&](int64_t begin, int64_t end) {
                     for (int64_t at = begin; at < end; ++at) pixel(at);
                 });
}

template <class T>
void backward_weights(const ConvSpec& s, const void* const* in, void* out) {
    const Axes axes(s);
    const T *x = static_cast<const T*>(in[0]), *dy = static_cast<const T*>(in[1]);
    T* dw = static_cast<T*>(out);
    const int64_t fan = s.in_channels / s.groups, width = s.out_channels / s.groups;
    // One row of the gradient: a tap, an input channel within its group, all output channels.
    const auto row = [&](int64_t at) {
        const int64_t tap = at / fan, i = at % fan;
        for (int64_t c0 = 0; c0 < s.out_channels; c0 += strip) {
            const int64_t count = std::min(strip, s.out_channels - c0);
            Sum<T> sum[strip] = {};
            for (int64_t image = 0; image < s.batch; ++image) {
                for (int64_t place = 0; place < axes.outputs; ++place) {
                    const int64_t from = axes.input_at(place, tap);
                    if (from < 0) continue;
                    const T* source = x + (image * axes.inputs + from) * s.in_channels + i;
                    const T* g = dy + (image * axes.outputs + place) * s.out_channels + c0;
                    for (int64_t c = 0; c < count; ++c)
                        sum[c] = wrap_add(
                            sum[c], wrap_mul(Sum<T>(load_value(source + (c0 + c) / width * fan)),
                                             Sum<T>(load_value(g + c))));
                }
            }
            for (int64_t c = 0; c < count; ++c)
                dw[at * s.out_channels + c0 + c] = from_compute<T>(sum[c]);
        }
    };
    parallel_for(axes.taps * fan, grain_of(s.batch * axes.outputs * s.out_channels),
                 [&](int64_t begin, int64_t end) {
                     for (int64_t at = begin; at < end; ++at) row(at);
                 });
}

onednn::Packed library_conv(const ConvSpec& s, onednn::Threads threads) {
    const int64_t rank = static_cast<int64_t>(s.input.size());
    const auto image = [&](int64_t channels, const std::vector<int64_t>& spatial) {
        onednn::Layout l{{s.batch, channels}, {0, 1}};
        int64_t stride = channels;
        l.dims.insert(l.dims.end(), spatial.begin(), spatial.end());
        l.strides.resize(l.dims.size());
        for (int64_t i = rank - 1; i >= 0; --i) {
            l.strides[2 + i] = stride;
            stride *= spatial[i];
        }
        l.strides[0] = stride;
        return l;
    };
    const int64_t fan = s.in_channels / s.groups, width = s.out_channels / s.groups;
    onednn::Layout w{{width, fan}, {1, s.out_channels}};
    w.dims.insert(w.dims.end(), s.kernel.begin(), s.kernel.end());
    w.strides.resize(w.dims.size());
    int64_t stride = fan * s.out_channels;
    for (int64_t i = rank - 1; i >= 0; --i) {
        w.strides[2 + i] = stride;
        stride *= s.kernel[i];
    }
    if (s.groups > 1) {
        w.dims.insert(w.dims.begin(), s.groups);
        w.strides.insert(w.strides.begin(), width);
    }
    const auto pass = s.pass == ConvPass::forward         ? onednn::ConvPass::forward
                      : s.pass == ConvPass::backward_data ? onednn::ConvPass::backward_data
                                                          : onednn::ConvPass::backward_weights;
    return onednn::convolution({pass,
                                s.dtype,
                                image(s.in_channels, s.input),
                                w,
                                image(s.out_channels, s.output),
                                s.stride,
                                s.dilation,
                                s.pad_low,
                                s.pad_high,
                                {s.bias, s.relu, false}},
                               threads);
}

void complete(ConvSpec& s) {
    const size_t rank = s.input.size();
    if (s.stride.empty()) s.stride.assign(rank, 1);
    if (s.dilation.empty()) s.dilation.assign(rank, 1);
    if (s.input_dilation.empty()) s.input_dilation.assign(rank, 1);
    if (s.pad_low.empty()) s.pad_low.assign(rank, 0);
    if (s.pad_high.empty()) s.pad_high.assign(rank, 0);
    bool fits = rank >= 1 && rank <= 3 && s.groups >= 1 && s.in_channels % s.groups == 0 &&
                s.out_channels % s.groups == 0 && s.batch >= 0 && s.in_channels >= 0 &&
                s.out_channels >= 0;
    for (const auto* v :
         {&s.kernel, &s.output, &s.stride, &s.dilation, &s.input_dilation, &s.pad_low, &s.pad_high})
        fits = fits && v->size() == rank;
    for (size_t i = 0; fits && i < rank; ++i) {
        fits = s.input[i] >= 0 && s.kernel[i] >= 1 && s.output[i] >= 0 && s.stride[i] >= 1 &&
               s.dilation[i] >= 1 && s.input_dilation[i] >= 1;
        if (!fits) break;
        // Outputs may be fewer than fit (a transposed convolution says its size), never more.
        const int64_t span =
            (s.input[i] - 1) * s.input_dilation[i] + 1 + s.pad_low[i] + s.pad_high[i];
        const int64_t most = span < (s.kernel[i] - 1) * s.dilation[i] + 1
                                 ? 0
                                 : (span - (s.kernel[i] - 1) * s.dilation[i] - 1) / s.stride[i] + 1;
        fits = s.output[i] <= most;
    }
    if (!fits)
        throw ValueError(
            str("a convolution needs 1 to 3 spatial axes, positive strides and dilations, channels "
                "divisible by groups, and an output within the padded input. Received: rank=",
                rank, ", in_channels=", s.in_channels, ", out_channels=", s.out_channels,
                ", groups=", s.groups, "."));
}

int64_t product(const std::vector<int64_t>& v) {
    return std::accumulate(v.begin(), v.end(), int64_t{1}, std::multiplies<>());
}
size_t weights_of(const ConvSpec& s) {
    return static_cast<size_t>(product(s.kernel) * (s.in_channels / s.groups) * s.out_channels);
}
size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

bool all(const std::vector<int64_t>& v, bool (*holds)(int64_t)) {
    return std::all_of(v.begin(), v.end(), holds);
}

}  // namespace

Conv::Conv(const ConvSpec& spec, onednn::Threads threads) : spec_(spec) {
    ConvSpec& s = spec_;
    complete(s);
    const auto positive = [](int64_t v) { return v > 0; };
    const auto natural = [](int64_t v) { return v >= 0; };
    const auto one = [](int64_t v) { return v == 1; };
    const bool plain_only = !all(s.input, positive) || !all(s.output, positive) || s.batch == 0 ||
                            s.in_channels == 0 || s.out_channels == 0 || !all(s.pad_low, natural) ||
                            !all(s.pad_high, natural) || !all(s.input_dilation, one);
    if ((s.dtype == DType::float32 || s.dtype == DType::bfloat16) && !plain_only) {
        if (s.by_shape) {
            cut();
            return;
        }
        library_ = library_conv(s, threads);
    }
    if (library_.main) {
        scratch_bytes_ = std::max(library_.main.scratch_bytes(), library_.pack.scratch_bytes());
        if (library_.packed_bytes > 0 &&
            !(s.packed_weights && s.pass != ConvPass::backward_weights)) {
            packed_offset_ = (scratch_bytes_ + 63) / 64 * 64;
            scratch_bytes_ = packed_offset_ + library_.packed_bytes;
        }
        return;
    }
    function_ = visit_numeric(s.dtype, "conv", [&](auto t) -> Function {
        using T = decltype(t);
        if (s.pass == ConvPass::forward) return forward<T>;
        return s.pass == ConvPass::backward_data ? backward_data<T> : backward_weights<T>;
    });
}

// Cuts along the batch. Gradients of the weights are sums over it: each piece makes its own, and they
// are added in order; bfloat16 ones are made in one piece, since sums of rounded parts are worse.
void Conv::cut() {
    constexpr int64_t most_pieces = 16;
    const bool sums = spec_.pass == ConvPass::backward_weights;
    const bool whole = sums && spec_.dtype != DType::float32;
    const int64_t count = whole ? 1 : std::min(spec_.batch, most_pieces);
    for (int64_t i = 0; i < count; ++i) {
        ConvSpec part = spec_;
        part.batch = spec_.batch * (i + 1) / count - spec_.batch * i / count;
        part.by_shape = part.packed_weights = false;
        pieces_.push_back(Conv(part, onednn::Threads::one));
        piece_scratch_.push_back(scratch_bytes_);
        scratch_bytes_ += aligned(pieces_.back().scratch_bytes());
    }
    partial_offset_ = scratch_bytes_;
    if (sums && count > 1) scratch_bytes_ += aligned(weights_of(spec_) * sizeof(float)) * static_cast<size_t>(count);
}

void Conv::run_pieces(const void* const* in, void* const* out, void* scratch) {
    const auto count = static_cast<int64_t>(pieces_.size());
    const int64_t size = bits(spec_.dtype) / 8;
    const int64_t source = product(spec_.input) * spec_.in_channels * size,
                  result = product(spec_.output) * spec_.out_channels * size;
    const bool sums = spec_.pass == ConvPass::backward_weights, data = spec_.pass == ConvPass::backward_data;
    const auto weights = static_cast<int64_t>(weights_of(spec_));
    const auto partial = [&](int64_t i) {
        return static_cast<char*>(scratch) + partial_offset_ + static_cast<size_t>(i) * aligned(weights_of(spec_) * sizeof(float));
    };
    parallel_for(count, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t image = spec_.batch * i / count;
            const void* from = static_cast<const char*>(in[0]) + image * (data ? result : source);
            const void* dy = sums ? static_cast<const char*>(in[1]) + image * result : in[1];
            void* to = sums ? (count > 1 ? partial(i) : out[0])
                            : static_cast<char*>(out[0]) + image * (data ? source : result);
            const void* inputs[] = {from, dy, spec_.bias ? in[2] : nullptr};
            const auto at = static_cast<size_t>(i);
            pieces_[at].run(inputs, &to, static_cast<char*>(scratch) + piece_scratch_[at]);
        }
    });
    if (!sums || count == 1) return;
    auto* total = static_cast<float*>(out[0]);
    parallel_for(weights, 4096, [&](int64_t begin, int64_t end) {
        std::copy_n(reinterpret_cast<const float*>(partial(0)) + begin, end - begin, total + begin);
        for (int64_t i = 1; i < count; ++i) {
            const auto* more = reinterpret_cast<const float*>(partial(i));
            for (int64_t k = begin; k < end; ++k) total[k] += more[k];
        }
    });
}

void Conv::pack(const void* weights, void* packed, void* scratch) {
    CORNU_CHECK(packed_bytes() > 0 && spec_.pass != ConvPass::backward_weights, "nothing to pack");
    const void* pointers[] = {weights, packed};
    library_.pack.run(pointers, scratch);
}

void Conv::run(const void* const* in, void* const* out, void* scratch) {
    if (!pieces_.empty()) return run_pieces(in, out, scratch);
    if (!library_.main) return function_(spec_, in, out[0]);
    void* own = static_cast<char*>(scratch) + packed_offset_;
    const bool reorder = library_.packed_bytes > 0;
    if (spec_.pass == ConvPass::backward_weights) {
        const void* pointers[] = {in[0], reorder ? own : out[0], in[1]};
        library_.main.run(pointers, scratch);
        if (!reorder) return;
        const void* back[] = {own, out[0]};
        library_.pack.run(back, scratch);
        return;
    }
    const void* weights = in[1];
    if (reorder && !spec_.packed_weights) {
        const void* pointers[] = {weights, own};
        library_.pack.run(pointers, scratch);
        weights = own;
    }
    if (spec_.pass == ConvPass::forward) {
        const void* pointers[] = {in[0], weights, out[0], spec_.bias ? in[2] : nullptr};
        library_.main.run(pointers, scratch);
    } else {
        const void* pointers[] = {out[0], weights, in[0]};
        library_.main.run(pointers, scratch);
    }
}

}  // namespace cornu::native
