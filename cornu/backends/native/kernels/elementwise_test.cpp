#include "cornu/backends/native/kernels/elementwise.h"

#include <complex>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>

#include "cornu/backends/native/kernels/for_tests.h"
#include "cornu/backends/native/kernels/special.h"
#include "cornu/base/error.h"

using namespace cornu;
using namespace cornu::native;
using namespace cornu::native::testing;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double qnan = std::numeric_limits<double>::quiet_NaN();

struct Function {
    UnaryOp op;
    double (*reference)(double);
    double low, high, max_ulps;
    bool subnormals = true;  // whether results below the normal range count
};

double normal_cdf_times(double x) { return x / 2 * std::erfc(-x / std::sqrt(2.0)); }
double gelu_tanh(double x) {
    return x / 2 *
           (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}
#define F(EXPRESSION) [](double x) -> double { return EXPRESSION; }
const Function functions[] = {
    {UnaryOp::exp, F(std::exp(x)), -103, 89, 2},
    {UnaryOp::expm1, F(std::expm1(x)), -20, 89, 2.5},
    {UnaryOp::expm1, F(std::expm1(x)), -0.5, 0.5, 2.5},
    {UnaryOp::log, F(std::log(x)), 0, 10, 2},
    {UnaryOp::log, F(std::log(x)), 0, 1e30, 2},
    {UnaryOp::log, F(std::log(x)), 0.9, 1.1, 2},
    {UnaryOp::log1p, F(std::log1p(x)), -0.999, 5, 3},
    {UnaryOp::log1p, F(std::log1p(x)), -1e-3, 1e-3, 3},
    {UnaryOp::tanh, F(std::tanh(x)), -10, 10, 3},
    {UnaryOp::tanh, F(std::tanh(x)), -0.1, 0.1, 3},
    {UnaryOp::sigmoid, F(1 / (1 + std::exp(-x))), -80, 30, 3},
    {UnaryOp::erf, F(std::erf(x)), -5, 5, 2},
    {UnaryOp::erfc, F(std::erfc(x)), -6, 0.4, 2},
    {UnaryOp::erfc, F(std::erfc(x)), 0.4, 9, 6},
    {UnaryOp::sin, F(std::sin(x)), -20, 20, 2},
    {UnaryOp::cos, F(std::cos(x)), -20, 20, 2},
    {UnaryOp::sin, F(std::sin(x)), -1e9, 1e9, 2},
    {UnaryOp::cos, F(std::cos(x)), -4e5, 4e5, 2},
    {UnaryOp::sqrt, F(std::sqrt(x)), 0, 100, 0.51},
    {UnaryOp::rsqrt, F(1 / std::sqrt(x)), 0, 100, 1.6},
    {UnaryOp::softplus, F(std::log1p(std::exp(x))), -80, 30, 4},
    {UnaryOp::silu, F(x / (1 + std::exp(-x))), -80, 30, 4},
    {UnaryOp::floor, F(std::floor(x)), -50, 50, 0},
    {UnaryOp::ceil, F(std::ceil(x)), -50, 50, 0},
    {UnaryOp::round, F(std::nearbyint(x)), -50, 50, 0},
    {UnaryOp::trunc, F(std::trunc(x)), -50, 50, 0},
    {UnaryOp::reciprocal, F(1 / x), -5, 5, 0.51},
    {UnaryOp::square, F(x* x), -5, 5, 0.51},
    {UnaryOp::tan, F(std::tan(x)), -10, 10, 2},
    {UnaryOp::asinh, F(std::asinh(x)), -10, 10, 3},
    {UnaryOp::erfinv, F(native::erfinv(x)), -0.9, 0.9, 6},
    {UnaryOp::erfinv, F(native::erfinv(x)), -0.999999, 0.999999, 64},  // XLA's is no better
    {UnaryOp::cbrt, F(std::cbrt(x)), -9, 9, 2},
};
#undef F

template <class T>
std::vector<T> run_unary(UnaryOp op, const std::vector<T>& x) {
    std::vector<T> y(x.size());
    Unary(op, dtype_of<T>, static_cast<int64_t>(x.size())).run(x.data(), y.data());
    return y;
}

template <class T, class R = T>
std::vector<R> run_binary(BinaryOp op, std::vector<T> a, std::vector<T> b) {
    const Shape shape{static_cast<int64_t>(a.size())};
    std::unique_ptr<R[]> y(new R[a.size()]);
    Binary(op, dtype_of<T>, shape, {static_cast<int64_t>(b.size())})
        .run(a.data(), b.data(), y.get());
    return std::vector<R>(y.get(), y.get() + a.size());
}

template <class From, class To>
std::vector<To> cast(std::vector<From> x) {
    std::vector<To> y(x.size());
    Cast(dtype_of<From>, dtype_of<To>, static_cast<int64_t>(x.size())).run(x.data(), y.data());
    return y;
}

}  // namespace

