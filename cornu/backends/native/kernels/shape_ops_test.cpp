#include "cornu/backends/native/kernels/shape_ops.h"

#include <complex>
#include <cstring>
#include <memory>
#include <numeric>

#include "cornu/backends/native/kernels/testing.h"
#include "cornu/base/error.h"

using namespace cornu;
using namespace cornu::native;
using namespace cornu::native::testing;

namespace {

std::vector<int32_t> count_up(int64_t n) {
    std::vector<int32_t> v(static_cast<size_t>(n));
    std::iota(v.begin(), v.end(), 0);
    return v;
}
std::vector<int64_t> index_of(int64_t flat, const Shape& shape) {
    std::vector<int64_t> index(static_cast<size_t>(shape.rank()));
    for (int64_t d = shape.rank() - 1; d >= 0; --d) {
        index[static_cast<size_t>(d)] = flat % shape[d];
        flat /= shape[d];
    }
    return index;
}
int64_t flat_of(const std::vector<int64_t>& index, const Shape& shape) {
    int64_t flat = 0;
    for (int64_t d = 0; d < shape.rank(); ++d) flat = flat * shape[d] + index[static_cast<size_t>(d)];
    return flat;
}

template <class T>
void check_transpose(const Shape& shape, const std::vector<int64_t>& axes) {
    Noise noise;
    const auto x = values<T>(noise, shape.size());
    std::vector<T> y(x.size());
    transpose(dtype_of<T>, shape, axes).run(x.data(), y.data());
    Shape out;
    for (const int64_t a : axes) out.push_back(shape[a]);
    for (int64_t i = 0; i < out.size(); ++i) {
        const auto to = index_of(i, out);
        std::vector<int64_t> from(to.size());
        for (size_t d = 0; d < axes.size(); ++d) from[static_cast<size_t>(axes[d])] = to[d];
        REQUIRE(std::memcmp(&y[static_cast<size_t>(i)], &x[static_cast<size_t>(flat_of(from, shape))], sizeof(T)) == 0);
    }
}

}  // namespace

TEST_CASE("transposition by any permutation and element size") {
    std::vector<int64_t> axes{0, 1, 2, 3};
    do {
        check_transpose<float>({3, 4, 5, 6}, axes);
        check_transpose<uint8_t>({17, 2, 1, 19}, axes);
        check_transpose<std::complex<double>>({2, 7, 4, 3}, axes);
    } while (std::next_permutation(axes.begin(), axes.end()));
    check_transpose<float>({130, 77}, {1, 0});
    check_transpose<double>({33, 40, 20}, {2, 1, 0});
    check_transpose<float16>({33, 40, 20}, {0, 2, 1});
    check_transpose<int32_t>({0, 4}, {1, 0});
    check_transpose<int32_t>({}, {});
    CHECK_THROWS_AS(transpose(DType::int4, {2, 2}, {1, 0}), DTypeError);
}

TEST_CASE("broadcast, slice, reverse") {
    const auto x = count_up(24);
    std::vector<int32_t> y(24);
    broadcast_to(DType::int32, {3, 1}, {2, 3, 4}).run(x.data(), y.data());
    CHECK(y == std::vector<int32_t>{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2});
    y.assign(4, -1);
    slice(DType::int32, {4, 6}, {1, 0}, {2, 2}, {2, 3}).run(x.data(), y.data());
    CHECK(y == std::vector<int32_t>{6, 9, 18, 21});
    y.assign(6, -1);
    reverse(DType::int32, {2, 3}, {1}).run(x.data(), y.data());
    CHECK(y == std::vector<int32_t>{2, 1, 0, 5, 4, 3});
    reverse(DType::int32, {2, 3}, {0, 1}).run(x.data(), y.data());
    CHECK(y == std::vector<int32_t>{5, 4, 3, 2, 1, 0});
}

