// What recorded cases cannot say of layers: mistakes, masks, seeds, sharing, custom classes.
#include "cornu/layers/layers.h"

#include <doctest/doctest.h>

#include "cornu/layers/registry.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/random/seed_generator.h"
#include "cornu/tensor/context.h"

using namespace cornu;

namespace {

Tensor ones(const Shape& shape) { return Tensor::full(shape, 1); }

}  // namespace

TEST_CASE("arguments out of their rules are refused, with what was received") {
    CHECK_THROWS_WITH_AS(layers::Dense({.units = -3}), doctest::Contains("Received: units=-3"), ValueError);
    CHECK_THROWS_WITH_AS(layers::Conv2D({.filters = 3, .kernel_size = {3, 3, 3}}), doctest::Contains("`kernel_size` argument must be a tuple of 2 integers"), ValueError);
    CHECK_THROWS_WITH_AS(layers::Conv2D({.filters = 3, .kernel_size = 0}), doctest::Contains("`value > 0`"), ValueError);
    CHECK_THROWS_WITH_AS(layers::Conv2D({.filters = 3, .kernel_size = 3, .groups = 2}), doctest::Contains("evenly divisible by the number of groups"), ValueError);
    CHECK_THROWS_WITH_AS(layers::Conv2D({.filters = 4, .kernel_size = 3, .strides = 2, .dilation_rate = 2}), doctest::Contains("not supported in conjunction"), ValueError);
    CHECK_THROWS_WITH_AS(layers::Conv2D({.filters = 4, .kernel_size = 3, .padding = "causal"}), doctest::Contains("Received: causal"), ValueError);
    CHECK_THROWS_WITH_AS(layers::MaxPooling2D({.data_format = "nchw"}), doctest::Contains("Received: data_format=nchw"), ValueError);
    CHECK_THROWS_WITH_AS(layers::Dropout({.rate = 1.5}), doctest::Contains("Received: rate=1.5"), ValueError);
    CHECK_THROWS_AS(layers::InputLayer({.shape = Shape{3}, .batch_shape = Shape{2, 3}}), ValueError);
    CHECK_THROWS_AS(layers::Embedding({.input_dim = 0, .output_dim = 2}), ValueError);
    CHECK_THROWS_AS(layers::Permute({.dims = {1, 3}}), ValueError);
}

TEST_CASE("inputs that do not fit name the layer and the rule") {
    const layers::Dense dense({.units = 2, .name = "fc1"});
    CHECK_THROWS_WITH_AS(dense(ones({3})), doctest::Contains("'fc1' is incompatible with the layer: expected min_ndim=2, found ndim=1"), ShapeError);
    dense(ones({1, 4}));
    CHECK_THROWS_WITH_AS(dense(ones({1, 5})), doctest::Contains("expected axis -1 of input shape to have value 4, but received input with shape (1, 5)"), ShapeError);
    CHECK_THROWS_WITH_AS(layers::MaxPooling2D()(ones({1, 4, 4})), doctest::Contains("expected ndim=4, found ndim=3"), ShapeError);
    CHECK_THROWS_WITH_AS(layers::Add()(ones({1, 4})), doctest::Contains("should be called on a list of inputs"), ValueError);
    CHECK_THROWS_WITH_AS(layers::Add()({ones({1, 4}), ones({1, 3})}), doctest::Contains("incompatible shapes"), ShapeError);
    CHECK_THROWS_WITH_AS(layers::Add()({ones({1, 4}), ones({2, 4})}), doctest::Contains("different batch sizes"), ShapeError);
    CHECK_THROWS_WITH_AS(layers::Concatenate()({ones({1, 4}), ones({2, 4})}), doctest::Contains("matching shapes except for the concatenation axis"), ShapeError);
    CHECK_THROWS_AS(layers::Cropping1D({.cropping = 2})(ones({1, 4, 1})), ShapeError);
    CHECK_THROWS_AS(layers::Reshape({.target_shape = {3}})(ones({1, 4})), ShapeError);
}

TEST_CASE("a handle copied is the same layer; names count up") {
    Context context;
    const Context::Use use(context);
    const layers::Dense first({.units = 2});
    const Layer again = first, second = layers::Dense({.units = 2});
    CHECK(first.name() == "dense");
    CHECK(second.name() == "dense_1");
    first(ones({1, 3}));
    CHECK(again.built());
    CHECK(again == Layer(first));
    CHECK(again.weights()[0].path() == "dense/kernel");
    CHECK(again.count_params() == 8);
}