TEST_CASE("float32 functions stay within a few units of the last place") {
    for (const char* set : {"base", "avx2", "avx512"}) {
        const Simd* table = find_simd(set);
        if (!table) continue;
        for (const Function& f : functions) {
            Noise noise;
            std::vector<float> x(20001), y(x.size());
            for (auto& v : x) v = static_cast<float>(noise.uniform(f.low, f.high));
            const int index = static_cast<int>(f.op);
            if (index < simd_unary_op_count)
                table->unary[index](x.data(), y.data(), static_cast<int64_t>(x.size()));
            else
                y = run_unary(f.op, x);
            double worst = 0;
            float at = 0;
            for (size_t i = 0; i < x.size(); ++i) {
                const double u = ulps(y[i], f.reference(x[i]));
                if (u > worst) worst = u, at = x[i];
            }
            CAPTURE(set);
            CAPTURE(index);
            CAPTURE(at);
            CAPTURE(f.low);
            CHECK(worst <= f.max_ulps);
        }
    }
}

TEST_CASE("gelu is close where its result matters") {
    Noise noise;
    std::vector<float> x(5000);
    for (auto& v : x) v = static_cast<float>(noise.uniform(-8, 8));
    std::vector<double> exact, approximate;
    for (const float v : x)
        exact.push_back(normal_cdf_times(v)), approximate.push_back(gelu_tanh(v));
    CHECK(near(run_unary(UnaryOp::gelu, x), exact, 1e-7));
    CHECK(near(run_unary(UnaryOp::gelu_tanh, x), approximate, 1e-7));
}

TEST_CASE("special values of float32 functions") {
    const std::vector<float> x{0.f,    -0.f, float(inf), float(-inf), float(qnan),
                               1e-40f, -1.f, 200.f,      -200.f,      1e-20f};
    const auto check = [&](UnaryOp op, double (*f)(double)) {
        const auto y = run_unary(op, x);
        CAPTURE(static_cast<int>(op));
        for (size_t i = 0; i < x.size(); ++i) {
            CAPTURE(x[i]);
            CAPTURE(y[i]);
            const float want = static_cast<float>(f(x[i]));
            CHECK((std::isnan(want)
                       ? std::isnan(y[i])
                       : std::abs(y[i] - want) <= 1e-6f * std::abs(want) || y[i] == want));
            if (want == 0) CHECK(std::signbit(y[i]) == std::signbit(want));
        }
    };
    check(UnaryOp::exp, [](double v) { return std::exp(v); });
    check(UnaryOp::expm1, [](double v) { return std::expm1(v); });
    check(UnaryOp::log, [](double v) { return std::log(v); });
    check(UnaryOp::log1p, [](double v) { return std::log1p(v); });
    check(UnaryOp::tanh, [](double v) { return std::tanh(v); });
    check(UnaryOp::sigmoid, [](double v) { return 1 / (1 + std::exp(-v)); });
    check(UnaryOp::erf, [](double v) { return std::erf(v); });
    check(UnaryOp::sin, [](double v) { return std::sin(v); });
    check(UnaryOp::cos, [](double v) { return std::cos(v); });
    check(UnaryOp::sqrt, [](double v) { return std::sqrt(v); });
    check(UnaryOp::floor, [](double v) { return std::floor(v); });
    check(UnaryOp::softplus, [](double v) { return v > 100 ? v : std::log1p(std::exp(v)); });
    CHECK(std::isnan(run_unary(UnaryOp::relu, x)[4]));
}

