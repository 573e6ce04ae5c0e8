#include "cornu/backends/native/kernels/reduce.h"

#include <complex>
#include <functional>
#include <limits>
#include <map>
#include <memory>

#include "cornu/backends/native/kernels/for_tests.h"
#include "cornu/base/error.h"

using namespace cornu;
using namespace cornu::native;
using namespace cornu::native::testing;

namespace {

// For every result, the flat positions of its terms in row-major order.
std::vector<std::vector<int64_t>> terms_of(const Shape& shape, const std::vector<int64_t>& axes) {
    std::vector<std::vector<int64_t>> terms(static_cast<size_t>(reduced_shape(shape, axes).size()));
    for (int64_t i = 0; i < shape.size(); ++i) {
        int64_t rest = i, at = 0, scale = 1;
        for (int64_t d = shape.rank() - 1; d >= 0; --d) {
            if (std::find(axes.begin(), axes.end(), d) == axes.end()) {
                at += rest % shape[d] * scale;
                scale *= shape[d];
            }
            rest /= shape[d];
        }
        terms[static_cast<size_t>(at)].push_back(i);
    }
    return terms;
}

template <class T, class R = T>
std::vector<R> reduce(ReduceOp op, const Shape& shape, const std::vector<int64_t>& axes,
                      const std::vector<T>& x) {
    const auto count = static_cast<size_t>(reduced_shape(shape, axes).size());
    std::unique_ptr<R[]> y(new R[count]);
    Reduce(op, dtype_of<T>, shape, axes, std::is_same_v<R, int64_t> ? DType::int64 : DType::int32)
        .run(x.data(), y.get());
    return std::vector<R>(y.get(), y.get() + count);
}

const std::pair<Shape, std::vector<int64_t>> cases[] = {{{}, {}},
                                                        {{1}, {0}},
                                                        {{7}, {0}},
                                                        {{5, 3}, {}},
                                                        {{5, 3}, {0}},
                                                        {{5, 3}, {1}},
                                                        {{5, 3}, {0, 1}},
                                                        {{4, 3, 5}, {1}},
                                                        {{4, 3, 5}, {0, 2}},
                                                        {{4, 3, 5}, {1, 2}},
                                                        {{2, 3, 4, 5}, {0, 2}},
                                                        {{2, 3, 4, 5}, {1, 3}},
                                                        {{2, 1, 4, 1}, {1, 2}},
                                                        {{3, 700}, {0}},
                                                        {{3, 700}, {1}},
                                                        {{300, 130}, {0}},
                                                        {{70000}, {0}},
                                                        {{40000, 3}, {0}},
                                                        {{3, 40000}, {1}},
                                                        {{2, 300, 300}, {0, 1, 2}},
                                                        {{0, 3}, {1}},
                                                        {{50, 40, 60}, {0, 1}}};

}  // namespace

TEST_CASE("float32 reductions over any axes") {
    Noise noise;
    for (const auto& c : cases) {
        const Shape& shape = c.first;
        const std::vector<int64_t>& axes = c.second;
        CAPTURE(shape);
        CAPTURE(axes.size());
        std::vector<float> x(static_cast<size_t>(shape.size()));
        for (auto& v : x) v = static_cast<float>(noise.uniform(-1, 3));
        std::vector<double> sum, mean, high, low, squares;
        std::vector<int64_t> first_high, first_low;
        for (const auto& terms : terms_of(shape, axes)) {
            double s = 0, q = 0;
            size_t h = 0, l = 0;
            for (size_t k = 0; k < terms.size(); ++k) {
                const double v = x[terms[k]];
                s += v;
                q += v * v;
                if (x[terms[k]] > x[terms[h]]) h = k;
                if (x[terms[k]] < x[terms[l]]) l = k;
            }
            sum.push_back(s);
            squares.push_back(q);
            mean.push_back(s / double(terms.size()));
            high.push_back(x[terms[h]]);
            low.push_back(x[terms[l]]);
            first_high.push_back(int64_t(h));
            first_low.push_back(int64_t(l));
        }
        CHECK(near(reduce(ReduceOp::sum, shape, axes, x), sum, 5e-7));
        CHECK(near(reduce(ReduceOp::mean, shape, axes, x), mean, 5e-7));
        CHECK(near(reduce(ReduceOp::sum_squares, shape, axes, x), squares, 5e-7));
        CHECK(near(reduce(ReduceOp::max, shape, axes, x), high, 0));
        CHECK(near(reduce(ReduceOp::min, shape, axes, x), low, 0));
        CHECK(reduce<float, int64_t>(ReduceOp::argmax, shape, axes, x) == first_high);
        CHECK(reduce<float, int32_t>(ReduceOp::argmin, shape, axes, x) ==
              std::vector<int32_t>(first_low.begin(), first_low.end()));
    }
}

