#include "cornu/visualization/plot_model.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cornu/layers/layers.h"
#include "cornu/ops/nn.h"
#include "cornu/tensor/context.h"
#include "cornu/visualization/layered_layout.h"

using namespace cornu;
using namespace cornu::visualization;

namespace {

size_t count(const std::string& text, const std::string& part) {
    size_t n = 0;
    for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++n;
    return n;
}
bool overlap(const LayoutNode& a, const LayoutNode& b) {
    return std::abs(a.center.x - b.center.x) < (a.width + b.width) / 2 && std::abs(a.center.y - b.center.y) < (a.height + b.height) / 2;
}

// Two inputs through one shared layer, an op, and a way around.
Model branching() {
    const Tensor a = Input({.shape = {4}, .name = "a"}), b = Input({.shape = {4}, .name = "b<&>"});
    const layers::Dense shared({.units = 3, .name = "shared"});
    const Tensor left = shared(a), right = shared(b);
    const Tensor joined = layers::Concatenate({.name = "joined"})({left, ops::relu(right), a});
    return Model(Structure({a, b}), layers::Dense({.units = 2, .name = "out"})(joined), "branching");
}

}  // namespace

TEST_CASE("a layout keeps boxes apart, arrows down and from rim to rim") {
    // A ladder with arrows over several rows.
    std::vector<LayoutNode> nodes;
    for (size_t i = 0; i < 40; ++i) {
        LayoutNode node{.width = 30.0 + static_cast<double>(i % 5) * 20, .height = 20};
        if (i > 0) node.inputs.push_back(i - 1 - (i % 2) % i);
        if (i > 6) node.inputs.push_back(i - 6);
        nodes.push_back(node);
    }
    const Layout layout = lay_out(nodes, 20);
    for (size_t i = 0; i < nodes.size(); ++i) {
        CHECK(nodes[i].center.x - nodes[i].width / 2 >= 0);
        CHECK(nodes[i].center.x + nodes[i].width / 2 <= layout.width);
        CHECK(nodes[i].center.y + nodes[i].height / 2 <= layout.height);
        for (size_t j = 0; j < i; ++j) CHECK(!overlap(nodes[i], nodes[j]));
        for (const size_t input : nodes[i].inputs) CHECK(nodes[input].center.y < nodes[i].center.y);
    }
    for (const LayoutEdge& edge : layout.edges) {
        CHECK(edge.points.front().y == doctest::Approx(nodes[edge.from].center.y + 10));
        CHECK(edge.points.back().y == doctest::Approx(nodes[edge.to].center.y - 10));
        for (size_t i = 1; i < edge.points.size(); ++i) CHECK(edge.points[i].y > edge.points[i - 1].y);
    }
    std::vector<LayoutNode> none;
    CHECK(lay_out(none, 20).edges.empty());
    // A chain is a straight line.
    std::vector<LayoutNode> chain(5, {.width = 50, .height = 20});
    for (size_t i = 1; i < 5; ++i) chain[i].inputs = {i - 1};
    lay_out(chain, 20);
    for (const LayoutNode& node : chain) CHECK(node.center.x == doctest::Approx(chain[0].center.x));
}

TEST_CASE("every layer once, every connection once, names as text") {
    Context context;
    const Context::Use use(context);
    const Model model = branching();
    const std::string dot = to_dot(model, {.show_layer_names = true});
    CHECK(count(dot, "[label=") == 6);
    CHECK(count(dot, " -> ") == 7);   // the shared layer has two inputs, and two others have its output
    CHECK(count(dot, "b\\<&\\> (InputLayer)") == 1);
    CHECK(count(to_dot(model), "Dense") == 2);
    CHECK(count(to_dot(model, {.rankdir = "LR"}), "rankdir=LR") == 1);

    const std::string svg = to_svg(model, {.show_shapes = true, .show_dtype = true, .show_layer_names = true, .show_trainable = true});
    CHECK(count(svg, "<g>") == 6);
    CHECK(count(svg, "marker-end") == 7);
    CHECK(count(svg, "b&lt;&amp;&gt; (InputLayer)") == 1);
    CHECK(count(svg, "in: (None, 3) float32, (None, 3) float32, (None, 4) float32") == 1);
    CHECK(count(svg, "out: (None, 2) float32") == 1);
    CHECK(count(svg, "trainable") == 5);  // all but the op
    CHECK(svg.starts_with("<svg"));
    CHECK(svg.ends_with("</svg>\n"));

    const Model chain = Sequential({layers::Input({.shape = {2}}), layers::Dense({.units = 1})});
    CHECK(count(to_svg(chain), "<g>") == 2);
    CHECK(count(to_svg(Sequential({layers::Dense({.units = 1}), layers::Dense({.units = 1})})), "marker-end") == 1);
    // A layer called on its own output.
    const Tensor x = Input({.shape = {3}});
    const layers::Dense twice({.units = 3});
    CHECK(count(to_dot(Model(x, twice(twice(x)))), " -> ") == 1);
}

TEST_CASE("pictures are files of two kinds") {
    const std::filesystem::path path = std::filesystem::temp_directory_path() / ("cornu_plot" + std::to_string(::getpid()) + ".svg");
    const Model model = branching();
    plot_model(model, path.string());
    std::ifstream in(path);
    CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == to_svg(model));
    std::filesystem::remove(path);
    CHECK_THROWS_AS(plot_model(model, "m.png"), ValueError);
    CHECK_THROWS_AS(plot_model(model, "/proc/none/m.svg"), FileError);
    CHECK_THROWS_AS(to_dot(model, {.rankdir = "up"}), ValueError);
}
