#include "cornu/testing/near.h"

#include <cmath>
#include <complex>
#include <limits>

#include "cornu/ops/elementwise.h"

namespace cornu::testing {

namespace {

// Values as pairs of real and imaginary part, so that one comparison serves all numbers.
std::vector<std::complex<double>> numbers(const Tensor& x) {
    const Tensor host = x.to_host();
    std::vector<std::complex<double>> out;
    if (x.dtype() == DType::complex64) {
        for (const auto& v : host.data<std::complex<float>>()) out.emplace_back(v);
    } else if (x.dtype() == DType::complex128) {
        for (const auto& v : host.data<std::complex<double>>()) out.push_back(v);
    } else {
        for (const double v : host.to_vector<double>()) out.emplace_back(v);
    }
    return out;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

struct Gap {
    double t = 0;        // the smallest that does
    size_t at = 0;       // where it is needed
};

Gap widest_gap(const std::vector<std::complex<double>>& a, const std::vector<std::complex<double>>& b) {
    double scale = 0;
    for (const auto& v : b)
        for (const double part : {v.real(), v.imag()})
            if (std::isfinite(part)) scale = std::max(scale, std::abs(part));
    Gap gap;
    for (size_t i = 0; i < a.size(); ++i) {
        for (const auto& [x, y] : {std::pair(a[i].real(), b[i].real()), std::pair(a[i].imag(), b[i].imag())}) {
            if (same(x, y)) continue;
            const double room = std::abs(y) + scale, t = room > 0 ? std::abs(x - y) / room : std::numeric_limits<double>::infinity();
            const double needed = std::isnan(t) ? std::numeric_limits<double>::infinity() : t;
            if (needed > gap.t) gap = {needed, i};
        }
    }
    return gap;
}

}  // namespace

double distance(const Tensor& a, const Tensor& b) {
    if (!(a.shape() == b.shape())) return std::numeric_limits<double>::infinity();
    return widest_gap(numbers(a), numbers(b)).t;
}

std::string difference_of_values(const Tensor& a, const Tensor& b, double t) {
    if (!(a.shape() == b.shape())) return str("shape ", a.shape(), " is not ", b.shape());
    if (a.dtype() == DType::string || b.dtype() == DType::string) {
        if (a.dtype() != b.dtype()) return "only one of both holds strings";
        for (size_t i = 0; i < static_cast<size_t>(a.size()); ++i)
            if (a.data<std::string>()[i] != b.data<std::string>()[i]) return str("element ", i, " differs");
        return {};
    }
    const auto x = numbers(a), y = numbers(b);
    const Gap gap = widest_gap(x, y);
    if (gap.t <= t) return {};
    return str("element ", gap.at, " of ", x.size(), " is ", x[gap.at], ", not ", y[gap.at], ": close at ", gap.t, ", asked ", t);
}

std::string difference(const Tensor& a, const Tensor& b, double t) {
    if (a.dtype() != b.dtype()) return str("dtype ", a.dtype(), " is not ", b.dtype());
    return difference_of_values(a, b, t);
}

Tensor with_signs_of(const Tensor& ours, const Tensor& vectors, bool columns) {
    const int64_t rows = vectors.shape().dim(-2), width = vectors.shape().back();
    auto values = vectors.to_vector<double>();
    const auto mine = ours.to_vector<double>();
    for (int64_t base = 0; base < vectors.size(); base += rows * width)
        for (int64_t v = 0; v < (columns ? width : rows); ++v) {
            const auto at = [&](int64_t i) { return static_cast<size_t>(base + (columns ? i * width + v : v * width + i)); };
            double product = 0;
            for (int64_t i = 0; i < (columns ? rows : width); ++i) product += mine[at(i)] * values[at(i)];
            for (int64_t i = 0; product < 0 && i < (columns ? rows : width); ++i) values[at(i)] = -values[at(i)];
        }
    return ops::cast(Tensor::from(values, vectors.shape()), vectors.dtype());
}

}  // namespace cornu::testing
