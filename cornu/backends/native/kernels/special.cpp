#include "cornu/backends/native/kernels/special.h"

#include <math.h>  // lgamma_r is not in <cmath>

#include <limits>

namespace cornu::native {

namespace {
constexpr double pi = 3.14159265358979323846;
}

double log_gamma(double x) {
    int sign;
    return lgamma_r(x, &sign);
}

double digamma(double x) {
    if (x <= 0 && x == floor(x)) return std::numeric_limits<double>::quiet_NaN();
    if (x < 0) return digamma(1 - x) - pi / tan(pi * x);  // reflection; 1 - x is positive
    double sum = 0;
    for (; x < 10; x += 1) sum -= 1 / x;
    const double s = 1 / (x * x);
    // Asymptotic series in Bernoulli numbers.
    double series = 1.0 / 12;
    series = series * s - 691.0 / 32760;
    series = series * s + 1.0 / 132;
    series = series * s - 1.0 / 240;
    series = series * s + 1.0 / 252;
    series = series * s - 1.0 / 120;
    series = series * s + 1.0 / 12;
    return sum + log(x) - 0.5 / x - series * s;
}

double erfinv(double x) {
    if (!(x > -1 && x < 1)) {
        if (x == 1 || x == -1) return x * std::numeric_limits<double>::infinity();
        return std::numeric_limits<double>::quiet_NaN();
    }
    // Winitzki's approximation, then Newton's method on erf (or erfc in the tails, which keeps
    // digits that 1 - erf would lose).
    const double l = log1p(-x * x), a = 2 / (pi * 0.147) + l / 2;
    double y = copysign(sqrt(sqrt(a * a - l / 0.147) - a), x);
    for (int i = 0; i < 4; ++i) {
        const double error =
            fabs(x) < 0.5 ? erf(y) - x : copysign(1, x) * ((1 - fabs(x)) - erfc(fabs(y)));
        y -= error / (2 / sqrt(pi) * exp(-y * y));
    }
    return y;
}

}  // namespace cornu::native
