#include "cornu/backends/native/kernels/strided_copy.h"

#include <complex>
#include <cstring>
#include <numeric>

#include "cornu/backends/native/kernels/for_tests.h"

using namespace cornu;
using namespace cornu::native;
using namespace cornu::native::testing;

namespace {

template <class T>
void check_transpose(const Shape& shape, const std::vector<int64_t>& axes) {
    Noise noise;
    const auto x = values<T>(noise, shape.size());
    std::vector<T> y(x.size());
    const std::vector<int64_t> own = strides_of(shape);
    std::vector<int64_t> dims, strides;
    for (const int64_t a : axes) {
        dims.push_back(shape[a]);
        strides.push_back(own[static_cast<size_t>(a)]);
    }
    const Shape out(dims);
    StridedCopy(sizeof(T), dims, strides, strides_of(out)).run(x.data(), y.data());
    for (int64_t i = 0; i < out.size(); ++i) {
        int64_t rest = i, from = 0;
        for (int64_t d = out.rank() - 1; d >= 0; --d) {
            from += rest % out[d] * strides[static_cast<size_t>(d)];
            rest /= out[d];
        }
        const auto k = static_cast<size_t>(i);
        REQUIRE(std::memcmp(&y[k], &x[static_cast<size_t>(from)], sizeof(T)) == 0);
    }
}

}  // namespace

TEST_CASE("transposition by any permutation and item size") {
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
}

TEST_CASE("repeated, backward and windowed copies") {
    std::vector<int32_t> x(24), y(24);
    std::iota(x.begin(), x.end(), 0);
    StridedCopy(4, {2, 3, 4}, {0, 1, 0}, {12, 4, 1}).run(x.data(), y.data());
    CHECK(y == std::vector<int32_t>{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
                                    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2});
    y.assign(6, -1);
    StridedCopy(4, {2, 3}, {-3, -1}, {3, 1}, 5).run(x.data(), y.data());
    CHECK(y == std::vector<int32_t>{5, 4, 3, 2, 1, 0});
    y.assign(4, -1);
    StridedCopy(4, {2, 2}, {4, 1}, {2, 1}).run_at(x.data(), y.data(), 5, 0);
    CHECK(y == std::vector<int32_t>{5, 6, 9, 10});
    y.assign(12, 0);
    StridedCopy(4, {2, 2}, {2, 1}, {4, 2}, 0, 1).run_at(x.data(), y.data(), 0, 4);
    CHECK(y == std::vector<int32_t>{0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 3});
}