TEST_CASE("the same seed gives the same weights and dropout") {
    const auto run = [] {
        Context context;
        const Context::Use use(context);
        random::set_random_seed(3);
        const layers::Dense dense({.units = 5});
        const layers::Dropout dropout({.rate = 0.5});
        const Tensor y = dropout(dense(ones({4, 3})), {.training = true});
        return y.to_vector<float>();
    };
    CHECK(run() == run());
    const layers::Dropout dropout({.rate = 0.5, .seed = 1});
    const Tensor x = ones({64});
    CHECK(dropout(x, {.training = true}).to_vector<float>() != dropout(x, {.training = true}).to_vector<float>());
    CHECK(dropout(x).to_vector<float>() == x.to_vector<float>());
    CHECK(dropout.variables().size() == 1);
    CHECK(dropout.weights().empty());
}

TEST_CASE("a mixed policy computes in a narrow type and keeps wide weights") {
    const layers::Dense dense({.units = 2, .dtype = "mixed_bfloat16"});
    CHECK(dense(ones({1, 3})).dtype() == DType::bfloat16);
    CHECK(dense.weights()[0].dtype() == DType::float32);
    CHECK_THROWS_AS(layers::Dense({.units = 2, .dtype = "mixed_float8"}), ValueError);
}

TEST_CASE("padding is masked from layer to layer") {
    const layers::Embedding embedding({.input_dim = 5, .output_dim = 2, .mask_zero = true});
    const Tensor x = Tensor::from(std::vector<int32_t>{1, 2, 0, 3, 0, 0}, {2, 3});
    const Tensor y = embedding(x);
    REQUIRE(y.mask().defined());
    CHECK(y.mask().to_vector<int>() == std::vector<int>{1, 1, 0, 1, 0, 0});
    CHECK(layers::Dropout({.rate = 0.1})(y).mask().defined());
    CHECK_FALSE(layers::Flatten()(y).mask().defined());
}

TEST_CASE("batch normalization moves its averages in training only") {
    const layers::BatchNormalization layer({.momentum = 0.5});
    const Tensor x = Tensor::from(std::vector<float>{1, 3}, {2, 1});
    layer(x);
    CHECK(layer.get_weights()[2].item<float>() == 0);
    layer(x, {.training = true});
    CHECK(layer.get_weights()[2].item<float>() == doctest::Approx(1));      // (0 + 2) / 2
    CHECK(layer.get_weights()[3].item<float>() == doctest::Approx(1));      // (1 + 1) / 2
    layer.set_trainable(false);
    layer(x, {.training = true});
    CHECK(layer.get_weights()[2].item<float>() == doctest::Approx(1));
    CHECK_THROWS_AS(layers::BatchNormalization({.synchronized = true}), UnsupportedError);
}

namespace {
struct ScaleConfig {
    double factor = 2.0;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ScaleConfig>& s) {
        layers::describe_layer(s);
        s.field<&ScaleConfig::factor>("The factor.");
    }
};
class Scale final : public layers::ConfiguredLayer<ScaleConfig> {
public:
    explicit Scale(ScaleConfig config) : ConfiguredLayer("Scale", std::move(config)) {}
    Tensor call(const Tensor& x, const Call&) override { return x * config_.factor; }
};
}  // namespace

TEST_CASE("a class of one's own is written and read once it is registered") {
    Context context;
    const Context::Use use(context);
    const Layer scale = layer<Scale>(ScaleConfig{.factor = 3, .name = "thrice"});
    layers::register_layer<Scale>("mine>Scale");
    const Json json = layers::serialize(scale);
    CHECK(json["registered_name"] == Json("mine>Scale"));
    const Layer read = layers::deserialize(json);
    CHECK(read.name() == "thrice");
    CHECK(read(ones({1}))
              .item<float>() == 3);
    Context other;
    const Context::Use elsewhere(other);
    CHECK_THROWS_WITH_AS(layers::deserialize(json), doctest::Contains("Could not locate the layer class 'mine>Scale'"), ValueError);
}

TEST_CASE("every class makes itself again from its own config") {
    for (const LayerClass& item : layers::layer_classes()) {
        INFO(item.class_name);
        REQUIRE(item.schema != nullptr);
        bool has_required = false;
        for (const Field& field : item.schema->fields()) {
            CHECK_FALSE(field.doc.empty());
            has_required = has_required || field.required;
        }
        if (has_required || item.class_name == "InputLayer" || item.class_name == "Discretization") continue;   // the latter two need one of two fields
        const Layer made = item.from_config(Json::object());
        CHECK(made.impl().class_name() == item.class_name);
        const Layer again = item.from_config(made.get_config());
        CHECK(again.get_config() == made.get_config());
    }
}

