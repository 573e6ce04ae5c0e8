#include "cornu/metrics/confusion_counts.h"

#include <cmath>

#include "cornu/losses/loss.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/cumulative.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/ops/sorting.h"
#include "cornu/tensor/context.h"

namespace cornu {

using metrics::Thresholds;

Json Codec<Thresholds>::encode(const Thresholds& v) {
    if (v.listed) return Codec<std::vector<double>>::encode(v.values);
    return v.values.empty() ? Json() : Json(v.values[0]);
}
void Codec<Thresholds>::decode(const Json& j, Thresholds& v) {
    v = {};
    if (j.is_null()) return;
    v.listed = j.is_array();
    Codec<std::vector<double>>::decode(j, v.values);
}

namespace metrics {

namespace {

// What stands for "never" among predictions.
constexpr double never = -1e10;

struct Data {
    Tensor positive, predicted;  // of one shape; labels as bool
    Tensor weight;               // broadcast to it; undefined: all count once
};

Tensor only_top_k(const Tensor& y_pred, int64_t k) {
    const int64_t classes = y_pred.shape().back();
    const Tensor best = ops::sum(ops::one_hot(ops::top_k(y_pred, k).second, classes, -1, y_pred.dtype()), -2);
    return y_pred * best + never * (1.0 - best);
}

Tensor only_class(const Tensor& x, int64_t class_id) {
    return ops::get_item(x, {ops::Ellipsis{}, class_id, ops::NewAxis{}});
}

void check_shapes(const Tensor& y_true, const Tensor& y_pred, const CountsOptions& options) {
    const auto refuse = [&](const std::string& rule) {
        throw ShapeError(str(rule, " Received: y_true of shape ", y_true.shape(), ", y_pred of shape ", y_pred.shape()));
    };
    if (y_true.shape() != y_pred.shape()) refuse("y_true and y_pred must have the same shape.");
    if ((options.class_id || options.top_k) && y_pred.rank() < 2) refuse("with class_id or top_k, y_pred must be of shape (batch, classes).");
    if (options.multi_label && y_pred.rank() != 2) refuse("with multi_label, y_pred must be of shape (batch, labels).");
    if (options.class_id) {
        const int64_t classes = y_pred.shape().back(), id = *options.class_id;
        if (id < -classes || id >= classes) refuse(str("class_id must be that of one of the ", classes, " classes: class_id=", id, "."));
    }
    if (options.top_k && *options.top_k > y_pred.shape().back()) refuse(str("top_k must not exceed the number of classes: top_k=", *options.top_k, "."));
}

Data prepared(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight, const CountsOptions& options, DType dtype) {
    auto [predicted, target] = losses::squeeze_or_expand_to_same_rank(ops::cast(y_pred, dtype), ops::cast(y_true, dtype));
    check_shapes(target, predicted, options);
    Tensor weight;
    if (sample_weight.defined())
        weight = losses::squeeze_or_expand_to_same_rank(target, ops::expand_dims(ops::cast(sample_weight, dtype), -1), false).second;
    if (options.top_k) predicted = only_top_k(predicted, *options.top_k);
    if (options.class_id) {
        target = only_class(target, *options.class_id);
        predicted = only_class(predicted, *options.class_id);
    }
    if (weight.defined()) weight = ops::broadcast_to(weight, predicted.shape());
    if (options.label_weights.defined()) {
        const Tensor labels = ops::broadcast_to(ops::expand_dims(ops::cast(options.label_weights, dtype), 0), predicted.shape());
        weight = weight.defined() ? weight * labels : labels;
    }
    Data data{ops::cast(target, DType::bool_), predicted, weight};
    if (!options.multi_label)
        for (Tensor* tensor : {&data.positive, &data.predicted, &data.weight})
            if (tensor->defined()) *tensor = ops::reshape(*tensor, {-1});
    return data;
}

void add(const Variable& to, const Tensor& counts) {
    Variable variable = to;
    variable.assign(variable.value() + counts);
}

// The weights of a data set by bucket, then summed from above: how much lies over each threshold.
Tensor above(const Tensor& weights, const Tensor& buckets, int64_t thresholds) {
    if (weights.rank() == 1) return prim::cumulative_sum(ops::segment_sum(weights, buckets, thresholds), 0, true);
    const int64_t labels = weights.shape().back();
    const Tensor column = prim::iota({1, labels}, 1, DType::int32);
    const Tensor cells = ops::segment_sum(ops::reshape(weights, {-1}), ops::reshape(buckets * labels + column, {-1}), thresholds * labels);
    return prim::cumulative_sum(ops::reshape(cells, {thresholds, labels}), 0, true);
}

void add_by_buckets(const CountVariables& to, const Data& data, const CountsOptions& options) {
    const DType dtype = data.predicted.dtype();
    const int64_t n = static_cast<int64_t>(options.thresholds.size());
    // A prediction equal to a threshold is not above it: (0, 1/n] is the first bucket.
    Tensor bucket = ops::ceil(ops::clip(data.predicted, 0.0, 1.0) * static_cast<double>(n - 1)) - 1.0;
    // With a first threshold below 0, even a 0 is above it.
    if (options.thresholds.front() < 0 || options.thresholds.back() > 1) bucket = ops::maximum(bucket, 0.0);
    bucket = ops::cast(bucket, DType::int32);
    Tensor positive = ops::cast(data.positive, dtype), negative = 1.0 - positive;
    if (data.weight.defined()) {
        positive = positive * data.weight;
        negative = negative * data.weight;
    }
    const Tensor tp = above(positive, bucket, n), fp = above(negative, bucket, n);
    if (to.true_positives.defined()) add(to.true_positives, tp);
    if (to.false_positives.defined()) add(to.false_positives, fp);
    if (to.true_negatives.defined()) add(to.true_negatives, ops::sum(negative, 0) - fp);
    if (to.false_negatives.defined()) add(to.false_negatives, ops::sum(positive, 0) - tp);
}

void add_by_comparing(const CountVariables& to, const Data& data, const CountsOptions& options) {
    const DType dtype = data.predicted.dtype();
    const int64_t n = static_cast<int64_t>(options.thresholds.size());
    const Tensor limits = ops::cast(Tensor::from(options.thresholds, {n}), dtype);
    const Tensor columns = ops::reshape(limits, options.multi_label ? Shape{n, 1, 1} : Shape{n, 1});
    const Tensor said = ops::greater(ops::expand_dims(data.predicted, 0), columns);
    const Tensor is = ops::expand_dims(data.positive, 0);
    const auto count = [&](const Variable& variable, const Tensor& label, const Tensor& prediction) {
        if (!variable.defined()) return;
        Tensor each = ops::cast(ops::logical_and(label, prediction), dtype);
        if (data.weight.defined()) each = each * ops::expand_dims(data.weight, 0);
        add(variable, ops::sum(each, 1));
    };
    count(to.true_positives, is, said);
    count(to.false_positives, ops::logical_not(is), said);
    count(to.true_negatives, ops::logical_not(is), ops::logical_not(said));
    count(to.false_negatives, is, ops::logical_not(said));
}

}  // namespace

std::optional<std::string> check_thresholds(const Json& thresholds) {
    if (thresholds.is_null()) return {};
    const auto fine = [](const Json& t) { return t.is_number() && t.as_double() >= 0 && t.as_double() <= 1; };
    if (!thresholds.is_array()) return fine(thresholds) ? std::nullopt : std::optional<std::string>("must lie in [0, 1]");
    const Json::Array& list = thresholds.as_array();
    if (!list.empty() && std::all_of(list.begin(), list.end(), fine)) return {};
    return "must be one or more numbers in [0, 1]";
}

bool evenly_distributed(const std::vector<double>& thresholds) {
    const size_t n = thresholds.size();
    if (n < 3) return false;
    for (size_t i = 0; i < n; ++i) {
        const double even = static_cast<double>(static_cast<float>(i) / static_cast<float>(n - 1));
        if (std::abs(thresholds[i] - even) > Context::current().epsilon() + 1e-5 * std::abs(even)) return false;
    }
    return true;
}

std::vector<double> even_thresholds(int64_t n) {
    std::vector<double> out;
    for (int64_t i = 0; i < n; ++i) out.push_back(static_cast<double>(i) / static_cast<double>(n - 1));
    return out;
}

void add_counts(const CountVariables& to, const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight,
                const CountsOptions& options) {
    DType dtype = DType::float32;
    for (const Variable* variable : {&to.true_positives, &to.false_positives, &to.true_negatives, &to.false_negatives})
        if (variable->defined()) dtype = variable->dtype();
    const Data data = prepared(y_true, y_pred, sample_weight, options, dtype);
    if (evenly_distributed(options.thresholds)) add_by_buckets(to, data, options);
    else add_by_comparing(to, data, options);
}

}  // namespace metrics
}  // namespace cornu