TEST_CASE("windows at places known only when running, moved inwards") {
    const auto x = count_up(12);
    std::vector<int32_t> y(4), z = x;
    const int64_t inside[] = {1, 1}, beyond[] = {9, -5};
    const auto read = read_window(DType::int32, {3, 4}, {2, 2});
    read.run(x.data(), y.data(), window_shift({3, 4}, {2, 2}, inside));
    CHECK(y == std::vector<int32_t>{5, 6, 9, 10});
    read.run(x.data(), y.data(), window_shift({3, 4}, {2, 2}, beyond));
    CHECK(y == std::vector<int32_t>{4, 5, 8, 9});
    const int32_t update[] = {-1, -2, -3, -4};
    write_window(DType::int32, {3, 4}, {2, 2}).run(update, z.data(), 0, window_shift({3, 4}, {2, 2}, inside));
    CHECK(z == std::vector<int32_t>{0, 1, 2, 3, 4, -1, -2, 7, 8, -3, -4, 11});
}

TEST_CASE("padding: around, between, and cutting") {
    const auto check = [](const Shape& shape, std::vector<int64_t> low, std::vector<int64_t> high, std::vector<int64_t> inner) {
        const auto x = count_up(shape.size());
        const int32_t value = -7;
        const Pad pad(DType::int32, shape, low, high, inner);
        std::vector<int32_t> y(static_cast<size_t>(pad.shape().size()), 99), expected(y.size(), value);
        for (int64_t i = 0; i < shape.size(); ++i) {
            auto at = index_of(i, shape);
            bool inside = true;
            for (size_t d = 0; d < at.size(); ++d) {
                at[d] = low[d] + at[d] * (inner[d] + 1);
                inside = inside && at[d] >= 0 && at[d] < pad.shape()[int64_t(d)];
            }
            if (inside) expected[static_cast<size_t>(flat_of(at, pad.shape()))] = x[static_cast<size_t>(i)];
        }
        pad.run(x.data(), &value, y.data());
        CHECK(y == expected);
    };
    check({2, 3}, {1, 0}, {0, 2}, {0, 0});
    check({3, 4}, {0, 1}, {2, 0}, {1, 2});
    check({5, 6}, {-1, 2}, {-2, -3}, {0, 0});
    check({4, 5}, {-2, -1}, {1, -4}, {2, 1});
    check({3}, {-5}, {4}, {0});
    check({3}, {4}, {-5}, {0});
    check({0, 2}, {1, 1}, {1, 0}, {0, 3});
    CHECK_THROWS_AS(Pad(DType::float32, {3}, {-2}, {-2}, {0}), ShapeError);
}

TEST_CASE("joining and counting") {
    const std::vector<int32_t> a = count_up(4), b = count_up(2);
    std::vector<int32_t> y(6);
    const auto copies = concatenate(DType::int32, {{2, 2}, {2, 1}}, 1);
    copies[0].run(a.data(), y.data());
    copies[1].run(b.data(), y.data());
    CHECK(y == std::vector<int32_t>{0, 1, 0, 2, 3, 1});
    std::vector<float> f(12);
    native::iota(DType::float32, {2, 3, 2}, 1, f.data());
    CHECK(f == std::vector<float>{0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2});
    std::vector<float16> h(700);
    native::iota(DType::float16, {700}, 0, h.data());
    CHECK(float(h[699]) == 699.f);
}

TEST_CASE("rows by index") {
    const std::vector<float> x{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};  // (2, 3, 2)
    const int32_t at[] = {2, 0, 3, -1};
    std::vector<float> y(16);
    const RowsSpec spec{.outer = 2, .rows = 3, .count = 4, .inner = 2};
    GatherRows(spec, false).run(x.data(), at, y.data());
    CHECK(y == std::vector<float>{4, 5, 0, 1, 0, 0, 0, 0, 10, 11, 6, 7, 0, 0, 0, 0});
    GatherRows(spec, true).run(x.data(), at, y.data());
    CHECK(std::isnan(y[4]));
    CHECK(y[9] == 11);
    const int8_t bytes[] = {1, 2};
    const int64_t far[] = {1, 5};
    int8_t z[2];
    GatherRows({.dtype = DType::int8, .index = DType::int64, .rows = 2, .count = 2}, true).run(bytes, far, z);
    CHECK(z[0] == 2);
    CHECK(z[1] == -128);
    CHECK_THROWS_AS(GatherRows({.index = DType::float32}, true), DTypeError);
}