TEST_CASE("float32 powers") {
    Noise noise;
    for (const char* set : {"base", "avx2", "avx512"}) {
        const Simd* table = find_simd(set);
        if (!table) continue;
        std::vector<float> a(20000), b(a.size()), y(a.size());
        for (auto& v : a) v = static_cast<float>(std::exp(noise.uniform(-20, 20)));
        for (auto& v : b) v = static_cast<float>(noise.uniform(-6, 6));
        table->binary[static_cast<int>(BinaryOp::pow)][0](a.data(), b.data(), y.data(), 20000);
        double worst = 0;
        for (size_t i = 0; i < a.size(); ++i)
            worst = std::max(worst, ulps(y[i], std::pow(double(a[i]), double(b[i]))));
        CHECK(worst <= 1);
    }
    const float fi = float(inf), fn = float(qnan);
    const std::vector<float> a{0, 0, -2, -2, fi, -fi, fn, 1, 1, 2, 1e-40f, -8},
        b{0, -1, 3, 0.5f, -1, 3, 0, fn, fi, fi, 0.5f, 2};
    const auto y = run_binary(BinaryOp::pow, a, b);
    for (size_t i = 0; i < a.size(); ++i) {
        const float want = std::pow(a[i], b[i]);
        CAPTURE(i);
        CHECK((std::isnan(want) ? std::isnan(y[i])
                                : std::abs(y[i] - want) <= std::abs(want) * 1e-6f || y[i] == want));
    }
}

TEST_CASE("broadcasting in every form, for vectors and generic loops") {
    const Shape shapes[][2] = {
        {{}, {}},         {{5}, {}},        {{}, {5}},           {{3, 5}, {5}},
        {{3, 5}, {3, 1}}, {{3, 1}, {1, 5}}, {{2, 3, 4}, {3, 1}}, {{2, 1, 4}, {3, 1}},
        {{0, 4}, {4}},    {{1, 1}, {1}},    {{600}, {600}},      {{4, 1, 2, 1, 3}, {5, 2, 7, 1}},
        {{513, 3}, {3}}};
    Noise noise;
    const auto check = [&]<class T>(T) {
        for (const auto& s : shapes) {
            const Shape out = *broadcast_shapes(s[0], s[1]);
            const auto a = values<T>(noise, s[0].size()), b = values<T>(noise, s[1].size());
            std::vector<T> y(static_cast<size_t>(out.size()));
            const Binary kernel(BinaryOp::sub, dtype_of<T>, s[0], s[1]);
            CHECK(kernel.shape() == out);
            kernel.run(a.data(), b.data(), y.data());
            const auto sa = broadcast_strides(s[0], out), sb = broadcast_strides(s[1], out);
            for (int64_t i = 0; i < out.size(); ++i) {
                int64_t rest = i, ia = 0, ib = 0;
                for (int64_t d = out.rank() - 1; d >= 0; --d) {
                    ia += rest % out[d] * sa[d];
                    ib += rest % out[d] * sb[d];
                    rest /= out[d];
                }
                REQUIRE(double(Compute<T>(y[i])) ==
                        double(Compute<T>(T(Compute<T>(Compute<T>(a[ia]) - Compute<T>(b[ib]))))));
            }
        }
    };
    check(float{});
    check(double{});
    check(int32_t{});
    check(float16{});
    check(bfloat16{});
    check(float8_e5m2{});
    CHECK_THROWS_AS(Binary(BinaryOp::add, DType::float32, {3}, {4}), ShapeError);
}

