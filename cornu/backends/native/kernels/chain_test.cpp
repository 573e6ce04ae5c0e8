#include "cornu/backends/native/kernels/chain.h"

#include <functional>
#include <memory>

#include "cornu/backends/native/kernels/for_tests.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

using namespace cornu;
using namespace cornu::native;
using namespace cornu::native::testing;

namespace {

// Builds the same chain twice: for the interpreter, and as a double function of a position.
struct Twin {
    Twin(Shape shape, bool by_rows) : shape(shape), spec(shape, by_rows) {}

    int input(const Shape& s, Noise& noise, DType dtype = DType::float32) {
        data.push_back(std::make_unique<std::vector<float>>());
        auto& v = *data.back();
        for (int64_t i = 0; i < s.size(); ++i)
            v.push_back(static_cast<float>(noise.uniform(-2, 2)));
        in.push_back(v.data());
        if (dtype == DType::float64) {   // one that must be converted, hence loaded into a register
            wide.push_back(std::make_unique<std::vector<double>>(v.begin(), v.end()));
            in.back() = wide.back()->data();
        }
        const auto strides = broadcast_strides(s, shape);
        const Shape full = shape;
        values.push_back([&v, strides, full](int64_t i) {
            int64_t at = 0;
            for (int64_t d = full.rank() - 1; d >= 0; --d) {
                at += i % full[d] * strides[static_cast<size_t>(d)];
                i /= full[d];
            }
            return double(v[static_cast<size_t>(at)]);
        });
        ids.push_back(spec.input(dtype, s));
        return int(ids.size()) - 1;
    }
    int add(int id, std::function<double(int64_t)> f) {
        ids.push_back(id);
        values.push_back(std::move(f));
        return int(ids.size()) - 1;
    }
    void step(Noise& noise) {
        const auto pick = [&] { return size_t(noise.integer(0, int64_t(ids.size()) - 1)); };
        const size_t a = pick(), b = pick(), c = pick();
        const auto va = values[a], vb = values[b], vc = values[c];
        switch (noise.integer(0, 9)) {
            case 0:
                add(spec.unary(UnaryOp::tanh, ids[a]), [=](int64_t i) { return std::tanh(va(i)); });
                break;
            case 1:
                add(spec.unary(UnaryOp::sin, ids[a]), [=](int64_t i) { return std::sin(va(i)); });
                break;
            case 2:
                add(spec.unary(UnaryOp::atan, ids[a]), [=](int64_t i) { return std::atan(va(i)); });
                break;
            case 3:
                add(spec.binary(BinaryOp::max, ids[a], ids[b]),
                    [=](int64_t i) { return std::max(va(i), vb(i)); });
                break;
            case 4:
                add(spec.binary(BinaryOp::atan2, ids[a], ids[b]),
                    [=](int64_t i) { return std::atan2(va(i), vb(i)); });
                break;
            case 5:
                add(spec.select(spec.binary(BinaryOp::lt, ids[a], spec.constant(0.5f)), ids[b],
                                ids[c]),
                    [=](int64_t i) { return va(i) < 0.5 ? vb(i) : vc(i); });
                break;
            case 6:
                add(spec.constant(0.75f), [](int64_t) { return 0.75; });
                break;
            default: {
                const int product = spec.binary(BinaryOp::mul, ids[a], spec.constant(0.5f));
                add(spec.binary(BinaryOp::sub, ids[b], product),
                    [=](int64_t i) { return vb(i) - va(i) * 0.5; });
            }
        }
    }

    // Scaled down, so that sums of sums stay in range.
    void sum_of_rows(Noise& noise) {
        std::vector<size_t> full;
        for (size_t i = 0; i < ids.size(); ++i)
            if (spec.extent(ids[i]) == Extent::full) full.push_back(i);
        if (full.empty()) return;
        const size_t a = full[size_t(noise.integer(0, int64_t(full.size()) - 1))];
        const auto va = values[a];
        const int64_t n = shape.back();
        const bool largest = noise.integer(0, 1) == 1;
        const int reduced = spec.reduce(largest ? ReduceOp::max : ReduceOp::sum, ids[a]);
        add(spec.binary(BinaryOp::div, reduced, spec.constant(float(n))), [=](int64_t i) {
            double total = largest ? va(i / n * n) : 0;
            for (int64_t k = i / n * n; k < i / n * n + n; ++k)
                total = largest ? std::max(total, va(k)) : total + va(k);
            return total / double(n);
        });
    }

