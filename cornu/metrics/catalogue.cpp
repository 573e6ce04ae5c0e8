#include "cornu/metrics/catalogue.h"

#include "cornu/losses/catalogue.h"
#include "cornu/metrics/reduction.h"
#include "cornu/metrics/registry.h"

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
    if (MetricFunction function = losses::find_function(name)) return Metric(std::move(function)).shared();
    if (const auto* own = RegisteredClasses<CustomMetric>::current().find({.class_name = name})) return own->make(Json::object());
    for (const MetricClass& item : all_metrics())
        if (matches_name(item.class_name, item.aliases, name)) return item.make(Json::object({{"name", name}}));
    // Losses that are no metric of their own serve as one: their mean.
    for (const losses::LossClass& item : losses::all_losses())
        if (matches_name(item.class_name, item.aliases, name) && name != item.class_name) return function_metric(name);
    return find_object_class(all_metrics(), name, "metric").make(Json::object());
}

std::shared_ptr<CustomMetric> make_metric(const SerializedObject& object) {
    return make_object(all_metrics(), object, "metric", "metrics::register_metric");
}

}  // namespace cornu::metrics