TEST_CASE("integer arithmetic follows JAX") {
    constexpr int32_t low = std::numeric_limits<int32_t>::min();
    const std::vector<int32_t> a{7, -7, 7, -7, 5, -5, 0, low}, b{2, 2, -2, -2, 0, 0, 0, -1};
    // Recorded from jax.numpy / jax.lax.
    CHECK(run_binary(BinaryOp::div, a, b) == std::vector<int32_t>{3, -3, -3, 3, -1, -1, -1, low});
    CHECK(run_binary(BinaryOp::rem, a, b) == std::vector<int32_t>{1, -1, 1, -1, 5, -5, 0, 0});
    CHECK(run_binary(BinaryOp::floor_div, a, b) ==
          std::vector<int32_t>{3, -4, -4, 3, -2, -2, -1, low});
    CHECK(run_binary(BinaryOp::mod, a, b) == std::vector<int32_t>{1, 1, -1, -1, 0, 0, 0, 0});
    CHECK(run_binary<int32_t>(BinaryOp::shift_left, {1, 1, 1, -1}, {3, 32, -1, 31}) ==
          std::vector<int32_t>{8, 0, 0, low});
    CHECK(run_binary<int32_t>(BinaryOp::shift_right, {-8, -8, 8, 8}, {1, 40, 40, 2}) ==
          std::vector<int32_t>{-4, -1, 0, 2});
    CHECK(run_binary<int32_t>(BinaryOp::shift_right_logical, {-1, -1}, {28, 32}) ==
          std::vector<int32_t>{15, 0});
    CHECK(run_binary<int32_t>(BinaryOp::pow, {3, -2, 2, 2}, {4, 3, 0, 33}) ==
          std::vector<int32_t>{81, -8, 1, 0});
    CHECK(run_binary<int8_t>(BinaryOp::add, {127, -128}, {1, -1}) ==
          std::vector<int8_t>{-128, 127});
    CHECK(run_binary<uint16_t>(BinaryOp::mul, {65535}, {65535}) == std::vector<uint16_t>{1});
    CHECK(run_binary<uint8_t>(BinaryOp::div, {9, 9}, {2, 0}) == std::vector<uint8_t>{4, 255});
    CHECK(run_unary<int32_t>(UnaryOp::abs, {low, -3}) == std::vector<int32_t>{low, 3});
    CHECK(run_unary<uint8_t>(UnaryOp::bit_not, {0, 15}) == std::vector<uint8_t>{255, 240});
    CHECK(run_unary<int8_t>(UnaryOp::sign, {-5, 0, 9}) == std::vector<int8_t>{-1, 0, 1});
}

TEST_CASE("float division with remainder follows JAX") {
    const std::vector<float> a{7.5f, -7.5f, 7.5f, -7.5f, 6, -6}, b{2, 2, -2, -2, 3, 3};
    CHECK(run_binary(BinaryOp::floor_div, a, b) == std::vector<float>{3, -4, -4, 3, 2, -2});
    CHECK(run_binary(BinaryOp::mod, a, b) == std::vector<float>{1.5f, 0.5f, -0.5f, -1.5f, 0, 0});
    CHECK(run_binary(BinaryOp::rem, a, b) == std::vector<float>{1.5f, -1.5f, 1.5f, -1.5f, 0, -0.f});
}

TEST_CASE("max and min hand NaN on; comparisons are false for it") {
    const float n = float(qnan);
    const std::vector<float> a{n, 1, 3, -1}, b{1, n, 2, 5};
    for (const auto op : {BinaryOp::max, BinaryOp::min}) {
        const auto y = run_binary(op, a, b);
        CHECK(std::isnan(y[0]));
        CHECK(std::isnan(y[1]));
        const auto z = run_binary(op, std::vector<double>(a.begin(), a.end()),
                                  std::vector<double>(b.begin(), b.end()));
        CHECK(std::isnan(z[0]));
        CHECK(std::isnan(z[1]));
    }
    CHECK(run_binary<float, bool>(BinaryOp::le, a, b) ==
          std::vector<bool>{false, false, false, true});
    CHECK(run_binary<float, bool>(BinaryOp::ne, a, b) == std::vector<bool>{true, true, true, true});
    CHECK(run_binary<double, bool>(BinaryOp::ge, {1, qnan, 2}, {1, qnan, 3}) ==
          std::vector<bool>{true, false, false});
}

