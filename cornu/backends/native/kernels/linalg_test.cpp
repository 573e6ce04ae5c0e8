#include "cornu/backends/native/kernels/linalg.h"

#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <vector>

using namespace cornu;
using namespace cornu::native;

namespace {

std::vector<double> noise(int64_t n, uint32_t seed) {
    std::vector<double> out(static_cast<size_t>(n));
    for (double& v : out) v = static_cast<double>((seed = seed * 1664525 + 1013904223) >> 8) / (1 << 23) - 1;
    return out;
}
template <class T, class S>
std::vector<std::complex<double>> product(const std::vector<T>& a, const std::vector<S>& b, int64_t n, int64_t inner, int64_t m) {
    std::vector<std::complex<double>> out(static_cast<size_t>(n * m));
    for (int64_t i = 0; i < n; ++i)
        for (int64_t k = 0; k < inner; ++k)
            for (int64_t j = 0; j < m; ++j) out[size_t(i * m + j)] += std::complex<double>(a[size_t(i * inner + k)]) * std::complex<double>(b[size_t(k * m + j)]);
    return out;
}
template <class T>
double distance(const std::vector<std::complex<double>>& a, const std::vector<T>& b) {
    double worst = 0;
    for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - std::complex<double>(b[i])));
    return worst;
}

}  // namespace

TEST_CASE("decompositions multiply out to the matrix" * doctest::skip(!has_linalg())) {
    for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{1, 1}, {4, 4}, {7, 3}, {3, 7}, {40, 40}}) {
        CAPTURE(rows);
        CAPTURE(columns);
        const std::vector<double> a = noise(rows * columns, 3);
        const Matrices m{DType::float64, 1, rows, columns};
        const int64_t k = std::min(rows, columns);
        for (const bool full : {false, true}) {
            const int64_t us = full ? rows : k, vs = full ? columns : k;
            std::vector<double> u(size_t(rows * us)), s(static_cast<size_t>(k)), vt(size_t(vs * columns)), scaled(size_t(us * columns)), q(size_t(rows * us)), r(size_t(us * columns));
            svd(m, full, a.data(), u.data(), s.data(), vt.data());
            for (int64_t i = 0; i < k; ++i)
                for (int64_t j = 0; j < columns; ++j) scaled[size_t(i * columns + j)] = s[size_t(i)] * vt[size_t(i * columns + j)];
            CHECK(distance(product(u, scaled, rows, us, columns), a) < 1e-12);
            for (int64_t i = 1; i < k; ++i) CHECK(s[size_t(i)] <= s[size_t(i - 1)]);
            std::vector<double> values(static_cast<size_t>(k));
            singular_values(m, a.data(), values.data());
            for (size_t i = 0; i < values.size(); ++i) CHECK(values[i] == doctest::Approx(s[i]));
            qr(m, full, a.data(), q.data(), r.data());
            CHECK(distance(product(q, r, rows, us, columns), a) < 1e-12);
            for (int64_t i = 0; i < us; ++i)
                for (int64_t j = 0; j < std::min(i, columns); ++j) CHECK(r[size_t(i * columns + j)] == 0);
        }
        std::vector<double> packed(a.size()), lower(size_t(rows * k)), upper(size_t(k * columns)), swapped;
        std::vector<int32_t> pivots(static_cast<size_t>(k)), order(static_cast<size_t>(rows));
        lu(m, a.data(), packed.data(), pivots.data(), order.data());
        for (int64_t i = 0; i < rows; ++i)
            for (int64_t j = 0; j < columns; ++j) {
                if (j < k) lower[size_t(i * k + j)] = i > j ? packed[size_t(i * columns + j)] : i == j;
                if (i < k) upper[size_t(i * columns + j)] = i <= j ? packed[size_t(i * columns + j)] : 0;
            }
        for (const int32_t row : order) swapped.insert(swapped.end(), a.begin() + row * columns, a.begin() + (row + 1) * columns);
        CHECK(distance(product(lower, upper, rows, k, columns), swapped) < 1e-12);
        if (rows != columns) continue;
        const int64_t n = rows;
        std::vector<std::complex<double>> w(static_cast<size_t>(n)), v(size_t(n * n)), stretched(size_t(n * n));
        eig(m, a.data(), w.data(), v.data());
        for (int64_t i = 0; i < n * n; ++i) stretched[size_t(i)] = v[size_t(i)] * w[size_t(i % n)];
        CHECK(distance(product(a, v, n, n, n), stretched) < 1e-11);
        std::vector<double> real(static_cast<size_t>(n)), vectors(size_t(n * n)), symmetric(size_t(n * n)), longer(size_t(n * n));
        for (int64_t i = 0; i < n * n; ++i) symmetric[size_t(i)] = (a[size_t(i)] + a[size_t(i % n * n + i / n)]) / 2;
        eigh(m, a.data(), real.data(), vectors.data());
        for (int64_t i = 0; i < n * n; ++i) longer[size_t(i)] = vectors[size_t(i)] * real[size_t(i % n)];
        CHECK(distance(product(symmetric, vectors, n, n, n), longer) < 1e-12);
    }
}

TEST_CASE("what has no decomposition is NaN, and nothing hangs" * doctest::skip(!has_linalg())) {
    const double inf = std::numeric_limits<double>::infinity();
    const Matrices m{DType::float64, 2, 2, 2};
    const std::vector<double> a{1, 2, 2, 1, inf, 0, 0, 1};
    std::vector<double> x(8, 5), s(4, 5), y(8, 5);
    cholesky(m, a.data(), x.data());   // indefinite; infinite
    CHECK(std::isnan(x[0]));
    CHECK(x[1] == 0);
    eigh(m, a.data(), s.data(), x.data());
    CHECK(s[0] == doctest::Approx(-1));
    CHECK(std::isnan(s[2]));
    svd(m, true, a.data(), x.data(), s.data(), y.data());
    CHECK(s[0] == doctest::Approx(3));
    CHECK(std::isnan(s[3]));
    std::vector<std::complex<double>> w(4), v(8);
    eig(m, a.data(), w.data(), v.data());
    CHECK(std::isnan(w[2].real()));
    // A zero on the diagonal divides.
    const std::vector<double> triangle{1, 0, 1, 0, 0, 0, 0, 1}, b{1, 1, 1, 1, 1, 1, 1, 1};
    triangular_solve(m, {.lower = true, .transpose = false, .unit_diagonal = false}, triangle.data(), b.data(), x.data());
    CHECK(x[0] == 1);
    CHECK(std::isnan(x[2]));
    CHECK(std::isinf(x[4]));
}

TEST_CASE("matrices without elements" * doctest::skip(!has_linalg())) {
    const Matrices m{DType::float32, 1, 2, 0};
    std::vector<float> u(4, 5), q(4, 5);
    std::vector<int32_t> order(2, 5);
    svd(m, true, nullptr, u.data(), nullptr, nullptr);
    CHECK(u == std::vector<float>{1, 0, 0, 1});
    qr(m, true, nullptr, q.data(), nullptr);
    CHECK(q == std::vector<float>{1, 0, 0, 1});
    lu(m, nullptr, nullptr, nullptr, order.data());
    CHECK(order == std::vector<int32_t>{0, 1});
}