TEST_CASE("reductions of other dtypes") {
    const auto check = [](auto t, double tolerance) {
        using T = decltype(t);
        Noise noise;
        for (const auto& c : cases) {
            const Shape& shape = c.first;
            const std::vector<int64_t>& axes = c.second;
            if (shape.size() > 2000) continue;
            CAPTURE(shape);
            CAPTURE(name(dtype_of<T>));
            const auto x = values<T>(noise, shape.size(), -2, 2);
            std::vector<double> sum, prod, high;
            for (const auto& terms : terms_of(shape, axes)) {
                Accumulate<T> s(0), p(1), h = static_cast<Accumulate<T>>(load_value(&x[terms[0]]));
                for (const int64_t k : terms) {
                    const auto v = static_cast<Accumulate<T>>(load_value(&x[k]));
                    s = wrap_add(s, v);
                    p = wrap_mul(p, v);
                    if (h < v) h = v;
                }
                sum.push_back(double(from_compute<T>(s)));
                prod.push_back(double(from_compute<T>(p)));
                high.push_back(double(h));
            }
            const auto wide = [](const std::vector<T>& v) {
                return std::vector<double>(v.begin(), v.end());
            };
            CHECK(near(wide(reduce(ReduceOp::sum, shape, axes, x)), sum, tolerance));
            CHECK(near(wide(reduce(ReduceOp::prod, shape, axes, x)), prod, tolerance));
            CHECK(near(wide(reduce(ReduceOp::max, shape, axes, x)), high, 0));
        }
    };
    check(double{}, 1e-14);
    check(int8_t{}, 0);
    check(uint32_t{}, 0);
    check(int64_t{}, 0);
    check(float16{}, 0);
    check(bfloat16{}, 0);
    const std::vector<std::complex<float>> z{{1, 2}, {3, -1}};
    CHECK(reduce(ReduceOp::sum, {2}, {0}, z)[0] == std::complex<float>(4, 1));
    CHECK(reduce(ReduceOp::mean, {2}, {0}, z)[0] == std::complex<float>(2, 0.5f));
    CHECK(reduce(ReduceOp::prod, {2}, {0}, z)[0] == std::complex<float>(5, 5));
}

TEST_CASE("any and all; the values of nothing") {
    const std::vector<float> x{0, 0, 2, 3, 0, 1};
    CHECK(reduce<float, bool>(ReduceOp::any, {3, 2}, {1}, x) ==
          std::vector<bool>{false, true, true});
    CHECK(reduce<float, bool>(ReduceOp::all, {3, 2}, {1}, x) ==
          std::vector<bool>{false, true, false});
    CHECK(reduce<float>(ReduceOp::sum, {2, 0}, {1}, {}) == std::vector<float>{0, 0});
    CHECK(reduce<float>(ReduceOp::prod, {0, 2}, {0}, {}) == std::vector<float>{1, 1});
    CHECK(std::isnan(reduce<float>(ReduceOp::mean, {0}, {0}, {})[0]));
    CHECK(reduce<int32_t, bool>(ReduceOp::all, {0}, {0}, {}) == std::vector<bool>{true});
    CHECK_THROWS_AS(Reduce(ReduceOp::max, DType::float32, {2, 0}, {1}), ValueError);
    CHECK_THROWS_AS(Reduce(ReduceOp::mean, DType::int32, {2}, {0}), DTypeError);
    CHECK_THROWS_AS(Reduce(ReduceOp::sum, DType::int4, {2}, {0}), DTypeError);
}