TEST_CASE("complex numbers") {
    using C = std::complex<float>;
    const std::vector<C> x{{1, 2}, {-3, 0.5f}, {0, 0}};
    CHECK(run_unary(UnaryOp::conj, x) == std::vector<C>{{1, -2}, {-3, -0.5f}, {0, 0}});
    std::vector<float> magnitude(3);
    Unary(UnaryOp::abs, DType::complex64, 3).run(x.data(), magnitude.data());
    CHECK(magnitude[0] == doctest::Approx(std::sqrt(5.0)));
    const auto e = run_unary(UnaryOp::exp, x);
    CHECK(std::abs(e[0] - std::exp(x[0])) < 1e-6f);
    CHECK(run_binary(BinaryOp::mul, x, {{0, 1}, {2, 0}, {1, 1}})[0] == C(-2, 1));
    CHECK(result_dtype(UnaryOp::imag, DType::complex128) == DType::float64);
}

TEST_CASE("operations outside their domain are refused") {
    CHECK_THROWS_AS(Unary(UnaryOp::sin, DType::int32, 1), DTypeError);
    CHECK_THROWS_AS(Unary(UnaryOp::bit_not, DType::float32, 1), DTypeError);
    CHECK_THROWS_AS(Unary(UnaryOp::exp, DType::int4, 1), DTypeError);
    CHECK_THROWS_AS(Binary(BinaryOp::shift_left, DType::float64, {1}, {1}), DTypeError);
    CHECK_THROWS_AS(Binary(BinaryOp::add, DType::string, {1}, {1}), DTypeError);
}

TEST_CASE("casts") {
    constexpr int32_t high = std::numeric_limits<int32_t>::max(),
                      low = std::numeric_limits<int32_t>::min();
    CHECK(cast<float, int32_t>({1.9f, -1.9f, 3e9f, -3e9f, float(qnan), float(inf)}) ==
          std::vector<int32_t>{1, -1, high, low, 0, high});
    CHECK(cast<float, uint8_t>({-1.f, 255.9f, 300.f}) == std::vector<uint8_t>{0, 255, 255});
    CHECK(cast<double, int64_t>({9.3e18, -1.5}) ==
          std::vector<int64_t>{std::numeric_limits<int64_t>::max(), -1});
    CHECK(cast<int32_t, int8_t>({300, -129}) == std::vector<int8_t>{44, 127});
    CHECK(cast<int32_t, float>({high}) == std::vector<float>{2147483648.f});
    CHECK(cast<std::complex<float>, double>({{2, 3}}) == std::vector<double>{2});
    CHECK(cast<int8_t, std::complex<double>>({-2}) == std::vector<std::complex<double>>{-2.0});
    // Halfway in bfloat16 but for a tail that float cannot hold: the double decides.
    CHECK(float(cast<double, bfloat16>({1.00390625 + 1e-12})[0]) == 1.0078125f);
    CHECK(float(cast<double, bfloat16>({1.00390625})[0]) == 1.0f);
    bool truths[4];
    const float x[] = {0.f, -0.f, 0.5f, float(qnan)};
    Cast(DType::float32, DType::bool_, 4).run(x, truths);
    CHECK_FALSE(truths[0]);
    CHECK_FALSE(truths[1]);
    CHECK(truths[2]);
    CHECK(truths[3]);
}

