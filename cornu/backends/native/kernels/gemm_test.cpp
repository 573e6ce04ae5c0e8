#include "cornu/backends/native/kernels/gemm.h"

#include <complex>
#include <memory>

#include "cornu/backends/native/kernels/for_tests.h"
#include "cornu/backends/native/kernels/simd.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

using namespace cornu;
using namespace cornu::native;
using namespace cornu::native::testing;

namespace {

template <class T>
using Wide = std::conditional_t<is_small_float_v<T> || std::is_same_v<T, float>, double, T>;

struct Scratch {
    explicit Scratch(size_t bytes)
        : data(static_cast<char*>(std::aligned_alloc(64, (bytes + 127) / 64 * 64)), std::free) {}
    std::unique_ptr<char, void (*)(void*)> data;
};

// Runs the product of the spec and compares with three plain loops.
template <class T>
void check_product(GemmSpec s, double tolerance) {
    CAPTURE(s.m);
    CAPTURE(s.n);
    CAPTURE(s.k);
    CAPTURE(s.batch);
    CAPTURE(s.trans_a);
    CAPTURE(s.trans_b);
    CAPTURE(s.bias);
    CAPTURE(s.relu);
    CAPTURE(s.accumulate);
    CAPTURE(name(dtype_of<T>));
    s.dtype = dtype_of<T>;
    Noise noise;
    const int64_t na = s.stride_a == 0 ? 1 : s.batch, nb = s.stride_b == 0 ? 1 : s.batch;
    const auto a = values<T>(noise, na * s.m * s.k), b = values<T>(noise, nb * s.k * s.n);
    const auto bias = values<T>(noise, s.n);
    auto c = values<T>(noise, s.batch * s.m * s.n);
    std::vector<Wide<T>> expected(c.size());
    for (int64_t t = 0; t < s.batch; ++t)
        for (int64_t i = 0; i < s.m; ++i)
            for (int64_t j = 0; j < s.n; ++j) {
                Wide<T> sum = s.accumulate ? Wide<T>(c[(t * s.m + i) * s.n + j]) : Wide<T>(0);
                for (int64_t p = 0; p < s.k; ++p) {
                    const int64_t ia =
                        (na > 1 ? t : 0) * s.m * s.k + (s.trans_a ? p * s.m + i : i * s.k + p);
                    const int64_t ib =
                        (nb > 1 ? t : 0) * s.k * s.n + (s.trans_b ? j * s.k + p : p * s.n + j);
                    sum = wrap_add(sum, wrap_mul(Wide<T>(a[ia]), Wide<T>(b[ib])));
                }
                if (s.bias) sum = wrap_add(sum, Wide<T>(bias[j]));
                if constexpr (!is_complex_v<T>) {
                    if (s.relu && sum < Wide<T>(0)) sum = Wide<T>(0);
                }
                expected[(t * s.m + i) * s.n + j] = sum;
            }
    const auto before = c;
    for (const bool by_shape : {false, true}) {
        CAPTURE(by_shape);
        s.by_shape = by_shape;
        c = before;
        Gemm gemm(s);
        Scratch scratch(gemm.scratch_bytes());
        const void* weights = b.data();
        Scratch packed(gemm.packed_bytes());
        if (gemm.packed_bytes() > 0) {
            gemm.pack(b.data(), packed.data.get(), scratch.data.get());
            weights = packed.data.get();
        }
        gemm.run(a.data(), weights, s.bias ? bias.data() : nullptr, c.data(), scratch.data.get());
        if constexpr (is_complex_v<T>) {
            for (size_t i = 0; i < c.size(); ++i)
                REQUIRE(std::abs(c[i] - expected[i]) <= tolerance * 100);
        } else {
            CHECK(near(c, expected, tolerance));
        }
    }
}

}  // namespace

TEST_CASE("float32 products of every layout, size and epilogue") {
    const int64_t sizes[][3] = {{1, 1, 1},    {1, 64, 32},   {1, 1, 64},   {7, 1, 33},
                                {5, 3, 2},    {4, 17, 9},    {1, 300, 70}, {33, 65, 40},
                                {64, 64, 64}, {130, 70, 90}, {9, 5, 600},  {1, 5, 1300}};
    for (const auto& size : sizes) {
        for (int flags = 0; flags < 32; ++flags) {
            GemmSpec s{.m = size[0],
                       .n = size[1],
                       .k = size[2],
                       .trans_a = (flags & 1) != 0,
                       .trans_b = (flags & 2) != 0,
                       .bias = (flags & 4) != 0,
                       .relu = (flags & 8) != 0,
                       .accumulate = (flags & 16) != 0};
            check_product<float>(s, 1e-6);
        }
    }
}

TEST_CASE("products cut by shape have the same bits for any number of threads") {
    for (GemmSpec s : {GemmSpec{.m = 40, .n = 300, .k = 900}, GemmSpec{.m = 700, .n = 33, .k = 200, .trans_a = true},
                       GemmSpec{.m = 64, .n = 64, .k = 5000, .trans_b = true}, GemmSpec{.m = 50, .n = 60, .k = 70, .batch = 19}}) {
        s.by_shape = true;
        Noise noise;
        const auto a = values<float>(noise, s.batch * s.m * s.k), b = values<float>(noise, s.batch * s.k * s.n);
        std::vector<float> first;
        for (const int count : {1, 2, 3, 8}) {
            set_threads(count);
            Gemm gemm(s);
            CHECK(gemm.uses_library());
            Scratch scratch(gemm.scratch_bytes());
            std::vector<float> c(static_cast<size_t>(s.batch * s.m * s.n));
            gemm.run(a.data(), b.data(), nullptr, c.data(), scratch.data.get());
            if (first.empty()) first = c;
            CHECK(c == first);
        }
        set_threads(0);
    }
}

