#include "cornu/data/dataset.h"

#include <doctest/doctest.h>

#include <numeric>
#include <set>

#include "cornu/data/arrays.h"
#include "cornu/random/seed_generator.h"
#include "cornu/tensor/context.h"
#include "tests/messages.h"

using namespace cornu;

namespace {

Tensor rows(int64_t n, int64_t width = 2) {
    std::vector<float> values(static_cast<size_t>(n * width));
    std::iota(values.begin(), values.end(), 0.0f);
    return Tensor::from(values, {n, width});
}
Tensor labels(int64_t n) {
    std::vector<int32_t> values(static_cast<size_t>(n));
    std::iota(values.begin(), values.end(), 0);
    return Tensor::from(values);
}
std::vector<int32_t> all_labels(const Dataset& dataset) {
    std::vector<int32_t> out;
    for (const auto& [x, y, w] : dataset)
        for (const int32_t label : y.leaf().to_vector<int32_t>()) out.push_back(label);
    return out;
}

}  // namespace

TEST_CASE("slices are views, gathered rows reuse memory that nobody else holds") {
    const Tensor x = rows(10);
    const Tensor part = data::slice_rows(x, 2, 5);
    CHECK(part.shape() == Shape{3, 2});
    CHECK(part.to_vector<float>() == std::vector<float>{4, 5, 6, 7, 8, 9});
    CHECK(part.raw() == static_cast<const float*>(x.raw()) + 4);

    Tensor out;
    const std::vector<int64_t> chosen = {9, 0, 3};
    data::gather_rows(x, chosen, out);
    CHECK(out.to_vector<float>() == std::vector<float>{18, 19, 0, 1, 6, 7});
    const void* memory = out.raw();
    data::gather_rows(x, chosen, out);
    CHECK(out.raw() == memory);
    const Tensor held = out;
    const std::vector<int64_t> others = {1, 1, 1};
    data::gather_rows(x, others, out);
    CHECK(out.raw() != memory);
    CHECK(held.to_vector<float>()[0] == 18);

    const Tensor words = Tensor::strings({"a", "b", "c"}, {3});
    CHECK(data::slice_rows(words, 1, 3).to_vector<std::string>() == std::vector<std::string>{"b", "c"});
    const std::vector<int64_t> last = {2};
    data::gather_rows(words, last, out);
    CHECK(out.to_vector<std::string>() == std::vector<std::string>{"c"});
}

TEST_CASE("batches, remainders, parts") {
    const Dataset dataset = Dataset::from_tensor_slices(rows(10), labels(10));
    CHECK(dataset.size() == 10);
    const Dataset batched = dataset.batch(4);
    CHECK(batched.size() == 3);
    std::vector<int64_t> sizes;
    for (const auto& [x, y, w] : batched) {
        sizes.push_back(x.leaf().shape().front());
        CHECK(x.leaf().to_vector<float>()[0] == 2 * static_cast<float>(y.leaf().to_vector<int32_t>()[0]));
        CHECK(!w.leaf().defined());
    }
    CHECK(sizes == std::vector<int64_t>{4, 4, 2});
    CHECK(dataset.batch(4, true).size() == 2);
    CHECK(all_labels(dataset.batch(4, true)).size() == 8);
    CHECK(all_labels(dataset.take(3).batch(2)) == std::vector<int32_t>{0, 1, 2});
    CHECK(all_labels(dataset.batch(4).take(1)) == std::vector<int32_t>{0, 1, 2, 3});
    CHECK(all_labels(dataset.take(2).batch(2).repeat(3)) == std::vector<int32_t>{0, 1, 0, 1, 0, 1});
    CHECK(all_labels(dataset.take(2).repeat().batch(3).take(2)) == std::vector<int32_t>{0, 1, 0, 1, 0, 1});
    CHECK(!dataset.repeat().size());
    CHECK(all_labels(dataset.take(0).repeat().batch(2)).empty());

    // Elements are single samples until they are batched.
    const auto first = dataset.iterate();
    Batch sample;
    REQUIRE(first->next(sample));
    CHECK(sample.x.leaf().shape() == Shape{2});
    CHECK(sample.y.leaf().shape() == Shape{});
}

