// Deterministic mode: one run, the same bits for any number of threads.
#include <doctest/doctest.h>

#include "cornu/backend/backend.h"
#include "cornu/backend/determinism.h"
#include "cornu/base/parallel.h"
#include "cornu/layers/layers.h"
#include "cornu/losses/losses.h"
#include "cornu/models/model.h"
#include "cornu/random/random.h"
#include "cornu/tensor/context.h"

using namespace cornu;

namespace {

struct Threads {
    explicit Threads(int count) { set_threads(count); }
    ~Threads() { set_threads(0); }
};

// A convolutional network with batch normalization and dropout, large enough for oneDNN and for every
// kernel to be shared among threads: its history and weights, as bits.
std::vector<float> trained(bool deterministic, int thread_count) {
    const Threads threads(thread_count);
    Context context;
    const Context::Use use(context);
    config::enable_determinism(deterministic);
    random::set_random_seed(11);
    const Sequential model({layers::InputLayer({.shape = {20, 20, 3}}), layers::Conv2D({.filters = 32, .kernel_size = 3, .use_bias = false}),
                            layers::BatchNormalization(), layers::Activation({.activation = "relu"}), layers::MaxPooling2D(),
                            layers::Conv2D({.filters = 40, .kernel_size = 3, .strides = 2, .activation = "gelu"}), layers::Flatten(),
                            layers::Dropout({.rate = 0.3}), layers::Dense({.units = 200, .activation = "tanh"}), layers::LayerNormalization(),
                            layers::GaussianNoise({.stddev = 0.1}), layers::Dense({.units = 10})});
    model.compile({.optimizer = "adam", .loss = losses::SparseCategoricalCrossentropy({.from_logits = true})});
    const Tensor x = random::normal({70, 20, 20, 3}, 0, 1, {}, 1), y = random::randint({70}, 0, 10, DType::int32, 2);
    const History history = model.fit(x, y, {.batch_size = 32, .epochs = 2, .verbose = Verbose::silent, .validation_split = 0.1});
    std::vector<float> all;
    for (const auto& [figure, values] : history.history)
        for (const double value : values) all.push_back(static_cast<float>(value));
    for (const Tensor& weight : model.get_weights())
        for (const float value : weight.to_vector<float>()) all.push_back(value);
    return all;
}

}  // namespace

TEST_CASE("deterministic training has the same bits for 1, 2, 4 and 8 threads") {
    const std::vector<float> one = trained(true, 1);
    for (const int count : {1, 2, 4, 8}) {
        CAPTURE(count);
        CHECK(trained(true, count) == one);
    }
}

TEST_CASE("the same number of threads gives the same bits") {
    const std::vector<float> first = trained(false, 4);
    CHECK(trained(false, 4) == first);
}

TEST_CASE("deterministic mode belongs to a Context and may be changed") {
    Context context, other;
    const Context::Use use(context);
    CHECK(!config::determinism_enabled());
    const auto usual = current_backend();
    config::enable_determinism();
    CHECK(config::determinism_enabled());
    CHECK(current_backend() != usual);
    CHECK(config::backend() == "native");
    config::set_backend("native");
    CHECK(current_backend() != usual);
    {
        const Context::Use inner(other);
        CHECK(!config::determinism_enabled());
        CHECK(current_backend() == usual);
    }
    config::enable_determinism(false);
    CHECK(current_backend() == usual);
}
