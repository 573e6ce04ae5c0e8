// The area under a curve that is drawn by moving the threshold.
#pragma once

#include "cornu/metrics/confusion_counts.h"

namespace cornu::metrics {

struct AUCConfig {
    int64_t num_thresholds = 200;
    std::string curve = "ROC";               // true over false positives; "PR": precision over recall; "PRGAIN": their gains
    std::string summation_method = "interpolation";  // of the heights at two thresholds the mean, the "minoring", the "majoring" one
    std::string name = {};
    std::optional<DType> dtype = {};
    std::optional<std::vector<double>> thresholds = {};   // instead of num_thresholds; 0 and 1 are added
    bool multi_label = false;                // one curve for each label of (batch, labels), then the mean of the areas
    std::optional<int64_t> num_labels = {};  // only with multi_label; else seen from the first batch
    std::optional<std::vector<double>> label_weights = {};
    bool from_logits = false;
    static void describe(Schema<AUCConfig>& s);
};
class CORNU_API AUC : public Metric {
public:
    explicit AUC(AUCConfig config = {});
};

}  // namespace cornu::metrics
