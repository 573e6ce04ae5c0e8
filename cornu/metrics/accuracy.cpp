#include "cornu/metrics/accuracy.h"

#include "cornu/losses/loss.h"
#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/function_metric_impl.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/ops/sorting.h"
#include "cornu/tensor/context.h"

namespace cornu::metrics {

namespace {

using losses::squeeze_or_expand_to_same_rank;

Tensor as_floats(const Tensor& matches) { return ops::cast(matches, Context::current().floatx()); }

// Of targets (…) and predictions (…, classes) one match each, whatever the rank.
Tensor among_top_k(const Tensor& y_true, const Tensor& y_pred, int64_t k) {
    const Tensor flat = y_pred.rank() > 2 ? ops::reshape(y_pred, {-1, y_pred.shape().back()}) : y_pred;
    const Tensor targets = ops::cast(y_true.rank() > 1 ? ops::reshape(y_true, {-1}) : y_true, DType::int32);
    const Tensor matches = as_floats(ops::in_top_k(targets, flat, k));
    return y_true.rank() > 1 ? ops::reshape(matches, y_true.shape()) : matches;
}

constexpr FunctionMetricInfo<MetricConfig> accuracy_info = {"Accuracy", "accuracy", Direction::up, plain<accuracy>};
constexpr FunctionMetricInfo<BinaryAccuracyConfig> binary_info = {
    "BinaryAccuracy", "binary_accuracy", Direction::up,
    [](const Tensor& t, const Tensor& p, const BinaryAccuracyConfig& c) { return binary_accuracy(t, p, c.threshold); }};
constexpr FunctionMetricInfo<MetricConfig> categorical_info = {"CategoricalAccuracy", "categorical_accuracy", Direction::up, plain<categorical_accuracy>};
constexpr FunctionMetricInfo<MetricConfig> sparse_info = {"SparseCategoricalAccuracy", "sparse_categorical_accuracy", Direction::up, plain<sparse_categorical_accuracy>};
constexpr FunctionMetricInfo<TopKAccuracyConfig> top_k_info = {
    "TopKCategoricalAccuracy", "top_k_categorical_accuracy", Direction::up,
    [](const Tensor& t, const Tensor& p, const TopKAccuracyConfig& c) { return top_k_categorical_accuracy(t, p, c.k); }};
constexpr FunctionMetricInfo<TopKAccuracyConfig> sparse_top_k_info = {
    "SparseTopKCategoricalAccuracy", "sparse_top_k_categorical_accuracy", Direction::up,
    [](const Tensor& t, const Tensor& p, const TopKAccuracyConfig& c) { return sparse_top_k_categorical_accuracy(t, p, c.k); }};

}  // namespace

Tensor accuracy(const Tensor& y_true, const Tensor& y_pred) {
    const auto [t, p] = squeeze_or_expand_to_same_rank(ops::cast(y_true, y_pred.dtype()), y_pred);
    return as_floats(ops::equal(t, p));
}

Tensor binary_accuracy(const Tensor& y_true, const Tensor& y_pred, double threshold) {
    const auto [t, p] = squeeze_or_expand_to_same_rank(y_true, y_pred);
    return as_floats(ops::equal(t, ops::cast(ops::greater(p, threshold), t.dtype())));
}

Tensor categorical_accuracy(const Tensor& y_true, const Tensor& y_pred) {
    return as_floats(ops::equal(ops::argmax(y_true, -1), ops::argmax(y_pred, -1)));
}

Tensor sparse_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred) {
    Tensor target = y_true;
    if (target.rank() == y_pred.rank() && target.shape().back() == 1) target = ops::squeeze(target, {-1});
    const Tensor best = ops::argmax(y_pred, -1);
    Tensor matches = as_floats(ops::equal(target, ops::cast(best, target.dtype())));
    if (matches.rank() > 1 && matches.shape().back() == 1) matches = ops::squeeze(matches, {-1});
    return matches;
}

Tensor top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, int64_t k) {
    return among_top_k(ops::argmax(y_true, -1), y_pred, k);
}

Tensor sparse_top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, int64_t k) {
    return among_top_k(y_true, y_pred, k);
}

void BinaryAccuracyConfig::describe(Schema<BinaryAccuracyConfig>& s) {
    describe_metric(s);
    s.field<&BinaryAccuracyConfig::threshold>("above it a prediction is 1").between(0, 1);
}
void TopKAccuracyConfig::describe(Schema<TopKAccuracyConfig>& s) {
    describe_metric(s);
    s.field<&TopKAccuracyConfig::k>("how many guesses count").positive();
}

Accuracy::Accuracy(MetricConfig config) : Metric(make(accuracy_info, std::move(config))) {}
BinaryAccuracy::BinaryAccuracy(BinaryAccuracyConfig config) : Metric(make(binary_info, std::move(config))) {}
CategoricalAccuracy::CategoricalAccuracy(MetricConfig config) : Metric(make(categorical_info, std::move(config))) {}
SparseCategoricalAccuracy::SparseCategoricalAccuracy(MetricConfig config) : Metric(make(sparse_info, std::move(config))) {}
TopKCategoricalAccuracy::TopKCategoricalAccuracy(TopKAccuracyConfig config) : Metric(make(top_k_info, std::move(config))) {}
SparseTopKCategoricalAccuracy::SparseTopKCategoricalAccuracy(TopKAccuracyConfig config) : Metric(make(sparse_top_k_info, std::move(config))) {}

std::vector<MetricClass> accuracy_metrics() {
    return {metric_class(accuracy_info),
            metric_class(binary_info),
            metric_class(categorical_info),
            metric_class(sparse_info),
            metric_class(top_k_info),
            metric_class(sparse_top_k_info)};
}

}  // namespace cornu::metrics
