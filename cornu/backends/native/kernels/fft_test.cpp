#include "cornu/backends/native/kernels/fft.h"

#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

using namespace cornu;
using namespace cornu::native;

namespace {

template <class T>
std::vector<T> noise(int64_t n, uint32_t seed) {
    std::vector<T> out(static_cast<size_t>(n));
    for (T& v : out) v = static_cast<T>((seed = seed * 1664525 + 1013904223) >> 8) / T(1 << 23) - T(1);
    return out;
}

// The largest error of the transform against its definition, in parts of the largest result.
template <class T>
double error_of(int64_t rows, int64_t n, bool inverse) {
    const std::vector<T> re = noise<T>(rows * n, 1), im = noise<T>(rows * n, 2);
    std::vector<T> out_re(re.size(), T(7)), out_im(re.size(), T(7));
    const Fft fft(dtype_of<T>, n, inverse);
    std::vector<char> scratch(fft.scratch_bytes(rows));
    fft.run(rows, re.data(), im.data(), out_re.data(), out_im.data(), scratch.data());
    double worst = 0, most = 0;
    for (int64_t row = 0; row < rows; ++row)
        for (int64_t k = 0; k < n; ++k) {
            std::complex<double> sum = 0;
            for (int64_t j = 0; j < n; ++j) {
                const double angle = (inverse ? 2 : -2) * std::numbers::pi * static_cast<double>(j * k % n) / static_cast<double>(n);
                sum += std::complex<double>(re[size_t(row * n + j)], im[size_t(row * n + j)]) * std::polar(1.0, angle);
            }
            worst = std::max(worst, std::abs(sum - std::complex<double>(out_re[size_t(row * n + k)], out_im[size_t(row * n + k)])));
            most = std::max(most, std::abs(sum));
        }
    return worst / most;
}

}  // namespace

TEST_CASE("transforms of every size are what they are defined as") {
    std::vector<int64_t> sizes{64, 74, 81, 97, 100, 127, 128, 210, 211, 256, 341};
    for (int64_t n = 1; n <= 40; ++n) sizes.push_back(n);
    for (const int64_t n : sizes) {
        CAPTURE(n);
        CHECK(error_of<double>(2, n, false) < 1e-13);
        CHECK(error_of<double>(1, n, true) < 1e-13);
        CHECK(error_of<float>(1, n, false) < 1e-6);
    }
    CHECK(error_of<float>(37, 12, true) < 1e-6);   // more rows than are done at once
}

TEST_CASE("no rows and no numbers are nothing to do") {
    const Fft none(DType::float32, 0, false);
    none.run(0, nullptr, nullptr, nullptr, nullptr, nullptr);
    const Fft fft(DType::float64, 5, false);
    fft.run(0, nullptr, nullptr, nullptr, nullptr, nullptr);
}
