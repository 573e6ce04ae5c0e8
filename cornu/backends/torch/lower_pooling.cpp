// Windows: sums, maxima, and the gradient of maxima. Those over one or two spatial axes are
// LibTorch's poolings; others reduce a view of all windows.
#include <ATen/ops/amax.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/full.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool2d_with_indices_backward.h>
#include <ATen/ops/slice.h>
#include <ATen/ops/sum.h>

#include <algorithm>
#include <limits>

#include "cornu/backends/torch/lowering.h"
#include "cornu/ops/pooling.h"

namespace cornu::torch {

namespace {

// Windows over (batch, height, width, channels), or (batch, time, channels) seen as height alone.
bool is_pooling(const Spec& x, const WindowAttrs& a) {
    const int64_t rank = x.shape.rank();
    if ((rank != 3 && rank != 4) || (x.dtype != DType::float32 && x.dtype != DType::float64) ||
        x.shape.size() == 0)
        return false;
    for (const size_t i : {size_t{0}, static_cast<size_t>(rank - 1)})
        if (a.window[i] != 1 || a.strides[i] != 1 || a.pad_low[i] != 0 || a.pad_high[i] != 0)
            return false;
    for (const Ints* pads : {&a.pad_low, &a.pad_high})
        if (std::any_of(pads->begin(), pads->end(), [](int64_t p) { return p < 0; })) return false;
    return true;
}

// The same as LibTorch has it: equal pads on both sides, of half a window at most, are its own.
struct Pooling {
    Ints window, strides, both;
    Ints low, high;  // of all four axes, to be filled before
    bool rest = false;

    Pooling(const WindowAttrs& a, int64_t rank) : low(4, 0), high(4, 0) {
        for (size_t i = 1; i < 3; ++i) {
            const bool there = static_cast<int64_t>(i) < rank - 1;
            window.push_back(there ? a.window[i] : 1);
            strides.push_back(there ? a.strides[i] : 1);
            const int64_t p =
                there ? std::min({a.pad_low[i], a.pad_high[i], window.back() / 2}) : 0;
            both.push_back(p);
            if (there) low[i] = a.pad_low[i] - p, high[i] = a.pad_high[i] - p;
            rest = rest || low[i] != 0 || high[i] != 0;
        }
    }
    // x with four axes, padded, its channels second.
    at::Tensor image(const at::Tensor& x, double value) const {
        const at::Tensor four = x.dim() == 3 ? x.unsqueeze(2) : x;
        return (rest ? padded(four, at::full({}, value, x.options()), low, high, Ints(4, 0)) : four)
            .movedim(-1, 1);
    }
};
at::Tensor back(const at::Tensor& y, const Shape& shape) {
    return y.movedim(1, -1).reshape(sizes_of(shape));
}

constexpr double infinity = std::numeric_limits<double>::infinity();

// All windows, and the axes over which they lie.
at::Tensor all_windows(const at::Tensor& x, const at::Tensor& value, const WindowAttrs& a,
                       Ints& axes) {
    const Ints ones(a.window.size(), 1), zeros(a.window.size(), 0);
    for (size_t i = 0; i < a.window.size(); ++i)
        axes.push_back(static_cast<int64_t>(a.window.size() + i));
    return windows_of(padded(x, value, a.pad_low, a.pad_high, zeros), a.window, a.strides, ones);
}

Values window_sum(const Call& call, Values& in) {
    const auto& a = call.as<WindowAttrs>();
    const at::Tensor& x = in[0];
    if (is_pooling(call.in[0], a)) {
        const Pooling p(a, x.dim());
        return {back(at::avg_pool2d(p.image(x, 0), p.window, p.strides, p.both, false, true, 1),
                     call.out[0].shape)};
    }
    Ints axes;
    const at::Tensor windows = all_windows(x, at::full({}, 0, x.options()), a, axes);
    // 16-bit floats are added up in float32, bools by "or".
    const bool narrow = is_float(call.in[0].dtype) && bits(call.in[0].dtype) == 16;
    return {
        at::sum(windows, axes, false, narrow ? at::kFloat : x.scalar_type()).to(x.scalar_type())};
}
Values window_max(const Call& call, Values& in) {
    const auto& a = call.as<WindowAttrs>();
    const at::Tensor& x = in[0];
    if (is_pooling(call.in[0], a)) {
        const Pooling p(a, x.dim());
        return {back(at::max_pool2d(p.image(x, -infinity), p.window, p.strides, p.both),
                     call.out[0].shape)};
    }
    Ints axes;
    const at::Tensor windows = all_windows(x, at::full({}, end_of(call.first, true), x.options()), a, axes);
    return {windows.numel() == 0 ? at::full(sizes_of(call.out[0].shape), 0, x.options())
                                 : at::amax(windows, axes)};
}

Values max_pool_grad(const Call& call, Values& in) {
    const Shape& shape = call.out[0].shape;
    const Pooling p(call.as<WindowAttrs>(), shape.rank());
    const at::Tensor x = p.image(in[0], -infinity),
                     dy = (in[1].dim() == 3 ? in[1].unsqueeze(2) : in[1]).movedim(-1, 1);
    const at::Tensor places =
        std::get<1>(at::max_pool2d_with_indices(x, p.window, p.strides, p.both));
    at::Tensor dx = at::max_pool2d_with_indices_backward(dy, x, p.window, p.strides, p.both, {1, 1},
                                                         false, places)
                        .movedim(1, -1);
    for (int64_t d = 1; d < 3; ++d) {
        const int64_t size = d < shape.rank() - 1 ? shape[d] : 1,
                      low = p.low[static_cast<size_t>(d)];
        dx = at::slice(dx, d, low, low + size);
    }
    return {dx.reshape(sizes_of(shape))};
}
// Others are composed.
bool has_gradient(const Call& call) {
    return call.in[0].dtype == call.in[1].dtype && call.in[1].shape.size() > 0 &&
           is_pooling(call.in[0], call.as<WindowAttrs>());
}

using enum Carried;
constexpr Lowering table[] = {
    {"reduce_window_sum", window_sum, wrapped, numbers},
    {"reduce_window_max", window_max, ordered, reals | booleans},
    {"max_pool_grad", max_pool_grad, moved, floats, has_gradient},
};

}  // namespace

std::span<const Lowering> pooling_lowerings() { return table; }

}  // namespace cornu::torch
