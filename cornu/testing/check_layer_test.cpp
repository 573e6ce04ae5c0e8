// check_layer must pass what is right and see what is wrong.
#include "cornu/testing/check_layer.h"

#include <doctest/doctest.h>

#include "cornu/layers/layers.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"

using namespace cornu;
using testing::check_layer;

namespace {

void expect_clean(const std::vector<std::string>& problems) {
    for (const std::string& problem : problems) CHECK_MESSAGE(false, problem);
}
bool mention(const std::vector<std::string>& problems, const std::string& what) {
    for (const std::string& problem : problems)
        if (problem.find(what) != std::string::npos) return true;
    for (const std::string& problem : problems) MESSAGE(problem);
    return false;
}

const Spec row{{3, 4}, DType::float32}, steps{{2, 5, 4}, DType::float32}, image{{2, 6, 6, 3}, DType::float32};

// Wrong on purpose, each in one way.
struct Faulty : CustomLayer {
    enum Fault { none, unsteady, no_training } fault;
    Variable w;
    int calls = 0;
    explicit Faulty(Fault fault) : fault(fault) {}
    void build(const Shape& input) override { w = add_weight({.name = "w", .shape = {input.back()}, .initializer = "ones"}); }
    Tensor call(const Tensor& x, const Call&) override {
        if (fault == unsteady) return x * Tensor(w) + static_cast<double>(++calls);
        if (fault == no_training) return x * ops::stop_gradient(w);
        return x * Tensor(w);
    }
};

}  // namespace

TEST_CASE("layers of every kind pass") {
    expect_clean(check_layer<layers::Dense>({.units = 3, .activation = "tanh"}, {row},
                                            {.output_shape = {3, 3}, .trainable_weights = 2, .non_trainable_weights = 0, .seed_generators = 0, .supports_masking = true}));
    expect_clean(check_layer<layers::Dense>({.units = 3, .kernel_regularizer = "l2"}, {row}, {.losses = 1}));
    expect_clean(check_layer<layers::Embedding>({.input_dim = 7, .output_dim = 3}, {{{2, 5}, DType::int32}},
                                                {.output_shape = {2, 5, 3}, .trainable_weights = 1, .low = 0, .high = 7, .gradients = false}));
    expect_clean(check_layer<layers::Conv2D>({.filters = 4, .kernel_size = 3}, {image}, {.output_shape = {2, 4, 4, 4}, .trainable_weights = 2}));
    expect_clean(check_layer<layers::BatchNormalization>({}, {row}, {.output_shape = {3, 4}, .trainable_weights = 2, .non_trainable_weights = 2}));
    expect_clean(check_layer<layers::Dropout>({.rate = 0.5}, {row}, {.output_shape = {3, 4}, .trainable_weights = 0, .seed_generators = 1}));
    expect_clean(check_layer<layers::Add>({}, {row, row}, {.output_shape = {3, 4}}));
    expect_clean(check_layer<layers::MultiHeadAttention>({.num_heads = 2, .key_dim = 3, .use_gate = true}, {steps, steps},
                                                         {.output_shape = {2, 5, 4}, .trainable_weights = 10, .supports_masking = true, .training = false}));
    expect_clean(check_layer<layers::GroupQueryAttention>({.head_dim = 3, .num_query_heads = 4, .num_key_value_heads = 2, .dropout = 0.1, .sliding_window = 2}, {steps, steps},
                                                          {.output_shape = {2, 5, 4}, .trainable_weights = 8, .seed_generators = 1, .training = false}));
    expect_clean(check_layer([](const DTypePolicy& policy) { return layers::SpectralNormalization({.layer = layers::Dense({.units = 3, .dtype = policy}), .dtype = policy}); },
                             {row}, {.output_shape = {3, 3}, .trainable_weights = 2, .non_trainable_weights = 1}));
}

TEST_CASE("a layer that is wrong is found out, and the fault is named") {
    const auto faulty = [](Faulty::Fault fault) {
        return check_layer([fault](const DTypePolicy& policy) {
            auto impl = std::make_shared<Faulty>(fault);
            impl->set_options({.dtype = policy});
            return Layer(impl);
        }, {row}, {.file = false});
    };
    expect_clean(faulty(Faulty::none));
    CHECK(mention(faulty(Faulty::unsteady), "a second call"));
    CHECK(mention(faulty(Faulty::no_training), "no gradients provided"));
    CHECK(mention(check_layer<layers::Dense>({.units = 3}, {row}, {.output_shape = {3, 4}}), "the output's shape is (3, 3), expected (3, 4)"));
    CHECK(mention(check_layer<layers::Dense>({.units = 3}, {row}, {.trainable_weights = 1}), "number of trainable weights is 2, expected 1"));
    CHECK(mention(check_layer<layers::Conv2D>({.filters = 4, .kernel_size = 9}, {image}), "a call: "));
}
