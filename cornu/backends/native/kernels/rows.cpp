#include <algorithm>
#include <cmath>

#include "cornu/backends/native/kernels/reduce.h"
#include "cornu/backends/native/kernels/simd.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

template <class F>
void each_row(int64_t rows, int64_t n, F f) {
    parallel_for(rows, std::max<int64_t>(1, 4096 / (n + 1)), [&](int64_t begin, int64_t end) {
        const Simd& s = simd();
        for (int64_t r = begin; r < end; ++r) f(s, r, r * n);
    });
}

void moments(const Simd& s, const float* x, int64_t n, float epsilon, float* mean, float* rstd) {
    const double m = s.sum(x, n) / static_cast<double>(n);
    // The sum of squares about the rounded mean is off by n times the square of that rounding.
    const double rounding = static_cast<double>(static_cast<float>(m)) - m;
    const double variance =
        s.sum_of_squares(x, m, n) / static_cast<double>(n) - rounding * rounding;
    *mean = static_cast<float>(m);
    *rstd =
        static_cast<float>(1 / std::sqrt(std::max(variance, 0.0) + static_cast<double>(epsilon)));
    if (variance != variance) *rstd = static_cast<float>(variance);
}

}  // namespace

void softmax_rows(const float* x, float* y, int64_t rows, int64_t n, float scale) {
    if (n == 0) return;
    each_row(rows, n, [=](const Simd& s, int64_t, int64_t at) {
        const float high = scale >= 0 ? s.max(x + at, n) : s.min(x + at, n);
        const double sum = s.exp_sum(x + at, scale, scale * high, y + at, n);
        const float factor = static_cast<float>(1 / sum);
        s.binary[static_cast<int>(BinaryOp::mul)][static_cast<int>(Form::vector_scalar)](
            y + at, &factor, y + at, n);
    });
}

void log_softmax_rows(const float* x, float* y, int64_t rows, int64_t n) {
    if (n == 0) return;
    each_row(rows, n, [=](const Simd& s, int64_t, int64_t at) {
        // The exponentials are needed for their sum only; y may be x, so they go through a buffer.
        const float high = s.max(x + at, n);
        float block[512];
        double sum = 0;
        for (int64_t i = 0; i < n; i += 512)
            sum += s.exp_sum(x + at + i, 1.f, high, block, std::min<int64_t>(512, n - i));
        // Two subtractions: high and the logarithm may differ by many orders.
        const float log_sum = static_cast<float>(std::log(sum));
        const auto sub =
            s.binary[static_cast<int>(BinaryOp::sub)][static_cast<int>(Form::vector_scalar)];
        sub(x + at, &high, y + at, n);
        sub(y + at, &log_sum, y + at, n);
    });
}

void softmax_grad_rows(const float* y, const float* dy, float* dx, int64_t rows, int64_t n,
                       float scale) {
    each_row(rows, n, [=](const Simd& s, int64_t, int64_t at) {
        const float dot = static_cast<float>(s.dot(y + at, dy + at, n));
        for (int64_t i = at; i < at + n; ++i) dx[i] = scale * y[i] * (dy[i] - dot);
    });
}

void log_softmax_grad_rows(const float* y, const float* dy, float* dx, int64_t rows, int64_t n) {
    each_row(rows, n, [=](const Simd& s, int64_t, int64_t at) {
        const float sum = static_cast<float>(s.sum(dy + at, n));
        float block[512];
        for (int64_t i = 0; i < n; i += 512) {
            const int64_t count = std::min<int64_t>(512, n - i);
            s.unary[static_cast<int>(UnaryOp::exp)](y + at + i, block, count);
            for (int64_t k = 0; k < count; ++k) dx[at + i + k] = dy[at + i + k] - block[k] * sum;
        }
    });
}

void moments_rows(const float* x, float* mean, float* rstd, int64_t rows, int64_t n,
                  float epsilon) {
    each_row(rows, n, [=](const Simd& s, int64_t r, int64_t at) {
        moments(s, x + at, n, epsilon, mean + r, rstd + r);
    });
}

void layer_norm_rows(const float* x, const float* gamma, const float* beta, float* y, float* mean,
                     float* rstd, int64_t rows, int64_t n, float epsilon) {
    each_row(rows, n, [=](const Simd& s, int64_t r, int64_t at) {
        float m, d;
        moments(s, x + at, n, epsilon, &m, &d);
        if (mean) mean[r] = m;
        if (rstd) rstd[r] = d;
        s.normalize(x + at, m, d, gamma, beta, y + at, n);
    });
}

void layer_norm_grad_rows(const float* x, const float* gamma, const float* mean, const float* rstd,
                          const float* dy, float* dx, int64_t rows, int64_t n) {
    each_row(rows, n, [=](const Simd&, int64_t r, int64_t at) {
        // With g = dy * gamma and h = (x - mean) * rstd: dx = rstd * (g - mean(g) - h * mean(g *
        // h)).
        const float m = mean[r], d = rstd[r];
        double sum_g = 0, sum_gh = 0;
        for (int64_t i = 0; i < n; ++i) {
            const double g =
                static_cast<double>(dy[at + i]) * (gamma ? static_cast<double>(gamma[i]) : 1.0);
            sum_g += g;
            sum_gh += g * static_cast<double>((x[at + i] - m) * d);
        }
        const float mean_g = static_cast<float>(sum_g / static_cast<double>(n));
        const float mean_gh = static_cast<float>(sum_gh / static_cast<double>(n));
        for (int64_t i = 0; i < n; ++i) {
            const float g = dy[at + i] * (gamma ? gamma[i] : 1.f);
            dx[at + i] = d * (g - mean_g - (x[at + i] - m) * d * mean_gh);
        }
    });
}

}  // namespace cornu::native
