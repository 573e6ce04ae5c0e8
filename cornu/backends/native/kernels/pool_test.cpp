#include "cornu/backends/native/kernels/pool.h"

#include <functional>
#include <limits>

#include "cornu/backends/native/kernels/for_tests.h"
#include "cornu/base/error.h"

using namespace cornu;
using namespace cornu::native;
using namespace cornu::native::testing;

namespace {

// For each result, the positions that its window sees, in row-major order.
std::vector<std::vector<int64_t>> windows_of(const WindowSpec& s) {
    const Shape out = window_shape(s);
    std::vector<std::vector<int64_t>> windows(static_cast<size_t>(out.size()));
    for (int64_t o = 0; o < out.size(); ++o) {
        std::function<void(int64_t, int64_t, int64_t)> walk = [&](int64_t axis, int64_t flat,
                                                                  int64_t scale) {
            if (axis == out.rank()) return windows[static_cast<size_t>(o)].push_back(flat);
            const auto k = static_cast<size_t>(axis);
            int64_t rest = scale;
            int64_t below = 1;
            for (int64_t d = axis + 1; d < out.rank(); ++d) below *= out[d];
            const int64_t start = rest / below % out[axis] * s.stride[k] - s.pad_low[k];
            for (int64_t w = 0; w < s.window[k]; ++w) {
                const int64_t at = start + w;
                if (at >= 0 && at < s.shape[axis]) walk(axis + 1, flat * s.shape[axis] + at, rest);
            }
        };
        walk(0, 0, o);
    }
    return windows;
}

const WindowSpec cases[] = {
    {.shape = {2, 6, 5, 9},
     .window = {1, 2, 2, 1},
     .stride = {1, 2, 2, 1},
     .pad_low = {0, 0, 0, 0},
     .pad_high = {0, 0, 0, 0}},
    {.shape = {2, 6, 5, 3},
     .window = {1, 3, 2, 1},
     .stride = {1, 1, 2, 1},
     .pad_low = {0, 1, 0, 0},
     .pad_high = {0, 1, 1, 0}},
    {.shape = {2, 3, 6, 5},
     .window = {1, 1, 3, 3},
     .stride = {1, 1, 2, 1},
     .pad_low = {0, 0, 1, 2},
     .pad_high = {0, 0, 0, 1}},
    {.shape = {40}, .window = {4}, .stride = {3}, .pad_low = {0}, .pad_high = {2}},
    {.shape = {2, 4, 3, 5, 70},
     .window = {1, 2, 1, 3, 1},
     .stride = {1, 1, 1, 2, 1},
     .pad_low = {0, 1, 0, 1, 0},
     .pad_high = {0, 0, 0, 1, 0}},
    {.shape = {3, 4}, .window = {2, 2}, .stride = {1, 1}, .pad_low = {-1, 1}, .pad_high = {0, -1}},
};

template <class T>
void check_all(double tolerance) {
    using W = std::conditional_t<is_int_v<T>, T, double>;
    Noise noise;
    for (WindowSpec s : cases) {
        s.dtype = dtype_of<T>;
        CAPTURE(s.shape);
        CAPTURE(name(s.dtype));
        const auto x = values<T>(noise, s.shape.size(), -20, 20);
        const auto windows = windows_of(s);
        const auto dy = values<T>(noise, int64_t(windows.size()));
        std::vector<W> sum, mean, high, low, grad(x.size());
        for (size_t o = 0; o < windows.size(); ++o) {
            W total(0);
            size_t best = 0, least = 0;
            for (size_t k = 0; k < windows[o].size(); ++k) {
                total = static_cast<W>(total + W(x[windows[o][k]]));
                if (x[windows[o][k]] > x[windows[o][best]]) best = k;
                if (x[windows[o][k]] < x[windows[o][least]]) least = k;
            }
            sum.push_back(total);
            mean.push_back(total / W(windows[o].size()));
            high.push_back(W(x[windows[o][best]]));
            low.push_back(W(x[windows[o][least]]));
            W& to = grad[static_cast<size_t>(windows[o][best])];
            to = static_cast<W>(to + W(dy[o]));
        }
        std::vector<T> y(windows.size()), dx(x.size(), T(99));
        ReduceWindow(WindowOp::sum, s).run(x.data(), y.data());
        CHECK(near(y, sum, tolerance));
        ReduceWindow(WindowOp::max, s).run(x.data(), y.data());
        CHECK(near(y, high, 0));
        ReduceWindow(WindowOp::min, s).run(x.data(), y.data());
        CHECK(near(y, low, 0));
        if constexpr (!is_int_v<T>) {
            ReduceWindow(WindowOp::mean_inside, s).run(x.data(), y.data());
            CHECK(near(y, mean, tolerance));
        }
        MaxPoolGrad(s).run(x.data(), dy.data(), dx.data());
        CHECK(near(dx, grad, tolerance));
    }
}

}  // namespace

TEST_CASE("windows of every kind and dtype") {
    check_all<float>(1e-6);
    check_all<double>(1e-14);
    check_all<int32_t>(0);
    check_all<uint8_t>(0);
    check_all<float16>(2e-3);
}

TEST_CASE("of equal values the first takes the gradient; NaN counts as a maximum") {
    const WindowSpec s{.shape = {4}, .window = {4}, .stride = {1}, .pad_low = {0}, .pad_high = {0}};
    const float dy[] = {5};
    std::vector<float> dx(4);
    const float equal[] = {1, 2, 2, 2};
    MaxPoolGrad(s).run(equal, dy, dx.data());
    CHECK(dx == std::vector<float>{0, 5, 0, 0});
    const float with_nan[] = {1, 9, std::nanf(""), 2};
    MaxPoolGrad(s).run(with_nan, dy, dx.data());
    CHECK(dx == std::vector<float>{0, 0, 5, 0});
    float y;
    ReduceWindow(WindowOp::max, s).run(with_nan, &y);
    CHECK(std::isnan(y));
}

TEST_CASE("windows that see padding alone, and empty results") {
    const WindowSpec s{.shape = {1}, .window = {2}, .stride = {2}, .pad_low = {2}, .pad_high = {1}};
    const float x[] = {-3};
    std::vector<float> y(2);
    ReduceWindow(WindowOp::max, s).run(x, y.data());
    CHECK(y == std::vector<float>{-INFINITY, -3});
    ReduceWindow(WindowOp::sum, s).run(x, y.data());
    CHECK(y == std::vector<float>{0, -3});
    const WindowSpec wide{
        .shape = {2}, .window = {3}, .stride = {1}, .pad_low = {0}, .pad_high = {0}};
    CHECK(window_shape(wide) == Shape{0});
    float dx[] = {7, 7};
    MaxPoolGrad(wide).run(x, nullptr, dx);
    CHECK(dx[1] == 0);
    WindowSpec bad = wide;
    bad.stride[0] = 0;
    CHECK_THROWS_AS(ReduceWindow(WindowOp::sum, bad), ValueError);
    WindowSpec whole = wide;
    whole.dtype = DType::int32;
    CHECK_THROWS_AS(ReduceWindow(WindowOp::mean_inside, whole), DTypeError);
}