TEST_CASE("map changes samples or batches") {
    const Dataset dataset = Dataset::from_tensor_slices(rows(6), labels(6));
    const auto shift = [](Batch b) {
        std::vector<int32_t> y = b.y.leaf().to_vector<int32_t>();
        for (int32_t& v : y) v += 100;
        b.y = Tensor::from(y, b.y.leaf().shape());
        return b;
    };
    CHECK(all_labels(dataset.map(shift).batch(4)) == std::vector<int32_t>{100, 101, 102, 103, 104, 105});
    CHECK(all_labels(dataset.batch(4).map(shift)) == std::vector<int32_t>{100, 101, 102, 103, 104, 105});
}

TEST_CASE("shuffle: each element once, another order each pass, the same for the same seed") {
    const Dataset dataset = Dataset::from_tensor_slices(rows(50), labels(50));
    const Dataset shuffled = dataset.shuffle(50, 7).batch(8);
    const std::vector<int32_t> first = all_labels(shuffled), second = all_labels(shuffled);
    CHECK(first != second);
    CHECK(first != all_labels(dataset.batch(8)));
    CHECK(std::set<int32_t>(first.begin(), first.end()).size() == 50);
    CHECK(first.size() == 50);
    CHECK(all_labels(dataset.shuffle(50, 7).batch(8)) == first);
    CHECK(all_labels(dataset.shuffle(50, 8).batch(8)) != first);
    // A buffer of one shuffles nothing; of three, no element comes earlier than two places.
    CHECK(all_labels(dataset.shuffle(1, 7).batch(8)) == all_labels(dataset.batch(8)));
    const std::vector<int32_t> near = all_labels(dataset.shuffle(3, 7).batch(8));
    for (size_t i = 0; i < near.size(); ++i) CHECK(near[i] <= static_cast<int32_t>(i) + 2);
    // Batches are shuffled too, after a map that hides the arrays.
    CHECK(all_labels(dataset.map([](Batch b) { return b; }).shuffle(50, 7).batch(8)).size() == 50);

    Context context;
    const Context::Use use(context);
    random::set_random_seed(3);
    const std::vector<int32_t> unseeded = all_labels(dataset.shuffle(50).batch(8));
    random::set_random_seed(3);
    CHECK(all_labels(dataset.shuffle(50).batch(8)) == unseeded);
}

TEST_CASE("validation_split and class weights as Keras's") {
    const auto [first, rest] = data::split({rows(10), labels(10)}, 0.25);
    CHECK(first.x.leaf().shape().front() == 7);
    CHECK(rest.y.leaf().to_vector<int32_t>() == std::vector<int32_t>{7, 8, 9});
    CHECK(!first.sample_weight.leaf().defined());
    CHECK(says(message_of([] { data::split({rows(1)}, 0.5); }), "not enough"));
    CHECK(says(message_of([] { data::split({rows(10)}, 1.5); }), "validation_split=1.5"));

    const std::map<int64_t, double> weights = {{0, 2.0}, {2, 0.5}};
    CHECK(data::class_weights(Tensor::from(std::vector<int32_t>{0, 1, 2}), weights).to_vector<float>() == std::vector<float>{2, 1, 0.5f});
    CHECK(data::class_weights(Tensor::from(std::vector<float>{2, 0}, {2, 1}), weights).to_vector<float>() == std::vector<float>{0.5f, 2});
    CHECK(data::class_weights(Tensor::from(std::vector<float>{0, 0, 1, 1, 0, 0}, {2, 3}), weights).to_vector<float>() == std::vector<float>{0.5f, 2});
    CHECK(says(message_of([&] { data::class_weights(rows(8, 6).shape() == Shape{8, 6} ? Tensor::full({2, 3, 4}, 0) : Tensor(), weights); }), "shape (2, 3, 4)"));
}

TEST_CASE("what data refuses") {
    CHECK(says(message_of([] { Dataset::from_tensor_slices(rows(3), labels(4)); }), "same number of samples"));
    CHECK(says(message_of([] { Dataset::from_tensor_slices(Tensor()); }), "at least one array"));
    CHECK(says(message_of([] { Dataset::from_tensor_slices(Tensor(1.0)); }), "a scalar"));
    CHECK(says(message_of([] { Dataset::from_tensor_slices(Tensor::full({0, 2}, 0)); }), "at least one sample"));
    CHECK(says(message_of([] { Dataset::from_tensor_slices(rows(3)).batch(0); }), "batch_size=0"));
    CHECK(says(message_of([] { Dataset::from_tensor_slices(rows(3)).shuffle(0); }), "buffer_size=0"));
    CHECK(says(message_of([] { Dataset().batch(1); }), "empty Dataset"));
    CHECK(says(message_of([] { Dataset().iterate(); }), "empty Dataset"));
}