    Shape shape;
    ChainSpec spec;
    std::vector<std::unique_ptr<std::vector<float>>> data;
    std::vector<std::unique_ptr<std::vector<double>>> wide;
    std::vector<const void*> in;
    std::vector<std::function<double(int64_t)>> values;
    std::vector<int> ids;
};

}  // namespace

TEST_CASE("random chains agree with their steps in double") {
    Noise noise;
    const Shape shapes[] = {{1}, {}, {7}, {3000}, {40, 33}, {5, 700}, {3, 4, 5}, {2, 1500, 1}};
    for (int round = 0; round < 120; ++round) {
        const Shape shape = shapes[round % 8];
        CAPTURE(round);
        CAPTURE(shape);
        const bool by_rows = round % 16 >= 8 && shape.rank() > 0 && shape.back() < 2000;
        Twin twin(shape, by_rows);
        twin.input(shape, noise);
        twin.input({}, noise);
        if (shape.rank() > 0) twin.input({shape[shape.rank() - 1]}, noise);
        if (shape.rank() > 1) {
            Shape column = shape;
            column[shape.rank() - 1] = 1;
            twin.input(column, noise);
            Shape middle = shape;
            middle[0] = 1;
            twin.input(middle, noise);
        }
        const int64_t steps = noise.integer(1, 14);
        for (int64_t k = 0; k < steps; ++k) {
            if (by_rows && k % 4 == 1) twin.sum_of_rows(noise);
            if (k % 5 == 2) twin.input(shape, noise, k % 2 == 0 ? DType::float32 : DType::float64);
            twin.step(noise);
        }
        // The last value, one from the middle and, now and then, an input passed through.
        std::vector<size_t> wanted{twin.ids.size() - 1,
                                   size_t(noise.integer(0, int64_t(twin.ids.size()) - 1))};
        if (round % 3 == 0) wanted.push_back(0);
        std::vector<std::vector<float>> results;
        std::vector<void*> out;
        for (const size_t w : wanted) {
            twin.spec.output(twin.ids[w], DType::float32);
            results.emplace_back(static_cast<size_t>(shape.size()), -99.f);
        }
        const bool in_place = round % 2 == 1;
        const std::vector<float> first = *twin.data[0];
        std::vector<std::vector<double>> expected;
        for (const size_t w : wanted) {
            expected.emplace_back();
            for (int64_t i = 0; i < shape.size(); ++i) expected.back().push_back(twin.values[w](i));
        }
        for (auto& r : results) out.push_back(r.data());
        if (in_place) out[0] = twin.data[0]->data();
        Chain(twin.spec).run(twin.in.data(), out.data());
        if (in_place) results[0] = *twin.data[0];
        for (size_t k = 0; k < wanted.size(); ++k) CHECK(near(results[k], expected[k], 1e-5));
    }
}

TEST_CASE("chains read and write other dtypes") {
    ChainSpec spec({4});
    const int mask = spec.input(DType::bool_, {4}), half = spec.input(DType::float16, {4}),
              whole = spec.input(DType::int32, {});
    const int sum = spec.binary(BinaryOp::add, spec.select(mask, half, spec.constant(-1)), whole);
    spec.output(sum, DType::bfloat16);
    spec.output(spec.binary(BinaryOp::gt, sum, spec.constant(10.5f)), DType::bool_);
    spec.output(spec.unary(UnaryOp::is_nan, half), DType::bool_);
    spec.output(spec.unary(UnaryOp::logical_not, mask), DType::float32);
    spec.output(spec.constant(3), DType::uint8);
    const bool m[] = {true, false, true, true};
    const float16 h[] = {float16(1.f), float16(2.f), float16(0.5f), float16(std::nanf(""))};
    const int32_t w = 10;
    bfloat16 y[4];
    bool above[4], nan[4];
    float inverse[4];
    uint8_t three[4];
    const void* in[] = {m, h, &w};
    void* out[] = {y, above, nan, inverse, three};
    Chain(spec).run(in, out);
    CHECK(float(y[0]) == 11);
    CHECK(float(y[1]) == 9);
    CHECK(float(y[2]) == 10.5f);
    CHECK(above[0]);
    CHECK_FALSE(above[1]);
    CHECK_FALSE(above[2]);
    CHECK_FALSE(nan[0]);
    CHECK(nan[3]);
    CHECK(inverse[0] == 0);
    CHECK(inverse[1] == 1);
    CHECK(three[3] == 3);
}

