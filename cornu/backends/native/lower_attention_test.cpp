// Attention inside a program: one kernel forward, one backward, and no matrix of all scores.
#include <doctest/doctest.h>

#include "cornu/autodiff/tape.h"
#include "cornu/backend/jit.h"
#include "cornu/base/parallel.h"
#include "cornu/ops/attention.h"
#include "cornu/ops/creation.h"

using namespace cornu;

namespace {

// The result of attention and its gradients by query, key and value.
Program step(int64_t steps, DType dtype) {
    const Spec x{{1, steps, 1, 8}, dtype};
    return {[](const Tensors& in) {
                GradientTape tape;
                const Tensor y = ops::dot_product_attention(in[0], in[1], in[2], {.is_causal = true});
                Tensors out = tape.gradient(y, {in[0], in[1], in[2]}, in[3]);
                out.push_back(y);
                return out;
            },
            {x, x, x, x}, *find_backend("native")};
}

}  // namespace

TEST_CASE("under a tape attention stays whole, and its gradient too") {
    CHECK(step(16, DType::float32).executable().statistics().steps == 2);
    CHECK(step(16, DType::float64).executable().statistics().steps > 2);
}

TEST_CASE("the memory of attention grows with the steps, not with their square") {
    struct Threads {
        Threads() { set_threads(2); }
        ~Threads() { set_threads(0); }
    } two;
    const int64_t steps = 4096;
    CHECK(step(steps, DType::float32).executable().statistics().arena_bytes < static_cast<size_t>(steps * steps));
}

TEST_CASE("a bias or mask that the scores do not hold is refused") {
    const Tensor x = ops::ones({1, 3, 2, 4});
    CHECK(ops::dot_product_attention(x, x, x, {.bias = ops::ones({3})}).shape() == x.shape());
    CHECK_THROWS_WITH_AS(ops::dot_product_attention(x, x, x, {.bias = ops::ones({2, 1, 1, 1})}), doctest::Contains("(2, 1, 1, 1)"), ShapeError);
    CHECK_THROWS_WITH_AS(ops::dot_product_attention(x, x, x, {.mask = ops::ones({1, 1, 2, 3}, DType::bool_)}), doctest::Contains("(1, 1, 2, 3)"), ShapeError);
    CHECK_THROWS_WITH_AS(ops::dot_product_attention(x, x, x, {.bias = ops::ones({1, 1, 1, 1, 1})}), doctest::Contains("(1, 1, 1, 1, 1)"), ShapeError);
}
