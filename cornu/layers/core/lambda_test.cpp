#include "cornu/layers/core/lambda.h"

#include <doctest/doctest.h>

#include "cornu/layers/core/wrapper.h"
#include "cornu/layers/layers.h"
#include "cornu/layers/registry.h"
#include "cornu/models/functional.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "tests/messages.h"

using namespace cornu;

TEST_CASE("a function of any shape is a layer") {
    const Tensor x = ops::ones({2, 3});
    const layers::Lambda plain({.function = [](const Tensor& x) { return x * 3; }});
    const layers::Lambda sum({.function = [](const Structure& xs) { return xs.list()[0].leaf() + xs.list()[1].leaf(); }});
    const layers::Lambda told({.function = [](const Structure& x, const Call& call, const Json&) { return Structure(call.training ? x.leaf() * 0 : x.leaf()); }});
    CHECK(plain(x).to_vector<float>()[0] == 3);
    CHECK(sum({x, x}).to_vector<float>()[0] == 2);
    CHECK(told(x).to_vector<float>()[0] == 1);
    CHECK(told(x, {.training = true}).to_vector<float>()[0] == 0);
    const Tensor in = Input({.shape = {3}});
    CHECK(Model(in, plain(in)).predict(x).to_vector<float>()[5] == 3);
    CHECK(says(message_of([&] { plain({x, x}); }), "takes one tensor. Received: 2 inputs"));
}

TEST_CASE("only functions with a name are saved and read") {
    const layers::Lambda anonymous({.function = [](const Tensor& x) { return x; }});
    CHECK(says(message_of([&] { layers::serialize(anonymous); }), "layers::register_function"));
    layers::register_function("mine>triple", [](const Tensor& x) { return x * 3; });
    const Layer again = layers::deserialize(layers::serialize(layers::Lambda({.function = "mine>triple"})));
    CHECK(again(ops::ones({1})).item<float>() == 3);
    CHECK(says(message_of([] { layers::Lambda({.function = "mine>unknown"}); }), "Could not locate the function 'mine>unknown'"));
    const auto read = [](const char* function) {
        return message_of([&] {
            layers::deserialize(Json::parse(std::string(R"({"module": "keras.layers", "class_name": "Lambda", "registered_name": null, "config": {"function": )") + function + "}}"));
        });
    };
    CHECK(says(read(R"({"class_name": "__lambda__", "config": {"code": "4wEA", "defaults": null, "closure": null}})"), "is a Python lambda"));
    CHECK(says(read(R"({"class_name": "function", "module": "builtins", "config": "os.system"})"), "Could not locate the function 'os.system'"));
    CHECK(says(read(R"({"class_name": "Dense", "config": {}})"), "must be a registered function"));
}

TEST_CASE("a bare wrapper is kept and built, not called") {
    const layers::Wrapper wrapper({.layer = layers::Dense({.units = 2})});
    CHECK(layers::deserialize(layers::serialize(wrapper)).get_config() == wrapper.get_config());
    wrapper.build(Shape{None, 3});
    CHECK(wrapper.weights().size() == 2);
    CHECK(says(message_of([&] { wrapper(ops::ones({1, 3})); }), "must override call"));
}
