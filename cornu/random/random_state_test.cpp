#include <doctest/doctest.h>

#include "cornu/random/seed_generator.h"
#include "cornu/tensor/context.h"

using namespace cornu;
using namespace cornu::random;

TEST_CASE("where everything that draws stands can be taken and put back") {
    Context context;
    const Context::Use use(context);
    const auto draw = [] {
        std::vector<double> drawn = {python_random().random(), numpy_random().random_sample(), static_cast<double>(make_default_seed())};
        for (const uint32_t word : global_seed_generator().next().to_vector<uint32_t>()) drawn.push_back(word);
        return drawn;
    };
    set_random_seed(5);
    draw();
    const RandomState state = random_state();
    const std::vector<double> expected = draw();
    CHECK(draw() != expected);
    set_random_state(state);
    CHECK(draw() == expected);
    // In another Context, and however far that has gone.
    Context other;
    const Context::Use use_other(other);
    set_random_seed(77);
    for (int i = 0; i < 700; ++i) numpy_random().random_sample();
    set_random_state(state);
    CHECK(draw() == expected);
}

TEST_CASE("taking the state draws nothing and makes nothing") {
    Context context;
    const Context::Use use(context);
    CHECK(random_state().python.empty());
    CHECK(!random_state().global.defined());
    set_random_seed(3);
    const RandomState fresh = random_state();
    CHECK(fresh.numpy.size() == 625);
    CHECK(!fresh.global.defined());
    // What was not there before goes again: it is made anew from the seed.
    const std::vector<uint32_t> first = global_seed_generator().next().to_vector<uint32_t>();
    set_random_state(fresh);
    CHECK(global_seed_generator().next().to_vector<uint32_t>() == first);
}

TEST_CASE("what is no state is refused") {
    Context context;
    const Context::Use use(context);
    RandomState state;
    state.numpy = {1, 2, 3};
    CHECK_THROWS_AS(set_random_state(state), ValueError);
    state.numpy.assign(625, 0);
    state.numpy.back() = 625;
    CHECK_THROWS_AS(set_random_state(state), ValueError);
    state.numpy.clear();
    state.global = Tensor(1.5);
    CHECK_THROWS_AS(set_random_state(state), ValueError);
}
