#include "cornu/ops/windows.h"

#include <cmath>
#include <numbers>

#include "cornu/ops/elementwise.h"
#include "cornu/ops/special.h"
#include "cornu/tensor/context.h"

namespace cornu::ops {

namespace {

// f of each place t in [0, 1]; a single element has weight 1.
template <class F>
Tensor window(const char* op, int64_t n, F&& f) {
    if (n < 0) throw ValueError(str("ops.", op, ": x, the number of elements, must not be negative. Received: x=", n));
    std::vector<double> values(static_cast<size_t>(n), 1.0);
    for (int64_t i = 0; n > 1 && i < n; ++i) values[static_cast<size_t>(i)] = f(static_cast<double>(i) / static_cast<double>(n - 1));
    return Tensor::from(values);
}
Tensor in_floatx(const Tensor& x) { return cast(x, Context::current().floatx()); }
double wave(double turns) { return std::cos(2 * std::numbers::pi * turns); }

}  // namespace

Tensor bartlett(int64_t x) {
    return in_floatx(window("bartlett", x, [](double t) { return 1 - std::abs(2 * t - 1); }));
}
Tensor blackman(int64_t x) {
    return in_floatx(window("blackman", x, [](double t) { return 0.42 - 0.5 * wave(t) + 0.08 * wave(2 * t); }));
}
Tensor hamming(int64_t x) {
    return in_floatx(window("hamming", x, [](double t) { return 0.54 - 0.46 * wave(t); }));
}
Tensor hanning(int64_t x) {
    return in_floatx(window("hanning", x, [](double t) { return 0.5 - 0.5 * wave(t); }));
}
Tensor kaiser(int64_t x, double beta) {
    const Tensor height = window("kaiser", x, [](double t) { return std::sqrt(std::max(0.0, 1 - (2 * t - 1) * (2 * t - 1))); });
    return in_floatx(i0(height * beta) / i0(Tensor::full({}, beta, DType::float64)));
}

}  // namespace cornu::ops
