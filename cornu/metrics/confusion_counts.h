// How many predictions above or below thresholds were right or wrong: what Precision, Recall, AUC and
// their relatives are computed from.
#pragma once

#include <optional>
#include <vector>

#include "cornu/metrics/metric.h"

namespace cornu::metrics {

// The `thresholds` argument: one number, several, or none (the metric's default).
struct Thresholds {
    bool listed = false;
    std::vector<double> values;

    Thresholds() = default;
    Thresholds(double value) : values{value} {}
    Thresholds(std::initializer_list<double> list) : listed(true), values(list) {}
    Thresholds(std::vector<double> list) : listed(true), values(std::move(list)) {}
};

}  // namespace cornu::metrics

namespace cornu {
template <> struct CORNU_API Codec<metrics::Thresholds> {
    static Json encode(const metrics::Thresholds& v);
    static void decode(const Json& j, metrics::Thresholds& v);
};
}  // namespace cornu

namespace cornu::metrics {

struct CountsOptions {
    std::vector<double> thresholds;
    std::optional<int64_t> top_k = {};       // only the k largest of a row can be positive
    std::optional<int64_t> class_id = {};    // only this class counts
    bool multi_label = false;                // count each label of (batch, labels) apart
    Tensor label_weights = {};               // one a label, when labels are not counted apart
};

// Each of shape (thresholds), or (thresholds, labels) when labels are counted apart; undefined
// variables are not wanted.
struct CountVariables {
    Variable true_positives = {}, false_positives = {}, true_negatives = {}, false_negatives = {};
};

// "must be …" when they are not; for the rules of a config.
std::optional<std::string> check_thresholds(const Json& thresholds);
// As Keras decides it: 0, 1/n, 2/n … 1 are counted by sorting predictions into buckets, any others
// by comparing each prediction with each threshold.
bool evenly_distributed(const std::vector<double>& thresholds);
// n thresholds from 0 to 1.
std::vector<double> even_thresholds(int64_t n);

void add_counts(const CountVariables& to, const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight,
                const CountsOptions& options);

}  // namespace cornu::metrics