TEST_CASE("NaN wins in extremes wherever it stands; infinities do not confuse") {
    const float n = std::numeric_limits<float>::quiet_NaN(),
                inf = std::numeric_limits<float>::infinity();
    for (const int64_t at : {0, 1, 17, 63, 99}) {
        std::vector<float> x(100, 1.f);
        x[static_cast<size_t>(at)] = n;
        for (const auto op : {ReduceOp::max, ReduceOp::min}) {
            CHECK(std::isnan(reduce(op, {100}, {0}, x)[0]));
            CHECK(std::isnan(reduce(op, {50, 2}, {0}, x)[static_cast<size_t>(at % 2)]));
            CHECK(reduce(op, {50, 2}, {0}, x)[static_cast<size_t>(1 - at % 2)] == 1);
        }
        CHECK(reduce<float, int32_t>(ReduceOp::argmax, {100}, {0}, x)[0] == at);
        CHECK(reduce<float, int32_t>(ReduceOp::argmin, {100}, {0}, x)[0] == at);
        x[static_cast<size_t>(at)] = -inf;
        x[50] = inf;
        CHECK(reduce(ReduceOp::max, {100}, {0}, x)[0] == inf);
        CHECK(reduce(ReduceOp::min, {100}, {0}, x)[0] == -inf);
    }
    std::vector<float> lowest(40, -inf);
    CHECK(reduce(ReduceOp::max, {40}, {0}, lowest)[0] == -inf);
}

TEST_CASE("long float32 sums keep their digits") {
    std::vector<float> x(1 << 20, 0.1f);
    CHECK(std::abs(reduce(ReduceOp::sum, {1 << 20}, {0}, x)[0] / (double(0.1f) * (1 << 20)) - 1) <
          1e-6);
    CHECK(std::abs(reduce(ReduceOp::sum, {1 << 18, 4}, {0}, x)[3] / (double(0.1f) * (1 << 18)) -
                   1) < 1e-6);
    std::vector<float> bytes(1 << 16, 1.f);
    std::vector<float16> half(1 << 12, float16(1.f));
    CHECK(float(reduce(ReduceOp::sum, {1 << 12}, {0}, half)[0]) == 4096.f);
}

TEST_CASE("cumulative operations") {
    const std::vector<int32_t> x{1, 2, 3, 4, 5, 6};
    std::vector<int32_t> y(6);
    Scan(ScanOp::sum, DType::int32, {2, 3}, 1).run(x.data(), y.data());
    CHECK(y == std::vector<int32_t>{1, 3, 6, 4, 9, 15});
    Scan(ScanOp::sum, DType::int32, {2, 3}, 0).run(x.data(), y.data());
    CHECK(y == std::vector<int32_t>{1, 2, 3, 5, 7, 9});
    Scan(ScanOp::sum, DType::int32, {2, 3}, -1, true).run(x.data(), y.data());
    CHECK(y == std::vector<int32_t>{6, 5, 3, 15, 11, 6});
    Scan(ScanOp::prod, DType::int32, {6}, 0, false, true).run(x.data(), y.data());
    CHECK(y == std::vector<int32_t>{1, 1, 2, 6, 24, 120});
    const std::vector<double> v{2, 1, std::nan(""), 3};
    std::vector<double> w(4);
    Scan(ScanOp::max, DType::float64, {4}, 0).run(v.data(), w.data());
    CHECK(w[1] == 2);
    CHECK(std::isnan(w[3]));
    const std::vector<float> l{-1000, 0, 1000, 1000};
    std::vector<float> m(4);
    Scan(ScanOp::logsumexp, DType::float32, {4}, 0).run(l.data(), m.data());
    CHECK(near(m, std::vector<double>{-1000, 0, 1000, 1000 + std::log(2.0)}, 1e-6));
    std::vector<float> many(200 * 130, 0.25f), running(many.size());
    Scan(ScanOp::sum, DType::float32, {200, 130}, 0).run(many.data(), running.data());
    CHECK(running[199 * 130 + 129] == 50.f);
    CHECK(running[9 * 130 + 70] == 2.5f);
    CHECK_THROWS_AS(Scan(ScanOp::max, DType::int32, {3}, 0, false, true), ValueError);
    CHECK_THROWS_AS(Scan(ScanOp::logsumexp, DType::int32, {3}, 0), DTypeError);
    CHECK_THROWS_AS(Scan(ScanOp::sum, DType::int32, {3}, 1), ValueError);
}

