#include "cornu/backends/native/kernels/pool.h"

#include <algorithm>
#include <complex>
#include <cstring>
#include <limits>

#include "cornu/backends/native/kernels/numeric.h"
#include "cornu/backends/native/kernels/simd.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

WindowPlan plan_of(const WindowSpec& s) {
    const Shape out = window_shape(s);
    const auto idle = [&](int64_t i) {
        const auto k = static_cast<size_t>(i);
        return s.window[k] == 1 && s.stride[k] == 1 && s.pad_low[k] == 0 && s.pad_high[k] == 0;
    };
    WindowPlan p;
    int64_t first = 0, last = s.shape.rank();
    while (first < last && idle(first)) p.outer *= s.shape[first++];
    while (last > first && idle(last - 1)) p.inner *= s.shape[--last];
    for (int64_t i = first; i < last; ++i) {
        if (p.axes == max_window_axes)
            throw UnsupportedError(
                str("native windows cover at most ", max_window_axes, " neighbouring axes."));
        const auto k = static_cast<size_t>(i);
        p.size[p.axes] = s.shape[i];
        p.out[p.axes] = out[i];
        p.window[p.axes] = s.window[k];
        p.stride[p.axes] = s.stride[k];
        p.pad[p.axes++] = s.pad_low[k];
        p.inputs *= s.shape[i];
        p.outputs *= out[i];
    }
    return p;
}

// Calls f(input position) for what output position `at` sees, in row-major order.
template <class F>
void each_seen(const WindowPlan& p, int64_t at, F&& f) {
    int64_t low[max_window_axes], high[max_window_axes], index[max_window_axes];
    for (int i = p.axes - 1; i >= 0; --i) {
        const int64_t start = at % p.out[i] * p.stride[i] - p.pad[i];
        low[i] = std::max<int64_t>(0, start);
        high[i] = std::min(p.size[i], start + p.window[i]);
        if (low[i] >= high[i]) return;
        index[i] = low[i];
        at /= p.out[i];
    }
    for (;;) {
        int64_t position = 0;
        for (int i = 0; i < p.axes; ++i) position = position * p.size[i] + index[i];
        f(position);
        int i = p.axes - 1;
        for (; i >= 0; --i) {
            if (++index[i] < high[i]) break;
            index[i] = low[i];
        }
        if (i < 0) return;
    }
}

template <class T>
T least_value(bool greatest) {
    if constexpr (is_complex_v<T>) {
        const auto inf = std::numeric_limits<typename T::value_type>::infinity();
        return greatest ? T(inf, inf) : T(-inf, -inf);
    } else if constexpr (is_small_float_v<T> || std::is_floating_point_v<T>) {
        // float8_e4m3fn has no infinity, only a greatest number.
        constexpr float inf = std::is_same_v<T, float8_e4m3fn>
                                  ? 448
                                  : std::numeric_limits<float>::infinity();
        return T(greatest ? inf : -inf);
    } else {
        return greatest ? std::numeric_limits<T>::max() : std::numeric_limits<T>::lowest();
    }
}

constexpr int64_t strip = 64;

template <WindowOp op, class T>
void run(const WindowPlan& p, const void* x_, void* y_) {
    constexpr bool extreme = op == WindowOp::max || op == WindowOp::min;
    using Acc = std::conditional_t<extreme, Compute<T>, Accumulate<T>>;
    const T* x = static_cast<const T*>(x_);
    T* y = static_cast<T*>(y_);
    int64_t taps = 1;
    for (int i = 0; i < p.axes; ++i) taps *= p.window[i];
    const auto pixel = [&](int64_t task) {
        const T* image = x + task / p.outputs * p.inputs * p.inner;
        T* to = y + task * p.inner;
        const int64_t at = task % p.outputs;
        if constexpr (std::is_same_v<T, float> && extreme) {
            if (p.inner >= 8) {  // whole rows by vectors, in the result's own memory
                const auto better = simd().binary[static_cast<int>(
                    op == WindowOp::max ? BinaryOp::max : BinaryOp::min)][0];
                bool any = false;
                each_seen(p, at, [&](int64_t position) {
                    const float* row = image + position * p.inner;
                    if (any)
                        better(to, row, to, p.inner);
                    else
                        std::memcpy(to, row, static_cast<size_t>(p.inner) * sizeof(float));
                    any = true;
                });
                if (!any) std::fill(to, to + p.inner, least_value<T>(op == WindowOp::min));
                return;
            }
        }
        for (int64_t c0 = 0; c0 < p.inner; c0 += strip) {
            const int64_t n = std::min(strip, p.inner - c0);
            Acc acc[strip];
            if constexpr (extreme) {
                const T least = least_value<T>(op == WindowOp::min);
                std::fill(acc, acc + n, load_value(&least));
            } else {
                std::fill(acc, acc + n, Acc(0));
            }
            int64_t seen = 0;
            each_seen(p, at, [&](int64_t position) {
                const T* row = image + position * p.inner + c0;
                for (int64_t c = 0; c < n; ++c) {
                    const Compute<T> v = load_value(row + c);
                    if constexpr (!extreme)
                        acc[c] = wrap_add(acc[c], Acc(v));
                    else if (!is_nan(acc[c]) &&
                             (is_nan(v) ||
                              (op == WindowOp::max ? less(acc[c], v) : less(v, acc[c]))))
                        acc[c] = v;
                }
                ++seen;
            });
            for (int64_t c = 0; c < n; ++c) {
                if constexpr (op == WindowOp::mean_inside) acc[c] /= Acc(static_cast<double>(seen));
                to[c0 + c] = from_compute<T>(acc[c]);
            }
        }
    };
    parallel_for(p.outer * p.outputs, std::max<int64_t>(1, 4096 / (taps * p.inner + 8)),
                 [&](int64_t begin, int64_t end) {
                     for (int64_t task = begin; task < end; ++task) pixel(task);
                 });
}