TEST_CASE("float32 batches, repeated operands and packed weights") {
    for (const int64_t n : {5, 64}) {
        for (const bool trans : {false, true}) {
            check_product<float>({.m = 20, .n = n, .k = 30, .trans_b = trans, .batch = 7}, 1e-6);
            check_product<float>(
                {.m = 80, .n = n, .k = 130, .trans_b = trans, .batch = 3, .stride_a = 0}, 1e-6);
            check_product<float>(
                {.m = 40, .n = n, .k = 130, .trans_b = trans, .batch = 3, .stride_b = 0}, 1e-6);
            check_product<float>(
                {.m = 1, .n = n, .k = 33, .trans_b = trans, .batch = 3, .stride_b = 0}, 1e-6);
        }
    }
    check_product<float>({.m = 100, .n = 130, .k = 70, .bias = true, .relu = true, .pack_b = true},
                         1e-6);
    CHECK(Gemm({.m = 256, .n = 256, .k = 256}).uses_library());
    CHECK_FALSE(Gemm({.m = 1, .n = 4096, .k = 4096}).uses_library());
}

TEST_CASE("products of every other dtype") {
    for (int flags = 0; flags < 32; ++flags) {
        GemmSpec s{.m = 18,
                   .n = 37,
                   .k = 70,
                   .trans_a = (flags & 1) != 0,
                   .trans_b = (flags & 2) != 0,
                   .batch = 2,
                   .bias = (flags & 4) != 0,
                   .relu = (flags & 8) != 0,
                   .accumulate = (flags & 16) != 0};
        check_product<double>(s, 1e-14);
        check_product<int8_t>(s, 0);
        check_product<uint8_t>(s, 0);
        check_product<int32_t>(s, 0);
        check_product<int64_t>(s, 0);
        check_product<float16>(s, 1e-3);
        check_product<bfloat16>(s, 8e-3);
        check_product<std::complex<float>>(s, 1e-6);
        check_product<std::complex<double>>(s, 1e-14);
    }
    check_product<uint16_t>({.m = 3, .n = 4, .k = 5}, 0);
    check_product<bfloat16>({.m = 100, .n = 90, .k = 80, .bias = true}, 8e-3);
    check_product<float8_e5m2>({.m = 3, .n = 4, .k = 1}, 0.25);
    check_product<double>({.m = 200, .n = 150, .k = 700}, 1e-13);
    check_product<double>({.m = 1, .n = 150, .k = 700, .trans_b = true}, 1e-13);
}

TEST_CASE("a bool product is an or of ands") {
    const bool a[] = {true, false, false, false}, b[] = {false, true, true, true};
    bool c[4];
    Gemm({.dtype = DType::bool_, .m = 2, .n = 2, .k = 2}).run(a, b, nullptr, c, nullptr);
    CHECK_FALSE(c[0]);
    CHECK(c[1]);
    CHECK_FALSE(c[2]);
    CHECK_FALSE(c[3]);
}

TEST_CASE("empty products: no terms leave bias or zero, no results touch nothing") {
    const float bias[] = {1, -2};
    float c[] = {9, 9, 9, 9};
    Gemm({.m = 2, .n = 2, .k = 0, .bias = true, .relu = true})
        .run(nullptr, nullptr, bias, c, nullptr);
    CHECK(c[0] == 1);
    CHECK(c[3] == 0);
    Gemm({.m = 0, .n = 2, .k = 3}).run(nullptr, nullptr, nullptr, nullptr, nullptr);
}

TEST_CASE("refused products say why") {
    CHECK_THROWS_AS(Gemm({.dtype = DType::int4, .m = 1, .n = 1, .k = 1}), DTypeError);
    CHECK_THROWS_AS(Gemm({.m = -1, .n = 1, .k = 1}), ValueError);
}

TEST_CASE("every instruction set multiplies alike") {
    Noise noise;
    const auto a = values<float>(noise, 13 * 45), b = values<float>(noise, 45 * 51);
    for (const char* set : {"base", "avx2", "avx512"}) {
        const Simd* table = find_simd(set);
        if (!table) continue;
        std::vector<float> c(13 * 51);
        std::vector<double> expected(c.size(), 0.0);
        table->gemm_nn_f32(a.data(), 45, 1, b.data(), 51, c.data(), 51, 13, 51, 45, {});
        for (int i = 0; i < 13; ++i)
            for (int j = 0; j < 51; ++j)
                for (int p = 0; p < 45; ++p)
                    expected[i * 51 + j] += double(a[i * 45 + p]) * b[p * 51 + j];
        CHECK(near(c, expected, 1e-6));
        table->gemm_nt_f32(a.data(), 45, 1, b.data(), 45, c.data(), 51, 13, 51, 45, {});
        std::fill(expected.begin(), expected.end(), 0.0);
        for (int i = 0; i < 13; ++i)
            for (int j = 0; j < 51; ++j)
                for (int p = 0; p < 45; ++p)
                    expected[i * 51 + j] += double(a[i * 45 + p]) * b[j * 45 + p];
        CHECK(near(c, expected, 1e-6));
    }
}
