#include "cornu/ops/ranges.h"

#include <cmath>

#include "cornu/ops/elementwise.h"
#include "cornu/tensor/context.h"

namespace cornu::ops {

namespace {

// f of num evenly spaced numbers.
template <class F>
Tensor spaced(const char* op, double start, double stop, int64_t num, bool endpoint, OptionalDType dtype, F&& f) {
    if (num < 0) throw ValueError(str("ops.", op, ": num must not be negative. Received: num=", num));
    std::vector<double> values(static_cast<size_t>(num));
    const double parts = static_cast<double>(endpoint ? num - 1 : num);
    for (int64_t i = 0; i < num; ++i) {
        const double t = parts > 0 ? static_cast<double>(i) / parts : 0;
        values[static_cast<size_t>(i)] = f(endpoint && num > 1 && i == num - 1 ? stop : start * (1 - t) + stop * t);
    }
    return cast(Tensor::from(values), dtype.value_or(Context::current().floatx()));
}

}  // namespace

Tensor logspace(double start, double stop, int64_t num, bool endpoint, double base, OptionalDType dtype) {
    return spaced("logspace", start, stop, num, endpoint, dtype, [&](double e) { return std::pow(base, e); });
}

Tensor geomspace(double start, double stop, int64_t num, bool endpoint, OptionalDType dtype) {
    if (start == 0 || stop == 0 || std::signbit(start) != std::signbit(stop))
        throw ValueError(str("ops.geomspace: start and stop must have one sign and not be 0. Received: start=", start, ", stop=", stop));
    const double sign = start < 0 ? -1 : 1;
    return spaced("geomspace", std::log10(std::abs(start)), std::log10(std::abs(stop)), num, endpoint, dtype,
                  [&](double e) { return sign * std::pow(10.0, e); });
}

}  // namespace cornu::ops
