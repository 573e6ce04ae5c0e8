// What the kernels' tests share: small reproducible inputs and closeness.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "cornu/backends/native/kernels/numeric.h"

namespace cornu::native::testing {

struct Noise {
    uint64_t state = 0x9e3779b97f4a7c15u;
    uint32_t next() {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<uint32_t>(state >> 33);
    }
    double uniform(double low, double high) { return low + (high - low) * next() / 2147483648.0; }
    int64_t integer(int64_t low, int64_t high) {
        return low + next() % static_cast<uint64_t>(high - low + 1);
    }
};

// Values that every dtype can hold: small integers for integers, eighths for floats.
template <class T>
std::vector<T> values(Noise& noise, int64_t count, int64_t low = -8, int64_t high = 8) {
    std::vector<T> out(static_cast<size_t>(count));
    for (auto& v : out) {
        if constexpr (is_complex_v<T>) {
            using R = typename T::value_type;
            v = T(R(noise.integer(low, high)) / 4, R(noise.integer(low, high)) / 4);
        } else if constexpr (is_int_v<T>) {
            v = static_cast<T>(noise.integer(std::is_signed_v<T> ? low : 0, high));
        } else if constexpr (is_small_float_v<T>) {
            v = T(static_cast<float>(noise.integer(low, high)) / 8);
        } else {
            v = static_cast<T>(noise.integer(low * 8, high * 8) / 64.0);
        }
    }
    return out;
}
// |a - b| <= t * |b| + t * max|b| everywhere; NaN equals NaN, infinities themselves.
template <class A, class B>
bool near(const A& a, const B& b, double t) {
    if (a.size() != b.size()) return false;
    double scale = 0;
    for (const auto& v : b) {
        if (std::isfinite(static_cast<double>(v)))
            scale = std::max(scale, std::abs(static_cast<double>(v)));
    }
    for (size_t i = 0; i < a.size(); ++i) {
        const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
        if (std::isnan(y) ? std::isnan(x) : x == y) continue;
        if (!(std::abs(x - y) <= t * (std::abs(y) + scale))) {
            MESSAGE("at ", i, ": ", x, " is not ", y);
            return false;
        }
    }
    return true;
}

// Distance in units of the last place of a float, against a double reference.
inline double ulps(float a, double b) {
    if (std::isnan(a) && std::isnan(b)) return 0;
    const float f = static_cast<float>(b);
    if (a == f)
        return f == 0 || std::isinf(f)
                   ? 0
                   : std::abs(a - b) / (std::abs(std::nextafter(f, INFINITY) - f));
    const float next = std::nextafter(std::abs(f), INFINITY);
    const double unit = std::max(static_cast<double>(next) - std::abs(static_cast<double>(f)),
                                 1.17549435e-38 / 8388608);
    return std::abs(static_cast<double>(a) - b) / unit;
}

}  // namespace cornu::native::testing
