#include "cornu/metrics/confusion.h"

#include "cornu/losses/loss.h"
#include "cornu/metrics/catalogue.h"
#include "cornu/metrics/configured_metric_impl.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/reduction.h"

namespace cornu::metrics {

namespace {

using losses::divide_no_nan;

// One threshold gives one figure, several a row of them.
Tensor first_if_only(const Tensor& values) { return values.shape().front() == 1 ? ops::get_item(values, {int64_t{0}}) : values; }

template <class T>
void describe_thresholds(Schema<T>& s) {
    s.template field<&T::thresholds>("above it a prediction is positive; one number or several").rule(check_thresholds);
}

// ---- counts ----

class Counter final : public ConfiguredMetric<CountConfig> {
public:
    Counter(const char* class_name, Variable CountVariables::*wanted, CountConfig config)
        : ConfiguredMetric(class_name, Direction::unknown, std::move(config)) {
        options_.thresholds = config_.thresholds.values;
        if (options_.thresholds.empty()) options_.thresholds = {0.5};
        accumulator_ = add_variable("accumulator", {static_cast<int64_t>(options_.thresholds.size())});
        counts_.*wanted = accumulator_;
    }
    void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) override {
        add_counts(counts_, y_true, y_pred, sample_weight, options_);
    }
    Tensor result() const override { return first_if_only(accumulator_.value()); }

private:
    CountsOptions options_;
    Variable accumulator_;
    CountVariables counts_;
};

template <Variable CountVariables::*wanted>
std::shared_ptr<CustomMetric> counter(const char* class_name, CountConfig config) {
    return std::make_shared<Counter>(class_name, wanted, std::move(config));
}
template <Variable CountVariables::*wanted>
MetricClass counter_class(const char* class_name) {
    return {class_name, {}, [class_name](const Json& c) {
                return counter<wanted>(class_name, from_json<CountConfig>(c, str("metrics.", class_name)));
            }};
}

// ---- shares ----

// Precision and recall: true positives over them and the false of one kind.
class Share : public ConfiguredMetric<PrecisionConfig> {
public:
    void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) override {
        add_counts(counts_, y_true, y_pred, sample_weight, options_);
    }
    Tensor result() const override {
        const Tensor right = counts_.true_positives.value();
        return first_if_only(divide_no_nan(right, right + (counts_.*wrong_).value()));
    }

protected:
    Share(const char* class_name, Variable CountVariables::*wrong, const char* wrong_name, PrecisionConfig config)
        : ConfiguredMetric(class_name, Direction::up, std::move(config)), wrong_(wrong) {
        options_ = {.thresholds = config_.thresholds.values, .top_k = config_.top_k, .class_id = config_.class_id};
        // Those of the k largest are positive whatever their value; all others are far below.
        if (options_.thresholds.empty()) options_.thresholds = {config_.top_k ? -1e10 : 0.5};
        const Shape shape{static_cast<int64_t>(options_.thresholds.size())};
        counts_.true_positives = add_variable("true_positives", shape);
        counts_.*wrong_ = add_variable(wrong_name, shape);
    }

private:
    Variable CountVariables::*wrong_;
    CountsOptions options_;
    CountVariables counts_;
};
struct PrecisionShare final : Share {
    PrecisionShare(const char* class_name, PrecisionConfig config)
        : Share(class_name, &CountVariables::false_positives, "false_positives", std::move(config)) {}
};
struct RecallShare final : Share {
    RecallShare(const char* class_name, PrecisionConfig config)
        : Share(class_name, &CountVariables::false_negatives, "false_negatives", std::move(config)) {}
};

// ---- the best of one share where another is large enough ----

Tensor precision_of(const CountVariables& c) { return divide_no_nan(c.true_positives, c.true_positives + c.false_positives); }
Tensor recall_of(const CountVariables& c) { return divide_no_nan(c.true_positives, c.true_positives + c.false_negatives); }
Tensor specificity_of(const CountVariables& c) { return divide_no_nan(c.true_negatives, c.true_negatives + c.false_positives); }

using ShareOf = Tensor (*)(const CountVariables& counts);

template <class Config, auto limit, ShareOf constrained, ShareOf wanted>
class BestUnderConstraint final : public ConfiguredMetric<Config> {
public:
    BestUnderConstraint(const char* class_name, Config config)
        : ConfiguredMetric<Config>(class_name, Direction::up, std::move(config)) {
        const int64_t n = this->config_.num_thresholds;
        options_ = {.thresholds = n == 1 ? std::vector<double>{0.5} : even_thresholds(n), .class_id = this->config_.class_id};
        counts_.true_positives = this->add_variable("true_positives", {n});
        counts_.false_positives = this->add_variable("false_positives", {n});
        counts_.true_negatives = this->add_variable("true_negatives", {n});
        counts_.false_negatives = this->add_variable("false_negatives", {n});
    }
    void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) override {
        add_counts(counts_, y_true, y_pred, sample_weight, options_);
    }
    Tensor result() const override {
        const double least = this->config_.*limit;
        return ops::maximum(ops::max(ops::where(ops::greater_equal(constrained(counts_), least), wanted(counts_), 0.0)), 0.0);
    }