// Windows may overlap, so a thread owns strips of channels of an image, never a window.
template <class T>
void max_grad(const WindowPlan& p, const void* x_, const void* dy_, void* dx_) {
    const T *x = static_cast<const T*>(x_), *dy = static_cast<const T*>(dy_);
    T* dx = static_cast<T*>(dx_);
    const int64_t strips = (p.inner + strip - 1) / strip;
    parallel_for(p.outer * strips, 1, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t image = task / strips, c0 = task % strips * strip,
                          n = std::min(strip, p.inner - c0);
            const T* from = x + image * p.inputs * p.inner + c0;
            T* to = dx + image * p.inputs * p.inner + c0;
            for (int64_t i = 0; i < p.inputs; ++i)
                std::fill(to + i * p.inner, to + i * p.inner + n, T());
            if constexpr (std::is_same_v<T, float>) {
                for (int64_t at = 0; at < p.outputs; ++at) {
                    float best[strip], place[strip], position_in_window = 0;
                    std::fill(best, best + n, -std::numeric_limits<float>::infinity());
                    std::fill(place, place + n, 0.f);   // a window of -infinity alone: its first element
                    each_seen(p, at, [&](int64_t position) {
                        simd().later_maximum(from + position * p.inner, position_in_window++, best, place, n);
                    });
                    position_in_window = 0;
                    const float* g = dy + (image * p.outputs + at) * p.inner + c0;
                    each_seen(p, at, [&](int64_t position) {
                        simd().add_where(place, position_in_window++, g, to + position * p.inner, n);
                    });
                }
                continue;
            }
            for (int64_t at = 0; at < p.outputs; ++at) {
                Compute<T> best[strip];
                int64_t place[strip];
                bool any = false;
                each_seen(p, at, [&](int64_t position) {
                    const T* row = from + position * p.inner;
                    for (int64_t c = 0; c < n; ++c) {
                        const Compute<T> v = load_value(row + c);
                        if (any && !(!is_nan(best[c]) && (is_nan(v) || less(best[c], v)))) continue;
                        best[c] = v;
                        place[c] = position;
                    }
                    any = true;
                });
                if (!any) continue;
                const T* g = dy + (image * p.outputs + at) * p.inner + c0;
                for (int64_t c = 0; c < n; ++c) {
                    T& t = to[place[c] * p.inner + c];
                    t = from_compute<T>(wrap_add(load_value(&t), load_value(g + c)));
                }
            }
        }
    });
}

}  // namespace

Shape window_shape(const WindowSpec& s) {
    const auto rank = static_cast<size_t>(s.shape.rank());
    bool fits = s.window.size() == rank && s.stride.size() == rank && s.pad_low.size() == rank &&
                s.pad_high.size() == rank;
    Shape out;
    for (size_t i = 0; fits && i < rank; ++i) {
        fits = s.window[i] >= 1 && s.stride[i] >= 1;
        if (!fits) break;
        const int64_t room =
            s.shape[static_cast<int64_t>(i)] + s.pad_low[i] + s.pad_high[i] - s.window[i];
        out.push_back(room < 0 ? 0 : room / s.stride[i] + 1);
    }
    if (!fits)
        throw ValueError(
            str("windows need a positive size and stride, and padding, for every axis of shape ",
                s.shape, "."));
    return out;
}

ReduceWindow::ReduceWindow(WindowOp op, const WindowSpec& spec) : plan_(plan_of(spec)) {
    function_ = visit_numeric(spec.dtype, "a windowed reduction", [&](auto t) -> Function {
        using T = decltype(t);
        switch (op) {
            case WindowOp::sum:
                return native::run<WindowOp::sum, T>;
            case WindowOp::max:
                return native::run<WindowOp::max, T>;
            case WindowOp::min:
                return native::run<WindowOp::min, T>;
            case WindowOp::mean_inside:
                if constexpr (std::is_floating_point_v<Compute<T>>)
                    return native::run<WindowOp::mean_inside, T>;
                else
                    break;
        }
        throw DTypeError(
            str("average pooling needs a float dtype. Received: ", name(spec.dtype), "."));
    });
}

void ReduceWindow::run(const void* x, void* y) const {
    if (plan_.outer * plan_.outputs * plan_.inner > 0) function_(plan_, x, y);
}

MaxPoolGrad::MaxPoolGrad(const WindowSpec& spec) : plan_(plan_of(spec)) {
    function_ = visit_numeric(spec.dtype, "max pooling",
                              [](auto t) -> Function { return max_grad<decltype(t)>; });
}

void MaxPoolGrad::run(const void* x, const void* dy, void* dx) const {
    if (plan_.outer * plan_.inputs * plan_.inner > 0) function_(plan_, x, dy, dx);
}

}  // namespace cornu::native
