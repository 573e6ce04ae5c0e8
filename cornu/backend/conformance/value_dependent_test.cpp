// Ops whose results are as large as the values say: run at once, refused inside a trace, and what
// `size` does about it.
#include <doctest/doctest.h>

#include "cornu/graph/recorder.h"
#include "cornu/ops/binning.h"
#include "cornu/ops/sets.h"
#include "cornu/backend/jit.h"

using namespace cornu;

namespace {

template <class T> using Values = std::vector<T>;

std::string refusal(const std::function<Tensors(const Tensor&)>& f, const Tensor& x) {
    try {
        trace([&](const Tensors& in) { return f(in[0]); }, {x.spec()});
    } catch (const UnsupportedError& error) {
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("nonzero, unique and bincount size their results by the values") {
    const Tensor x = Tensor::from(Values<int32_t>{0, 3, 0, 4, 3, 0}, {2, 3});
    const Tensors places = ops::nonzero(x);
    REQUIRE(places.size() == 2);
    CHECK(places[0].to_vector<int32_t>() == Values<int32_t>{0, 1, 1});
    CHECK(places[1].to_vector<int32_t>() == Values<int32_t>{1, 0, 1});
    CHECK(ops::where(x)[1].to_vector<int32_t>() == Values<int32_t>{1, 0, 1});
    CHECK(ops::nonzero(Tensor::from(Values<float>{0, 0}))[0].shape() == Shape{0});
    CHECK(ops::unique(x).to_vector<int32_t>() == Values<int32_t>{0, 3, 4});
    CHECK(ops::bincount(Tensor::from(Values<int32_t>{1, 1, 4})).to_vector<int32_t>() == Values<int32_t>{0, 2, 0, 0, 1});
    CHECK(ops::bincount(Tensor::from(Values<int32_t>{}), {}, 2).to_vector<int32_t>() == Values<int32_t>{0, 0});
    CHECK(ops::bincount(Tensor::from(Values<int32_t>{0, 1, 2, 2}, {2, 2})).to_vector<int32_t>() == Values<int32_t>{1, 1, 0, 0, 0, 2});

    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(ops::unique(Tensor::from(Values<float>{nan, 1, nan, 1})).shape() == Shape{3});
    const Tensors rows = ops::unique(Tensor::from(Values<int32_t>{2, 1, 1, 5, 2, 1}, {3, 2}), {.return_index = true, .return_inverse = true, .return_counts = true, .axis = 0});
    CHECK(rows[0].to_vector<int32_t>() == Values<int32_t>{1, 5, 2, 1});
    CHECK(rows[1].to_vector<int32_t>() == Values<int32_t>{1, 0});
    CHECK(rows[2].to_vector<int32_t>() == Values<int32_t>{1, 0, 1});
    CHECK(rows[3].to_vector<int32_t>() == Values<int32_t>{1, 2});
}

TEST_CASE("inside a trace they ask for a size") {
    const Tensor x = Tensor::from(Values<int32_t>{0, 3, 0, 4});
    CHECK(refusal([](const Tensor& t) { return ops::nonzero(t); }, x).find("ops.nonzero: the size of the result depends on the values of x") != std::string::npos);
    CHECK(refusal([](const Tensor& t) { return Tensors{ops::unique(t)}; }, x).find("Give `size`") != std::string::npos);
    CHECK(refusal([](const Tensor& t) { return Tensors{ops::bincount(t)}; }, x).find("Give `length`") != std::string::npos);

    CHECK(refusal([](const Tensor& t) { return ops::nonzero(t, 3); }, x).empty());
    CHECK(ops::nonzero(x, 3)[0].to_vector<int32_t>() == Values<int32_t>{1, 3, 0});
    CHECK(ops::unique(x, {.size = 4})[0].to_vector<int32_t>() == Values<int32_t>{0, 3, 4, 0});
    CHECK(ops::unique(x, {.size = 2, .fill_value = 7})[0].to_vector<int32_t>() == Values<int32_t>{0, 3});
    CHECK(ops::bincount(x, {}, 0, 4).to_vector<int32_t>() == Values<int32_t>{2, 0, 0, 1});
    CHECK_THROWS_AS(ops::nonzero(Tensor(1.0f)), ShapeError);
    CHECK_THROWS_AS(ops::unique(x, {.size = -1}), ValueError);
    CHECK_THROWS_AS(ops::bincount(Tensor::from(Values<float>{1})), DTypeError);
}
