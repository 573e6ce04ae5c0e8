// All metrics, family by family. A family's list stands at the end of its own .cpp.
#pragma once

#include "cornu/base/serialized_object.h"
#include "cornu/metrics/metric.h"

namespace cornu::metrics {

using MetricClass = ObjectClass<CustomMetric>;
std::vector<MetricClass> reduction_metrics();
std::vector<MetricClass> accuracy_metrics();
std::vector<MetricClass> regression_metrics();
std::vector<MetricClass> probabilistic_metrics();
std::vector<MetricClass> hinge_metrics();
std::vector<MetricClass> confusion_metrics();
std::vector<MetricClass> auc_metrics();
std::vector<MetricClass> f_score_metrics();
std::vector<MetricClass> iou_metrics();
std::vector<MetricClass> correlation_metrics();

CORNU_API const std::vector<MetricClass>& all_metrics();
// By "MeanSquaredError", "mean_squared_error" or "mse"; its name is the one asked for, as in Keras.
// Throws ValueError that lists what there is.
std::shared_ptr<CustomMetric> make_metric(const std::string& name);
std::shared_ptr<CustomMetric> make_metric(const SerializedObject& object);

}  // namespace cornu::metrics