TEST_CASE("softmax and its relatives by rows") {
    Noise noise;
    for (const int64_t n : {1, 3, 10, 128, 1000}) {
        const int64_t rows = 7;
        std::vector<float> x(static_cast<size_t>(rows * n)), dy(x.size()), y(x.size()),
            dx(x.size());
        for (auto& v : x) v = static_cast<float>(noise.uniform(-30, 30));
        for (auto& v : dy) v = static_cast<float>(noise.uniform(-1, 1));
        std::vector<double> soft(x.size()), log_soft(x.size()), grad(x.size()), log_grad(x.size());
        const double scale = 0.5;
        for (int64_t r = 0; r < rows; ++r) {
            double sum = 0, plain = 0, dot = 0, total = 0;
            for (int64_t i = r * n; i < r * n + n; ++i)
                sum += std::exp(scale * x[i]), plain += std::exp(double(x[i])), total += dy[i];
            for (int64_t i = r * n; i < r * n + n; ++i) {
                soft[i] = std::exp(scale * x[i]) / sum;
                log_soft[i] = x[i] - std::log(plain);
                dot += soft[i] * dy[i];
            }
            for (int64_t i = r * n; i < r * n + n; ++i) {
                grad[i] = scale * soft[i] * (dy[i] - dot);
                log_grad[i] = dy[i] - std::exp(log_soft[i]) * total;
            }
        }
        softmax_rows(x.data(), y.data(), rows, n, 0.5f);
        CHECK(near(y, soft, 1e-6));
        softmax_grad_rows(y.data(), dy.data(), dx.data(), rows, n, 0.5f);
        if (n > 1) CHECK(near(dx, grad, 2e-6));
        log_softmax_rows(x.data(), y.data(), rows, n);
        CHECK(near(y, log_soft, 1e-6));
        log_softmax_grad_rows(y.data(), dy.data(), dx.data(), rows, n);
        if (n > 1) CHECK(near(dx, log_grad, 5e-6));
    }
    std::vector<float> masked{-INFINITY, 0, -INFINITY};
    softmax_rows(masked.data(), masked.data(), 1, 3);
    CHECK(masked == std::vector<float>{0, 1, 0});
    std::vector<float> negative{1, 2}, y(2);
    softmax_rows(negative.data(), y.data(), 1, 2, -100.f);
    CHECK(y[0] == doctest::Approx(1));
}

TEST_CASE("layer normalisation, forward and backward") {
    Noise noise;
    const int64_t rows = 5, n = 37;
    std::vector<float> x(rows * n), gamma(n), beta(n), y(x.size()), mean(rows), rstd(rows),
        dy(x.size()), dx(x.size());
    for (auto& v : x) v = static_cast<float>(noise.uniform(99, 101));  // large against its spread
    for (auto& v : gamma) v = static_cast<float>(noise.uniform(0.5, 2));
    for (auto& v : beta) v = static_cast<float>(noise.uniform(-1, 1));
    for (auto& v : dy) v = static_cast<float>(noise.uniform(-1, 1));
    const auto forward = [&](const std::vector<double>& in, int64_t r, std::vector<double>& out) {
        double m = 0, v = 0;
        for (int64_t i = 0; i < n; ++i) m += in[r * n + i] / n;
        for (int64_t i = 0; i < n; ++i) v += (in[r * n + i] - m) * (in[r * n + i] - m) / n;
        for (int64_t i = 0; i < n; ++i)
            out[r * n + i] = (in[r * n + i] - m) / std::sqrt(v + 1e-3) * gamma[i] + beta[i];
    };
    std::vector<double> wide(x.begin(), x.end()), expected(x.size());
    for (int64_t r = 0; r < rows; ++r) forward(wide, r, expected);
    layer_norm_rows(x.data(), gamma.data(), beta.data(), y.data(), mean.data(), rstd.data(), rows,
                    n, 1e-3f);
    CHECK(near(y, expected, 1e-5));  // 1e-6 of 100 is 1e-4 of the spread; the inputs are exact
    layer_norm_grad_rows(x.data(), gamma.data(), mean.data(), rstd.data(), dy.data(), dx.data(),
                         rows, n);
    std::vector<double> numeric(x.size()), up(x.size()), down(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
        const int64_t r = int64_t(i) / n;
        const double h = 1e-4, at = wide[i];
        wide[i] = at + h;
        forward(wide, r, up);
        wide[i] = at - h;
        forward(wide, r, down);
        wide[i] = at;
        for (int64_t k = r * n; k < r * n + n; ++k)
            numeric[i] += dy[k] * (up[k] - down[k]) / (2 * h);
    }
    CHECK(near(dx, numeric, 2e-5));
    std::vector<float> flat{3, 3, 3}, out(3);
    layer_norm_rows(flat.data(), nullptr, nullptr, out.data(), nullptr, nullptr, 1, 3, 1e-3f);
    CHECK(out == std::vector<float>{0, 0, 0});
}
