#include "cornu/tensor/shape.h"

#include <doctest/doctest.h>

#include "cornu/base/error.h"

using namespace cornu;

TEST_CASE("shapes print as Keras prints them") {
    CHECK(Shape{}.to_string() == "()");
    CHECK(Shape{3}.to_string() == "(3,)");
    CHECK(Shape{None, 28, 28}.to_string() == "(None, 28, 28)");
}

TEST_CASE("dimensions by negative index, sizes and their limits") {
    const Shape shape{2, 3, 4};
    CHECK(shape.back() == 4);
    CHECK(shape.dim(-3) == 2);
    CHECK(shape.size() == 24);
    CHECK(Shape{}.size() == 1);
    CHECK(shape.with_front(None) == Shape{None, 2, 3, 4});
    CHECK(shape.without_front() == Shape{3, 4});
    CHECK_THROWS_WITH_AS(shape.dim(3), "axis must be in [-3, 3) for rank 3. Received: axis=3",
                         ValueError);
    CHECK_THROWS_AS(Shape{}.front(), ValueError);
    CHECK_FALSE(Shape{None, 2}.is_static());
    CHECK_THROWS_AS((Shape{None, 2}.size()), ShapeError);
    const int64_t huge = int64_t(1) << 40;
    CHECK_THROWS_AS((Shape{huge, huge}.size()), ShapeError);
    CHECK(Shape{huge, huge, 0}.size() == 0);
    CHECK_THROWS_AS((Shape{huge, 0, None}.size()), ShapeError);
}

TEST_CASE("axes") {
    CHECK(normalize_axis(-1, 4) == 3);
    CHECK_THROWS_WITH_AS(normalize_axis(0, 0, "axis1"),
                         "axis1 must be in [0, 0) for rank 0. Received: axis1=0", ValueError);
    CHECK(normalize_axes({-1, 0}, 3) == std::vector<int64_t>{0, 2});
    CHECK(normalize_axes({}, 2) == std::vector<int64_t>{0, 1});
    CHECK_THROWS_AS(normalize_axes({1, -1}, 2), ValueError);
    CHECK_THROWS_AS(normalize_axes({2}, 2), ValueError);
}

TEST_CASE("broadcasting, unknown dimensions included") {
    struct Case {
        Shape a, b, expected;
    };
    const Case cases[] = {
        {{5, 3}, {1, 3}, {5, 3}}, {{}, {2, 3}, {2, 3}},        {{3}, {2, 3}, {2, 3}},
        {{0, 1}, {1, 4}, {0, 4}}, {{None, 3}, {3}, {None, 3}}, {{None}, {1}, {None}},
        {{None}, {7}, {7}},       {{None}, {None}, {None}},    {{None, 1}, {4, None}, {4, None}},
        {{None}, {0}, {0}},
    };
    for (const Case& each : cases) {
        CAPTURE(each.a);
        CAPTURE(each.b);
        CHECK(broadcast_shapes(each.a, each.b) == each.expected);
        CHECK(broadcast_shapes(each.b, each.a) == each.expected);
    }
    CHECK_FALSE(broadcast_shapes({2, 3}, {2, 4}).has_value());
    CHECK_FALSE(broadcast_shapes({2}, {3, 4}).has_value());
    CHECK_FALSE(broadcast_shapes({0}, {2}).has_value());
}

TEST_CASE("row-major strides") {
    CHECK(strides_of({2, 3, 4}) == std::vector<int64_t>{12, 4, 1});
    CHECK(strides_of({}) == std::vector<int64_t>{});
    CHECK(strides_of({2, 0, 3}) == std::vector<int64_t>{3, 3, 1});
    CHECK_THROWS_AS(strides_of({2, None}), ShapeError);
    const int64_t huge = int64_t(1) << 40;
    CHECK_THROWS_AS(strides_of({2, huge, huge}), ValueError);
}