TEST_CASE("a chain gives one element a row, and reads with strides") {
    // Columns 1 and 2 of a (3, 4) matrix, their row sums, and the sums' differences from 10.
    ChainSpec spec({3, 2}, true);
    const int x = spec.input(DType::float32, {4, 1}, 1);
    const int transposed = spec.input(DType::float32, {1, 3}, 0);
    const int total = spec.reduce(ReduceOp::sum, x);
    spec.output(total, DType::float32, Extent::row);
    spec.output(spec.binary(BinaryOp::sub, spec.constant(10), total), DType::int32, Extent::row);
    spec.output(spec.binary(BinaryOp::add, x, transposed), DType::float32);
    spec.output(total, DType::float32);
    float matrix[12], other[6] = {100, 200, 300, 400, 500, 600};
    for (int i = 0; i < 12; ++i) matrix[i] = float(i);
    float totals[3], sum[6], wide[6];
    int32_t rest[3];
    const void* in[] = {matrix, other};
    void* out[] = {totals, rest, sum, wide};
    Chain(spec).run(in, out);
    for (int r = 0; r < 3; ++r) {
        const float expected = float(8 * r + 3);
        CHECK(totals[r] == expected);
        CHECK(rest[r] == int(10 - expected));
        for (int c = 0; c < 2; ++c) {
            CHECK(sum[2 * r + c] == float(4 * r + c + 1) + other[3 * c + r]);
            CHECK(wide[2 * r + c] == expected);
        }
    }
}

TEST_CASE("a chain sums columns, the same for any number of threads") {
    Noise noise;
    for (const int64_t n : {3, 40, 700}) {
        const Shape shape{300, n};
        CAPTURE(n);
        ChainSpec spec(shape, true);
        const int x = spec.input(DType::float32, shape), column = spec.input(DType::float32, Shape{n});
        const int product = spec.binary(BinaryOp::mul, x, column);
        spec.output(spec.sum_columns(product), DType::float32, Extent::column);
        spec.output(product, DType::float32);
        spec.output(spec.sum_columns(x), DType::float32, Extent::column);
        std::vector<float> values, columns, products(size_t(300 * n)), first(size_t(n), -1.f), second(size_t(n), -1.f), again(size_t(n), -1.f);
        for (int64_t i = 0; i < 300 * n; ++i) values.push_back(float(noise.uniform(-1, 1)));
        for (int64_t i = 0; i < n; ++i) columns.push_back(float(noise.uniform(-1, 1)));
        std::vector<double> sums(size_t(n), 0), weighted(size_t(n), 0);
        for (size_t i = 0; i < values.size(); ++i) {
            sums[i % size_t(n)] += double(values[i]);
            weighted[i % size_t(n)] += double(values[i]) * double(columns[i % size_t(n)]);
        }
        const Chain chain(spec);
        std::vector<char> scratch(chain.scratch_bytes());
        const void* in[] = {values.data(), columns.data()};
        void* out[] = {first.data(), products.data(), second.data()};
        chain.run(in, out, scratch.data());
        CHECK(near(first, weighted, 1e-5));
        CHECK(near(second, sums, 1e-5));
        set_threads(1);
        out[0] = again.data();
        chain.run(in, out, scratch.data());
        set_threads(0);
        CHECK(again == first);
    }
}