TEST_CASE("vectorised 16-bit conversions agree with the scalar ones on every pattern") {
    for (const char* set : {"base", "avx2", "avx512"}) {
        const Simd* table = find_simd(set);
        if (!table) continue;
        std::vector<uint16_t> all(65536), back(all.size());
        for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
        std::vector<float> wide(all.size());
        table->from_float16(all.data(), wide.data(), 65536);
        for (size_t i = 0; i < all.size(); ++i) {
            float16 h;
            h.bits = all[i];
            const float want = h;
            REQUIRE(
                (std::isnan(want) ? std::isnan(wide[i]) : std::memcmp(&want, &wide[i], 4) == 0));
        }
        Noise noise;
        for (size_t i = 0; i < all.size(); ++i)  // neighbours, halves and everything else
            wide[i] = i % 3 == 0 ? std::bit_cast<float>(noise.next() * 2)
                                 : wide[i] * (i % 3 == 1 ? 1.00048828125f : 1.0003f);
        table->to_float16(wide.data(), back.data(), 65536);
        for (size_t i = 0; i < all.size(); ++i) {
            if (std::isnan(wide[i]))
                REQUIRE((back[i] & 0x7fff) > 0x7c00);
            else
                REQUIRE(back[i] == float16(wide[i]).bits);
        }
        table->to_bfloat16(wide.data(), back.data(), 65536);
        for (size_t i = 0; i < all.size(); ++i) {
            if (std::isnan(wide[i]))
                REQUIRE((back[i] & 0x7fff) > 0x7f80);
            else
                REQUIRE(back[i] == bfloat16(wide[i]).bits);
        }
    }
}

TEST_CASE("int4 packs two values a byte, low nibble first") {
    const std::vector<int8_t> v{-8, 7, -1, 0, 3};
    uint8_t packed[3];
    pack_int4(v.data(), packed, 5);
    CHECK(packed[0] == 0x78);
    CHECK(packed[1] == 0x0f);
    CHECK(packed[2] == 0x03);
    std::vector<int8_t> back(5);
    unpack_int4(packed, back.data(), 5);
    CHECK(back == v);
    std::vector<float> wide(5);
    Cast(DType::int4, DType::float32, 5).run(packed, wide.data());
    CHECK(wide == std::vector<float>{-8, 7, -1, 0, 3});
    const float big[] = {100, -100, 2.7f};
    Cast(DType::float32, DType::int4, 3).run(big, packed);
    CHECK(packed[0] == 0x87);
    CHECK(packed[1] == 0x02);
}

TEST_CASE("select and clamp broadcast") {
    const bool c[] = {true, false};
    const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {-1};
    std::vector<float> y(6);
    const Select select(DType::float32, {2, 1}, {2, 3}, {});
    select.run(c, a, b, y.data());
    CHECK(y == std::vector<float>{1, 2, 3, -1, -1, -1});
    const std::complex<double> p[] = {{1, 2}}, q[] = {{3, 4}};
    std::complex<double> z[2];
    Select(DType::complex128, {2}, {1}, {1}).run(c, p, q, z);
    CHECK(z[0] == p[0]);
    CHECK(z[1] == q[0]);
    const float low[] = {2}, high[] = {4, 5, 3};
    Clamp(DType::float32, {}, {2, 3}, {3}).run(low, a, high, y.data());
    CHECK(y == std::vector<float>{2, 2, 3, 4, 5, 3});
    const float x[] = {float(qnan), 9, -9}, one[] = {1};
    const float minus[] = {-1};
    Clamp(DType::float32, {}, {3}, {}).run(minus, x, one, y.data());
    CHECK(std::isnan(y[0]));
    CHECK(y[1] == 1);
    CHECK(y[2] == -1);
    CHECK_THROWS_AS(Clamp(DType::float32, {2, 3}, {3}, {}), ShapeError);
}

TEST_CASE("special functions in double") {
    CHECK(native::digamma(1.0) == doctest::Approx(-0.57721566490153286061).epsilon(1e-13));
    CHECK(native::digamma(0.5) == doctest::Approx(-1.96351002602142347944).epsilon(1e-13));
    CHECK(native::digamma(-1.5) == doctest::Approx(0.70315664064524318723).epsilon(1e-12));
    CHECK(std::isnan(native::digamma(0.0)));
    for (const double x : {-0.999999, -0.7, -1e-8, 0.0, 0.3, 0.9, 0.99999999})
        CHECK(std::erf(native::erfinv(x)) == doctest::Approx(x).epsilon(1e-13));
    CHECK(native::erfinv(1.0) == inf);
    CHECK(std::isnan(native::erfinv(1.5)));
}
