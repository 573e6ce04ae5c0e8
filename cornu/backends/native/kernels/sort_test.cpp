#include "cornu/backends/native/kernels/sort.h"

#include <numeric>

#include "cornu/backends/native/kernels/for_tests.h"
#include "cornu/base/error.h"

using namespace cornu;
using namespace cornu::native;
using namespace cornu::native::testing;

TEST_CASE("sorting is stable, with NaN last, and carries other operands along") {
    const float n = std::nanf("");
    const std::vector<float> x{3, n, -1, 3, 0, -0.f, n, -INFINITY};
    std::vector<int32_t> at(8);
    std::iota(at.begin(), at.end(), 0);
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
                    const auto k = static_cast<size_t>(lane / inner * length * inner + i * inner +
                                                       lane % inner);
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
