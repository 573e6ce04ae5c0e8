#include "cornu/metrics/hinge.h"

#include "cornu/losses/hinge.h"
#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/function_metric_impl.h"

namespace cornu::metrics {

namespace {
constexpr FunctionMetricInfo<MetricConfig> hinge_info = {"Hinge", "hinge", Direction::down, plain<losses::hinge>};
constexpr FunctionMetricInfo<MetricConfig> squared_info = {"SquaredHinge", "squared_hinge", Direction::down, plain<losses::squared_hinge>};
constexpr FunctionMetricInfo<MetricConfig> categorical_info = {"CategoricalHinge", "categorical_hinge", Direction::down, plain<losses::categorical_hinge>};
}  // namespace

Hinge::Hinge(MetricConfig config) : Metric(make(hinge_info, std::move(config))) {}
SquaredHinge::SquaredHinge(MetricConfig config) : Metric(make(squared_info, std::move(config))) {}
CategoricalHinge::CategoricalHinge(MetricConfig config) : Metric(make(categorical_info, std::move(config))) {}

std::vector<MetricClass> hinge_metrics() {
    return {metric_class(hinge_info), metric_class(squared_info), metric_class(categorical_info)};
}

}  // namespace cornu::metrics
