#include "cornu/backends/native/kernels/indexing.h"

#include "cornu/backends/native/kernels/for_tests.h"
#include "cornu/base/error.h"

using namespace cornu;
using namespace cornu::native;
using namespace cornu::native::testing;

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
    GatherRows({.dtype = DType::int8, .index = DType::int64, .rows = 2, .count = 2}, true)
        .run(bytes, far, z);
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
                if (rows[i] >= 0 && rows[i] < 9)
                    expected[(o * 9 + rows[i]) * 150 + c] += u[(o * 50 + i) * 150 + c];
    ScatterRows(spec, ScatterOp::add).run(rows.data(), narrow.data(), y.data());
    CHECK(near(y, expected, 1e-6));
}