TEST_CASE("writing rows by index") {
    const int32_t at[] = {1, 1, 7, 0, -1};
    const std::vector<float> updates{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    const auto scatter = [&](ScatterOp op) {
        std::vector<float> y{2, 2, 2, 2, 2, 2};
        ScatterRows({.rows = 3, .count = 5, .inner = 2}, op).run(at, updates.data(), y.data());
        return y;
    };
    CHECK(scatter(ScatterOp::set) == std::vector<float>{7, 8, 3, 4, 2, 2});
    CHECK(scatter(ScatterOp::add) == std::vector<float>{9, 10, 6, 8, 2, 2});
    CHECK(scatter(ScatterOp::mul) == std::vector<float>{14, 16, 6, 16, 2, 2});
    CHECK(scatter(ScatterOp::max) == std::vector<float>{7, 8, 3, 4, 2, 2});
    CHECK(scatter(ScatterOp::min) == std::vector<float>{2, 2, 1, 2, 2, 2});
    // Many strips and matrices, against a plain loop.
    Noise noise;
    const RowsSpec spec{.outer = 3, .rows = 9, .count = 50, .inner = 150};
    const auto u = values<double>(noise, 3 * 50 * 150);
    std::vector<int32_t> rows(50);
    for (auto& r : rows) r = static_cast<int32_t>(noise.integer(-1, 9));
    std::vector<float> narrow(u.begin(), u.end()), y(3 * 9 * 150);
    std::vector<double> expected(y.size());
    for (int64_t o = 0; o < 3; ++o)
        for (int64_t i = 0; i < 50; ++i)
            for (int64_t c = 0; c < 150; ++c)
                if (rows[i] >= 0 && rows[i] < 9) expected[(o * 9 + rows[i]) * 150 + c] += u[(o * 50 + i) * 150 + c];
    ScatterRows(spec, ScatterOp::add).run(rows.data(), narrow.data(), y.data());
    CHECK(near(y, expected, 1e-6));
}

TEST_CASE("sorting is stable, with NaN last, and carries other operands along") {
    const float n = std::nanf("");
    const std::vector<float> x{3, n, -1, 3, 0, -0.f, n, -INFINITY};
    const auto at = count_up(8);
    std::vector<float> y(8);
    std::vector<int32_t> order(8);
    const auto run = [&](const Sort& sort) {
        std::vector<double> scratch(sort.scratch_bytes() / 8 + 1);
        const void* in[] = {x.data(), at.data()};
        void* out[] = {y.data(), order.data()};
        sort.run(in, out, scratch.data());
    };
    run(Sort({DType::float32, DType::int32}, {8}, 0));
    CHECK(order == std::vector<int32_t>{7, 2, 4, 5, 0, 3, 1, 6});
    CHECK(y[0] == -INFINITY);
    CHECK(std::isnan(y[7]));
    run(Sort({DType::float32, DType::int32}, {8}, -1, true));
    CHECK(order == std::vector<int32_t>{1, 6, 0, 3, 4, 5, 2, 7});
    run(Sort({DType::float32, DType::int32}, {4, 2}, 0));
    CHECK(order == std::vector<int32_t>{2, 7, 4, 5, 0, 3, 6, 1});
}

TEST_CASE("long and many lanes sort as the standard library does") {
    Noise noise;
    for (const Shape& shape : {Shape{1000}, Shape{37, 41}, Shape{41, 37}, Shape{3, 100, 5}}) {
        for (int64_t axis = 0; axis < shape.rank(); ++axis) {
            const auto x = values<int64_t>(noise, shape.size(), -50, 50);
            std::vector<int64_t> y(x.size());
            const Sort sort({DType::int64}, shape, axis);
            std::vector<double> scratch(sort.scratch_bytes() / 8 + 1);
            const void* in[] = {x.data()};
            void* out[] = {y.data()};
            sort.run(in, out, scratch.data());
            int64_t inner = 1;
            for (int64_t i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
            const int64_t length = shape[axis];
            for (int64_t lane = 0; lane < shape.size() / length; ++lane) {
                std::vector<int64_t> want, got;
                for (int64_t i = 0; i < length; ++i) {
                    const auto k = static_cast<size_t>(lane / inner * length * inner + i * inner + lane % inner);
                    want.push_back(x[k]);
                    got.push_back(y[k]);
                }
                std::sort(want.begin(), want.end());
                REQUIRE(got == want);
            }
        }
    }
    CHECK_THROWS_AS(Sort({DType::string}, {3}, 0), DTypeError);
    CHECK_THROWS_AS(Sort({DType::int32}, {3}, 1), ValueError);
}
