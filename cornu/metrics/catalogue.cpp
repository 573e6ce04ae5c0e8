#include "cornu/metrics/catalogue.h"

namespace cornu::metrics {

const std::vector<MetricClass>& all_metrics() {
    static const std::vector<MetricClass> all = [] {
        std::vector<MetricClass> out;
        for (auto* family : {reduction_metrics, accuracy_metrics, regression_metrics, probabilistic_metrics, hinge_metrics,
                             confusion_metrics, auc_metrics, f_score_metrics, iou_metrics, correlation_metrics})
            for (MetricClass& item : family()) out.push_back(std::move(item));
        return out;
    }();
    return all;
}

std::shared_ptr<CustomMetric> make_metric(const std::string& name) {
    std::shared_ptr<CustomMetric> metric =
        find_object_class(all_metrics(), name, "metric").make(Json::object({{"name", name}}));
    return metric;
}

std::shared_ptr<CustomMetric> make_metric(const SerializedObject& object) {
    return find_object_class(all_metrics(), object.class_name, "metric").make(object.config);
}

}  // namespace cornu::metrics