private:
    CountsOptions options_;
    CountVariables counts_;
};

template <class Config, auto limit>
void describe_constraint(Schema<Config>& s, const char* doc) {
    s.template field<limit>(doc).between(0, 1);
    s.template field<&Config::num_thresholds>("how many thresholds are tried").positive();
    s.template field<&Config::class_id>("of y_pred (batch, classes), the only class that counts");
    describe_metric(s);
}

using SensitivityBest = BestUnderConstraint<SensitivityAtSpecificityConfig, &SensitivityAtSpecificityConfig::specificity, specificity_of, recall_of>;
using SpecificityBest = BestUnderConstraint<SpecificityAtSensitivityConfig, &SpecificityAtSensitivityConfig::sensitivity, recall_of, specificity_of>;
using PrecisionBest = BestUnderConstraint<PrecisionAtRecallConfig, &PrecisionAtRecallConfig::recall, recall_of, precision_of>;
using RecallBest = BestUnderConstraint<RecallAtPrecisionConfig, &RecallAtPrecisionConfig::precision, precision_of, recall_of>;

}  // namespace

void CountConfig::describe(Schema<CountConfig>& s) {
    describe_thresholds(s);
    describe_metric(s);
}
void PrecisionConfig::describe(Schema<PrecisionConfig>& s) {
    describe_thresholds(s);
    s.field<&PrecisionConfig::top_k>("of y_pred (batch, classes), only the k largest count").positive();
    s.field<&PrecisionConfig::class_id>("of y_pred (batch, classes), the only class that counts");
    describe_metric(s);
}
void SensitivityAtSpecificityConfig::describe(Schema<SensitivityAtSpecificityConfig>& s) {
    describe_constraint<SensitivityAtSpecificityConfig, &SensitivityAtSpecificityConfig::specificity>(s, "the least specificity");
}
void SpecificityAtSensitivityConfig::describe(Schema<SpecificityAtSensitivityConfig>& s) {
    describe_constraint<SpecificityAtSensitivityConfig, &SpecificityAtSensitivityConfig::sensitivity>(s, "the least sensitivity");
}
void PrecisionAtRecallConfig::describe(Schema<PrecisionAtRecallConfig>& s) {
    describe_constraint<PrecisionAtRecallConfig, &PrecisionAtRecallConfig::recall>(s, "the least recall");
}
void RecallAtPrecisionConfig::describe(Schema<RecallAtPrecisionConfig>& s) {
    describe_constraint<RecallAtPrecisionConfig, &RecallAtPrecisionConfig::precision>(s, "the least precision");
}

TruePositives::TruePositives(CountConfig c) : Metric(counter<&CountVariables::true_positives>("TruePositives", std::move(c))) {}
TrueNegatives::TrueNegatives(CountConfig c) : Metric(counter<&CountVariables::true_negatives>("TrueNegatives", std::move(c))) {}
FalsePositives::FalsePositives(CountConfig c) : Metric(counter<&CountVariables::false_positives>("FalsePositives", std::move(c))) {}
FalseNegatives::FalseNegatives(CountConfig c) : Metric(counter<&CountVariables::false_negatives>("FalseNegatives", std::move(c))) {}
Precision::Precision(PrecisionConfig c) : Metric(std::make_shared<PrecisionShare>("Precision", std::move(c))) {}
Recall::Recall(PrecisionConfig c) : Metric(std::make_shared<RecallShare>("Recall", std::move(c))) {}
SensitivityAtSpecificity::SensitivityAtSpecificity(SensitivityAtSpecificityConfig c) : Metric(std::make_shared<SensitivityBest>("SensitivityAtSpecificity", std::move(c))) {}
SpecificityAtSensitivity::SpecificityAtSensitivity(SpecificityAtSensitivityConfig c) : Metric(std::make_shared<SpecificityBest>("SpecificityAtSensitivity", std::move(c))) {}
PrecisionAtRecall::PrecisionAtRecall(PrecisionAtRecallConfig c) : Metric(std::make_shared<PrecisionBest>("PrecisionAtRecall", std::move(c))) {}
RecallAtPrecision::RecallAtPrecision(RecallAtPrecisionConfig c) : Metric(std::make_shared<RecallBest>("RecallAtPrecision", std::move(c))) {}

std::vector<MetricClass> confusion_metrics() {
    return {counter_class<&CountVariables::true_positives>("TruePositives"),
            counter_class<&CountVariables::true_negatives>("TrueNegatives"),
            counter_class<&CountVariables::false_positives>("FalsePositives"),
            counter_class<&CountVariables::false_negatives>("FalseNegatives"),
            stateful_class<PrecisionShare, PrecisionConfig>("Precision"),
            stateful_class<RecallShare, PrecisionConfig>("Recall"),
            stateful_class<SensitivityBest, SensitivityAtSpecificityConfig>("SensitivityAtSpecificity"),
            stateful_class<SpecificityBest, SpecificityAtSensitivityConfig>("SpecificityAtSensitivity"),
            stateful_class<PrecisionBest, PrecisionAtRecallConfig>("PrecisionAtRecall"),
            stateful_class<RecallBest, RecallAtPrecisionConfig>("RecallAtPrecision")};
}

}  // namespace cornu::metrics
