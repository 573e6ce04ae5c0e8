// Reductions over sliding windows, on any axes: pooling and its gradient.
#pragma once

#include <cstdint>
#include <vector>

#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu::native {

// One number per axis of x. Padding counts as 0 in sums and as the least value in maxima; it may be
// negative. Windows are not dilated.
struct WindowSpec {
    DType dtype = DType::float32;
    Shape shape;
    std::vector<int64_t> window, stride, pad_low, pad_high;
};
Shape window_shape(
    const WindowSpec& spec);  // of the result; throws ValueError for a window that cannot be

inline constexpr int max_window_axes = 6;

// Axes before the first and after the last that windows cover are one axis each.
struct WindowPlan {
    int64_t outer = 1, inner = 1;  // inner: neighbours in memory, as channels are
    int axes = 0;
    int64_t size[max_window_axes], out[max_window_axes], window[max_window_axes],
        stride[max_window_axes], pad[max_window_axes];
    int64_t inputs = 1, outputs = 1;  // over the axes between
};

enum class WindowOp : uint8_t { sum, mean_inside, max, min };

// mean_inside divides by the number of elements that lie inside x, as Keras's "same" pooling does;
// floats only. max and min hand NaN on.
class ReduceWindow {
public:
    ReduceWindow(WindowOp op, const WindowSpec& spec);
    void run(const void* x, void* y) const;

    using Function = void (*)(const WindowPlan& plan, const void* x, void* y);

private:
    WindowPlan plan_;
    Function function_;
};

// dx of a maximum over windows: each window's dy goes to its first maximum in row-major order (NaN
// counts as one), and is added where windows overlap.
class MaxPoolGrad {
public:
    explicit MaxPoolGrad(const WindowSpec& spec);
    void run(const void* x, const void* dy, void* dx) const;

    using Function = void (*)(const WindowPlan& plan, const void* x, const void* dy, void* dx);

private:
    WindowPlan plan_;
    Function function_;
};

}  // namespace cornu::native