TEST_CASE("calls that a layer was not built for are refused: files may hold any") {
    const auto dot = layers::Dot({.axes = 1});
    dot({ones({2, 3}), ones({2, 3})});
    CHECK_THROWS_WITH_AS(dot(Tensors{ones({2, 3})}), doctest::Contains("list of 2 inputs"), ValueError);
    const auto join = layers::Concatenate();
    join({ones({2, 3}), ones({2, 3})});
    CHECK_THROWS_WITH_AS(join(Tensors{}), doctest::Contains("at least one tensor"), ValueError);
    const auto lstm = layers::LSTM({.units = 2});
    lstm(ones({1, 2, 3}));
    CHECK_THROWS_WITH_AS(lstm(ones({4})), doctest::Contains("(4,)"), ShapeError);
    CHECK_THROWS_WITH_AS(layers::LSTM({.units = 2, .bias_initializer = {}})(ones({1, 2, 3})), doctest::Contains("bias_initializer"), ValueError);
    const auto heads = layers::MultiHeadAttention({.num_heads = 1, .key_dim = 2});
    heads({ones({1, 2, 3}), ones({1, 2, 3})});
    CHECK_THROWS_WITH_AS(heads(Tensors{}), doctest::Contains("{query, value}"), ValueError);
}

TEST_CASE("a shape's word for the number of steps buys no graph of that size") {
    const int64_t steps = int64_t(1) << 40;
    const Tensor x = layers::InputLayer({.shape = {steps, 3}}).output();
    CHECK(layers::TimeDistributed(layers::TimeDistributedConfig{.layer = layers::Dense({.units = 2})})(x).shape() == Shape{None, steps, 2});
    CHECK_THROWS_WITH_AS(layers::LSTM({.units = 2, .unroll = true})(x), doctest::Contains("Unrolling"), ValueError);
}

TEST_CASE("a build_config without a shape is refused") {
    for (const char* text : {R"({"input_shape": {}})", R"({"input_shape": [[], {}]})", R"({"shapes_dict": {}})"}) {
        CAPTURE(text);
        const Layer cell = layers::LSTMCell({.units = 2}), heads = layers::MultiHeadAttention({.num_heads = 1, .key_dim = 2});
        CHECK_THROWS_AS(cell.impl().build_from_config(Json::parse(text)), ValueError);
        CHECK_THROWS_AS(heads.impl().build_from_config(Json::parse(text)), ValueError);
    }
}

TEST_CASE("attention is refused on inputs without steps") {
    const Tensor x = layers::InputLayer({.batch_shape = Shape{3}}).output();
    CHECK_THROWS_WITH_AS(layers::Attention()({x, x}), doctest::Contains("(batch, steps, features)"), ShapeError);
    CHECK_THROWS_WITH_AS(layers::AdditiveAttention()({x, x}), doctest::Contains("(batch, steps, features)"), ShapeError);
    CHECK_THROWS_WITH_AS(layers::Attention()({ones({3}), ones({3})}), doctest::Contains("(batch, steps, features)"), ShapeError);
    CHECK_THROWS_AS(layers::MultiHeadAttention({.num_heads = 1, .key_dim = 2})({x, x}), ShapeError);
    CHECK_THROWS_AS(layers::GroupQueryAttention({.head_dim = 2, .num_query_heads = 2, .num_key_value_heads = 1})({x, x}), ShapeError);
}

TEST_CASE("merging layers as functions") {
    const Tensor a = Tensor::from(std::vector<float>{1, 2}, {1, 2}), b = Tensor::from(std::vector<float>{3, 5}, {1, 2});
    CHECK(layers::add({a, b}).to_vector<float>() == std::vector<float>{4, 7});
    CHECK(layers::subtract({a, b}).to_vector<float>() == std::vector<float>{-2, -3});
    CHECK(layers::multiply({a, b}).to_vector<float>() == std::vector<float>{3, 10});
    CHECK(layers::average({a, b}).to_vector<float>() == std::vector<float>{2, 3.5});
    CHECK(layers::maximum({a, b, -a}).to_vector<float>() == std::vector<float>{3, 5});
    CHECK(layers::minimum({a, b, -a}).to_vector<float>() == std::vector<float>{-1, -2});
    CHECK(layers::concatenate({a, b}).to_vector<float>() == std::vector<float>{1, 2, 3, 5});
    CHECK(layers::dot({a, b}, {.axes = {1, 1}}).to_vector<float>() == std::vector<float>{13});
}
