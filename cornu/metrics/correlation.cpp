#include "cornu/metrics/correlation.h"

#include "cornu/losses/loss.h"
#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/function_metric_impl.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/tensor/context.h"

namespace cornu::metrics {

namespace {

std::pair<Tensor, Tensor> matched(const Tensor& y_true, const Tensor& y_pred) {
    return losses::squeeze_or_expand_to_same_rank(ops::cast(y_true, y_pred.dtype()), y_pred);
}

Tensor standardized(const Tensor& x, int64_t axis) {
    const Tensor centered = x - ops::mean(x, axis, true);
    return centered / ops::sqrt(ops::var(centered, axis, true));
}

constexpr FunctionMetricInfo<CorrelationConfig> pearson_info = {
    "PearsonCorrelation", "pearson_correlation", Direction::up,
    [](const Tensor& t, const Tensor& p, const CorrelationConfig& c) { return pearson_correlation(t, p, c.axis); }};
constexpr FunctionMetricInfo<CorrelationConfig> concordance_info = {
    "ConcordanceCorrelation", "concordance_correlation", Direction::up,
    [](const Tensor& t, const Tensor& p, const CorrelationConfig& c) { return concordance_correlation(t, p, c.axis); }};

}  // namespace

Tensor pearson_correlation(const Tensor& y_true, const Tensor& y_pred, int64_t axis) {
    const auto [t, p] = matched(y_true, y_pred);
    return ops::mean(standardized(t, axis) * standardized(p, axis), axis);
}

Tensor concordance_correlation(const Tensor& y_true, const Tensor& y_pred, int64_t axis) {
    const auto [t, p] = matched(y_true, y_pred);
    const Tensor mean_t = ops::mean(t, axis, true), mean_p = ops::mean(p, axis, true);
    const Tensor norm = ops::var(t - mean_t, axis, true) + ops::var(p - mean_p, axis, true) + ops::square(mean_t - mean_p);
    // Both are centred by the predictions' mean, as in Keras: it drops out of the mean of the product.
    const Tensor covariance = (t - mean_p) * (p - mean_p);
    return ops::mean(2.0 * covariance / (norm + Context::current().epsilon()), axis);
}

void CorrelationConfig::describe(Schema<CorrelationConfig>& s) {
    describe_metric(s);
    s.field<&CorrelationConfig::axis>("the axis along which values are compared");
}

PearsonCorrelation::PearsonCorrelation(CorrelationConfig config) : Metric(make(pearson_info, std::move(config))) {}
ConcordanceCorrelation::ConcordanceCorrelation(CorrelationConfig config) : Metric(make(concordance_info, std::move(config))) {}

std::vector<MetricClass> correlation_metrics() { return {metric_class(pearson_info), metric_class(concordance_info)}; }

}  // namespace cornu::metrics