TEST_CASE("a chain sums all there is, the same for any number of threads") {
    Noise noise;
    for (const bool by_rows : {false, true}) {
        const Shape shape{301, 77};
        ChainSpec spec(shape, by_rows);
        const int x = spec.input(DType::float32, shape), square = spec.unary(UnaryOp::square, x);
        spec.output(spec.sum_all(square), DType::float32, Extent::scalar);
        spec.output(square, DType::float32);
        spec.output(spec.sum_all(x), DType::float32, Extent::scalar);
        if (by_rows) spec.output(spec.sum_columns(x), DType::float32, Extent::column);
        std::vector<float> values, squares(301 * 77), columns(77);
        double sum = 0, sum_of_squares = 0;
        for (int64_t i = 0; i < shape.size(); ++i) {
            values.push_back(float(noise.uniform(-1, 2)));
            sum += double(values.back());
            sum_of_squares += double(values.back()) * double(values.back());
        }
        const Chain chain(spec);
        std::vector<char> scratch(chain.scratch_bytes());
        float results[2][2];
        const void* in[] = {values.data()};
        for (int i = 0; i < 2; ++i) {
            set_threads(i);
            void* out[] = {&results[i][0], squares.data(), &results[i][1], columns.data()};
            chain.run(in, out, scratch.data());
        }
        set_threads(0);
        CHECK(std::abs(double(results[0][0]) - sum_of_squares) < 1e-6 * sum_of_squares);
        CHECK(std::abs(double(results[0][1]) - sum) < 1e-6 * sum);
        CHECK(results[0][0] == results[1][0]);
        CHECK(results[0][1] == results[1][1]);
        CHECK(squares[5] == values[5] * values[5]);
    }
}

TEST_CASE("two operations in one loop give the bits of the two") {
    Noise noise;
    constexpr int64_t n = 77;   // vectors, and some more
    std::vector<float> values[3];
    for (auto& v : values)
        for (int64_t i = 0; i < n; ++i) v.push_back(float(noise.uniform(0.5, 3)));
    const BinaryOp firsts[] = {BinaryOp::add, BinaryOp::sub, BinaryOp::mul}, seconds[] = {BinaryOp::add, BinaryOp::sub, BinaryOp::mul, BinaryOp::div};
    for (int first = 0; first < 4; ++first)                  // the last: a square
        for (int second = 0; second < 6; ++second)           // the last two: of the first's result alone
            for (int narrow = 0; narrow < 8; ++narrow)       // which operands are one number
                for (const bool swapped : {false, true}) {
                    const auto results = [&](bool together) {
                        ChainSpec spec({n});
                        int ids[3];
                        for (int i = 0; i < 3; ++i) ids[i] = spec.input(DType::float32, narrow >> i & 1 ? Shape{} : Shape{n});
                        const int t = first == 3 ? spec.unary(UnaryOp::square, ids[0]) : spec.binary(firsts[first], ids[0], ids[1]);
                        const int y = second == 4 ? spec.unary(UnaryOp::sqrt, t) : second == 5 ? spec.unary(UnaryOp::relu, t)
                                    : swapped     ? spec.binary(seconds[second], ids[2], t) : spec.binary(seconds[second], t, ids[2]);
                        spec.output(y, DType::float32);
                        if (!together) spec.output(t, DType::float32);   // somebody else reads it
                        std::vector<float> out(n), other(n);
                        const void* in[] = {values[0].data(), values[1].data(), values[2].data()};
                        void* to[] = {out.data(), other.data()};
                        Chain(spec).run(in, to);
                        return out;
                    };
                    const std::vector<float> one = results(true), two = results(false);
                    CAPTURE(first);
                    CAPTURE(second);
                    CAPTURE(narrow);
                    CHECK(std::memcmp(one.data(), two.data(), n * sizeof(float)) == 0);
                }
}

TEST_CASE("bad chains are refused") {
    ChainSpec spec({2, 3});
    CHECK_THROWS_AS(spec.input(DType::float32, {4}), ShapeError);
    CHECK_THROWS_AS(spec.input(DType::complex64, {3}), DTypeError);
    CHECK_THROWS_AS(spec.unary(UnaryOp::exp, 0), ValueError);
    CHECK_THROWS_AS(spec.output(0, DType::float32), ValueError);
    CHECK_THROWS_AS(spec.reduce(ReduceOp::sum, spec.input(DType::float32, Shape{2, 3})), UnsupportedError);
    ChainSpec rows({2, 20000}, true);
    const int x = rows.input(DType::bfloat16, Shape{2, 20000});
    rows.output(rows.binary(BinaryOp::add, x, rows.unary(UnaryOp::exp, x)), DType::float32);
    CHECK_THROWS_AS(Chain{rows}, UnsupportedError);
    std::vector<int> many;
    for (int i = 0; i < 40; ++i) many.push_back(spec.input(DType::float16, {2, 3}));
    for (const int id : many) spec.output(id, DType::float32);
    CHECK_THROWS_AS(Chain{spec}, UnsupportedError);
}
