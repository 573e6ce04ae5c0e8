#include "cornu/random/seed_generator.h"

#include <random>

#include "cornu/base/scope.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/tensor/context.h"

namespace cornu::random {

namespace {

struct Streams {
    std::optional<PythonRandom> python;
    std::optional<NumpyRandom> numpy;
    SeedGenerator global = {};
};

Streams& streams() { return Context::current().state<Streams>(); }
uint32_t entropy() { return std::random_device()(); }

}  // namespace

void set_random_seed(int64_t seed) {
    if (seed < 0 || seed > int64_t{0xFFFFFFFF})
        throw ValueError(str("Expected `seed` argument to be an integer in [0, 2**32). Received: seed=", seed));
    streams() = {PythonRandom(seed), NumpyRandom(static_cast<uint32_t>(seed)), {}};
}

PythonRandom& python_random() {
    auto& stream = streams().python;
    return stream ? *stream : stream.emplace(static_cast<int64_t>(entropy()));
}
NumpyRandom& numpy_random() {
    auto& stream = streams().numpy;
    return stream ? *stream : stream.emplace(entropy());
}

int64_t make_default_seed() { return python_random().randint(1, 1000000000); }

SeedGenerator& global_seed_generator() {
    Streams& s = streams();
    if (!s.global.defined()) s.global = SeedGenerator(std::nullopt);
    return s.global;
}

RandomState random_state() {
    Streams& s = streams();
    RandomState state;
    if (s.python) state.python = s.python->twister().state();
    if (s.numpy) state.numpy = s.numpy->twister().state();
    if (s.global.defined()) state.global = s.global.state().value();
    return state;
}

void set_random_state(const RandomState& state) {
    Streams& s = streams();
    if (state.global.defined() && state.global.spec() != seed_key(0).spec())
        throw ValueError(str("the state of a seed generator must be uint32 (2,). Received: ", state.global.spec()));
    const auto put = [](const std::vector<uint32_t>& words, auto& stream, auto fresh) {
        if (words.empty()) return stream.reset();
        fresh.twister().set_state(words);
        stream = fresh;
    };
    put(state.python, s.python, PythonRandom(0));
    put(state.numpy, s.numpy, NumpyRandom(0));
    if (!state.global.defined()) {
        s.global = {};
        return;
    }
    // One that compiled steps already draw from stays the same variable.
    if (!s.global.defined()) s.global = SeedGenerator(0, "global_seed_generator");
    Variable global = s.global.state();
    global.assign(state.global);
}

Tensor seed_key(int64_t seed) { return Tensor::from(std::vector<uint32_t>{static_cast<uint32_t>(seed), 0}); }

SeedGenerator::SeedGenerator(std::optional<int64_t> seed, const std::string& name) : initial_seed_(seed) {
    // What a layer makes as it is built stands below it.
    const std::string outer = name.empty() ? Scope::path() : "";
    const std::string scope = str(outer, outer.empty() ? "" : "/", name.empty() ? Context::current().unique_name("seed_generator") : name);
    state_ = Variable(seed_key(seed ? *seed : make_default_seed()),
                      {.name = "seed_generator_state", .trainable = false, .path = scope + "/seed_generator_state"});
}

Tensor SeedGenerator::next(bool ordered) const {
    const Tensor key = state_.value();
    Variable state = state_;
    const auto word = [](uint32_t value) { return Tensor::full({}, value, DType::uint32); };
    state.assign(ordered ? key + Tensor::from(std::vector<uint32_t>{0, 1}) : ops::mod((key + word(1)) * word(5387), word(933199)));
    return key;
}

}  // namespace cornu::random
