// Convolutions. LibTorch names channels before spatial axes: it sees ours through views with their
// channels last, and no element moves.
#include <ATen/ops/as_strided.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/slice.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "cornu/backends/torch/lowering.h"
#include "cornu/ops/convolution.h"

namespace cornu::torch {

namespace {

at::Tensor channels_second(const at::Tensor& x) { return x.movedim(-1, 1); }
at::Tensor channels_last(const at::Tensor& x) { return x.movedim(1, -1); }
at::Tensor filters_first(const at::Tensor& kernel) {  // (spatial…, in, out) → (out, in, spatial…)
    return kernel.movedim({-1, -2}, {0, 1});
}
at::Tensor zero_like(const at::Tensor& x) { return at::zeros({}, x.options()); }

// Pads of spatial axes as LibTorch's convolution takes them, equal on both sides, and what is left.
struct Pads {
    Ints both, low, high;  // low and high: of all axes, for padded()
    bool rest = false;

    Pads(const ConvAttrs& a, int64_t spatial) : low(1, 0), high(1, 0) {
        for (size_t i = 0; i < static_cast<size_t>(spatial); ++i) {
            both.push_back(std::max<int64_t>(0, std::min(a.pad_low[i], a.pad_high[i])));
            low.push_back(a.pad_low[i] - both[i]);
            high.push_back(a.pad_high[i] - both[i]);
            rest = rest || low.back() != 0 || high.back() != 0;
        }
        low.push_back(0);
        high.push_back(0);
    }
    at::Tensor apply(const at::Tensor& x) const {
        return rest ? padded(x, zero_like(x), low, high, Ints(low.size(), 0)) : x;
    }
};

at::Tensor with_holes(const at::Tensor& x, const Ints& dilation) {
    if (std::all_of(dilation.begin(), dilation.end(), [](int64_t d) { return d == 1; })) return x;
    Ints none(static_cast<size_t>(x.dim()), 0), holes = none;
    for (size_t i = 0; i < dilation.size(); ++i) holes[i + 1] = dilation[i] - 1;
    return padded(x, zero_like(x), none, none, holes);
}

// Types that LibTorch has no convolution of: every window times the filters.
at::Tensor by_windows(const at::Tensor& x, const at::Tensor& kernel, const ConvAttrs& a,
                      const Shape& shape) {
    const int64_t n = x.dim() - 2, channels = kernel.size(n),
                  filters = kernel.size(n + 1) / a.groups;
    Ints low{0}, high{0}, window{1}, steps{1}, dilation{1};
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
        low.push_back(a.pad_low[i]);
        high.push_back(a.pad_high[i]);
        window.push_back(kernel.size(static_cast<int64_t>(i)));
        steps.push_back(a.strides[i]);
        dilation.push_back(a.rhs_dilation[i]);
    }
    for (Ints* list : {&low, &high}) list->push_back(0);
    for (Ints* list : {&window, &steps, &dilation}) list->push_back(1);
    const at::Tensor all = padded(x, zero_like(x), low, high, Ints(low.size(), 0));
    std::vector<at::Tensor> groups;
    for (int64_t g = 0; g < a.groups; ++g) {
        const at::Tensor own = at::slice(all, n + 1, g * channels, (g + 1) * channels);
        const at::Tensor filter = at::slice(kernel, n + 1, g * filters, (g + 1) * filters);
        // (outputs…, channels, 1, window…, 1): the window's axes before the channels.
        const at::Tensor windows = windows_of(own, window, steps, dilation).movedim(n + 1, -1);
        groups.push_back(
            at::mm(windows.reshape({-1, filter.numel() / std::max<int64_t>(filters, 1)}),
                   filter.reshape({-1, filters})));
    }
    return at::cat(groups, 1).reshape(sizes_of(shape));
}

Values conv(const Call& call, Values& in) {
    const int64_t n = in[0].dim() - 2;
    const ConvAttrs a = call.as<ConvAttrs>().filled(n);
    const DType dtype = call.out[0].dtype;
    if (call.out[0].shape.size() == 0 || in[0].numel() == 0 || in[1].numel() == 0)
        return {full(call, call.out[0].shape, 0, dtype)};
    // Of bools a product is "and", a sum "or": counted, then asked whether there are any.
    const DType factors = dtype == DType::bool_ ? DType::int32 : dtype;
    const at::Tensor x = with_holes(cast_carriers(in[0], call.in[0].dtype, factors),
                                    a.lhs_dilation),
                     kernel = cast_carriers(in[1], call.in[1].dtype, factors);
    if (!is_float(factors))
        return {cast_carriers(by_windows(x, kernel, a, call.out[0].shape), factors, dtype)};
    const Pads pads(a, n);
    return {channels_last(at::convolution(channels_second(pads.apply(x)), filters_first(kernel), {},
                                          a.strides, pads.both, a.rhs_dilation, false,
                                          Ints(static_cast<size_t>(n), 0), a.groups))};
}

// Both gradients. What LibTorch's lacks is composed.
bool has_gradient(const Call& call) {
    const int64_t n = call.in[0].shape.rank() - 2;
    const ConvAttrs a = call.as<ConvGradAttrs>().conv.filled(n);
    for (size_t i = 0; i < static_cast<size_t>(n); ++i)
        if (a.lhs_dilation[i] != 1 || a.pad_low[i] < 0 || a.pad_high[i] < 0) return false;
    return n >= 1 && n <= 3 && call.in[0].dtype == call.in[1].dtype &&
           call.in[0].shape.size() > 0 && call.in[1].shape.size() > 0;
}
std::tuple<at::Tensor, at::Tensor, at::Tensor> gradients(const at::Tensor& dy, const at::Tensor& x,
                                                         const at::Tensor& kernel,
                                                         const ConvAttrs& a, const Pads& pads,
                                                         bool of_input) {
    return at::convolution_backward(channels_second(dy), x, kernel, c10::nullopt, a.strides,
                                    pads.both, a.rhs_dilation, false, Ints(pads.both.size(), 0),
                                    a.groups, {of_input, !of_input, false});
}

Values conv_grad_input(const Call& call, Values& in) {
    const Shape& shape = call.out[0].shape;
    const int64_t n = shape.rank() - 2;
    const ConvAttrs a = call.as<ConvGradAttrs>().conv.filled(n);
    const Pads pads(a, n);
    // The gradient of x with its uneven pads, of which those are cut off.
    Ints sizes = shape.dims(), start, stop;
    for (size_t i = 0; i < sizes.size(); ++i) sizes[i] += pads.low[i] + pads.high[i];
    const at::Tensor x = channels_second(at::empty(sizes, in[0].options()));
    at::Tensor dx =
        channels_last(std::get<0>(gradients(in[0], x, filters_first(in[1]), a, pads, true)));
    for (int64_t d = 0; d < shape.rank(); ++d)
        dx = at::slice(dx, d, pads.low[static_cast<size_t>(d)],
                       pads.low[static_cast<size_t>(d)] + shape[d]);
    return {dx};
}

Values conv_grad_filter(const Call& call, Values& in) {
    const int64_t n = in[0].dim() - 2;
    const ConvAttrs a = call.as<ConvGradAttrs>().conv.filled(n);
    const Pads pads(a, n);
    const at::Tensor kernel =
        filters_first(at::empty(sizes_of(call.out[0].shape), in[0].options()));
    const at::Tensor dw =
        std::get<1>(gradients(in[1], channels_second(pads.apply(in[0])), kernel, a, pads, false));
    return {dw.movedim({0, 1}, {-1, -2})};
}

using enum Carried;
constexpr Lowering table[] = {
    {"conv_general", conv, wrapped},
    {"conv_grad_input", conv_grad_input, wrapped, floats, has_gradient},
    {"conv_grad_filter", conv_grad_filter, wrapped, floats, has_gradient},
};

}  // namespace

at::Tensor windows_of(const at::Tensor& x, const Ints& window, const Ints& steps,
                      const Ints& dilation) {
    Ints sizes, strides;
    for (size_t i = 0; i < window.size(); ++i) {
        const int64_t size = x.size(static_cast<int64_t>(i)),
                      span = (window[i] - 1) * dilation[i] + 1;
        sizes.push_back(size < span ? 0 : (size - span) / steps[i] + 1);
        strides.push_back(x.stride(static_cast<int64_t>(i)) * steps[i]);
    }
    for (size_t i = 0; i < window.size(); ++i) {
        sizes.push_back(window[i]);
        strides.push_back(x.stride(static_cast<int64_t>(i)) * dilation[i]);
    }
    return at::as_strided(x, sizes, strides, x.storage_offset());
}

std::span<const Lowering> convolution_lowerings() { return table; }

}  // namespace cornu::torch
