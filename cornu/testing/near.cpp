#include "cornu/testing/near.h"

#include <cmath>

namespace cornu::testing {

Near near(const Tensor& actual, const Tensor& expected, double t) {
    if (!actual.defined() || !expected.defined()) return {false, 0, "a value is undefined"};
    if (actual.shape() != expected.shape())
        return {false, 0, str("shape ", actual.shape(), ", expected ", expected.shape())};
    const std::vector<double> a = actual.to_vector<double>(), b = expected.to_vector<double>();
    double greatest = 0;
    for (const double v : b)
        if (std::isfinite(v)) greatest = std::max(greatest, std::abs(v));
    Near out;
    for (size_t i = 0; i < a.size(); ++i) {
        if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
        const double scale = std::abs(b[i]) + greatest;
        double excess = std::abs(a[i] - b[i]) / (scale > 0 ? scale : 1);
        if (!std::isfinite(excess)) excess = HUGE_VAL;
        if (excess <= out.excess) continue;
        out.excess = excess;
        out.message = str("element ", i, " of shape ", actual.shape(), " is ", a[i], ", expected ", b[i], " (close at ", excess, ", asked ", t, ")");
    }
    out.ok = out.excess <= t;
    if (out.ok) out.message.clear();
    return out;
}

}  // namespace cornu::testing
