// A program of one's own: a layer, taken through the testing kit, and the version.
#include <cornu/cornu.h>
#include <cornu/testing/check_layer.h>

#include <iostream>

using namespace cornu;

struct Linear : CustomLayer {
    Variable w;
    void build(const Shape& input) override { w = add_weight({.name = "w", .shape = {input.back(), 3}}); }
    Tensor call(const Tensor& x, const Call&) override { return ops::matmul(x, w); }
};

int main() {
    const auto make = [](const DTypePolicy& policy) {
        auto linear = std::make_shared<Linear>();
        linear->set_options({.dtype = policy});
        return Layer(linear);
    };
    const auto problems = testing::check_layer(make, {{{2, 4}, DType::float32}}, {.output_shape = {2, 3}, .trainable_weights = 1, .file = false});
    for (const std::string& problem : problems) std::cerr << problem << "\n";
    std::cout << version() << "\n";
    return problems.empty() ? 0 : 1;
}
