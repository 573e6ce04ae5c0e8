// Metrics that sum or average, and the mean of a function of y_true and y_pred.
#pragma once

#include "cornu/metrics/metric.h"

namespace cornu::metrics {

struct MetricConfig {
    std::string name = {};                   // the class's in snake case when empty
    std::optional<DType> dtype = {};         // floatx
    static void describe(Schema<MetricConfig>& s);
};

class CORNU_API CustomSum : public CustomMetric {
public:
    explicit CustomSum(MetricConfig config);
    void update_state(const Tensor& values, const Tensor& unused, const Tensor& sample_weight) override;
    Tensor result() const override { return total_.value(); }
    std::string class_name() const override { return "Sum"; }

private:
    Variable total_;
};

// The base of all means: what derives from it makes values of y_true and y_pred first.
class CORNU_API CustomMean : public CustomMetric {
public:
    explicit CustomMean(MetricConfig config);
    void update_state(const Tensor& values, const Tensor& unused, const Tensor& sample_weight) override;
    Tensor result() const override;
    std::string class_name() const override { return "Mean"; }

protected:
    CustomMean() = default;
    void start(std::string name, std::optional<DType> dtype);   // from the constructor
    void update_mean(const Tensor& values, const Tensor& sample_weight);

private:
    Variable total_, count_;
};

class CORNU_API CustomMeanMetricWrapper : public CustomMean {
public:
    CustomMeanMetricWrapper(MetricFunction fn, std::string name, std::optional<DType> dtype = {});
    // `function` as Keras writes it: {"fn": {…"config": "huber"}, "delta": 2}; its settings beside it.
    CustomMeanMetricWrapper(Json function, std::string name, std::optional<DType> dtype);
    void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) override;
    std::string class_name() const override { return "MeanMetricWrapper"; }
    Json get_config() const override;
    const MetricFunction& function() const { return fn_; }

protected:
    CustomMeanMetricWrapper() = default;
    MetricFunction fn_;

private:
    Json function_;                          // null: one's own
};

class CORNU_API Sum : public Metric {
public:
    explicit Sum(MetricConfig config = {});
};
class CORNU_API Mean : public Metric {
public:
    explicit Mean(MetricConfig config = {});
};
// The mean of a function over all samples seen. A file names it by what losses::register_function
// knows it as.
class CORNU_API MeanMetricWrapper : public Metric {
public:
    explicit MeanMetricWrapper(MetricFunction fn, std::string name = {}, std::optional<DType> dtype = {});
};

// The mean of the loss of that function's name ("huber"), which is no metric of its own.
std::shared_ptr<CustomMetric> function_metric(const std::string& name);

}  // namespace cornu::metrics
