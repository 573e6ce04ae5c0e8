// Counts of right and wrong predictions of two classes, and the shares made of them. Targets are 0 or
// 1, predictions lie in [0, 1]; above the threshold (0.5 unless given) a prediction is positive. With
// several thresholds the result has one value for each.
#pragma once

#include "cornu/metrics/confusion_counts.h"

namespace cornu::metrics {

struct CountConfig {
    Thresholds thresholds = {};
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<CountConfig>& s);
};
class CORNU_API TruePositives : public Metric {
public:
    explicit TruePositives(CountConfig config = {});
};
class CORNU_API TrueNegatives : public Metric {
public:
    explicit TrueNegatives(CountConfig config = {});
};
class CORNU_API FalsePositives : public Metric {
public:
    explicit FalsePositives(CountConfig config = {});
};
class CORNU_API FalseNegatives : public Metric {
public:
    explicit FalseNegatives(CountConfig config = {});
};

struct PrecisionConfig {
    Thresholds thresholds = {};
    std::optional<int64_t> top_k = {};       // of y_pred (batch, classes): only the k largest count
    std::optional<int64_t> class_id = {};    // of y_pred (batch, classes): only this class counts
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<PrecisionConfig>& s);
};
class CORNU_API Precision : public Metric {  // of what was called positive, the share that is
public:
    explicit Precision(PrecisionConfig config = {});
};
class CORNU_API Recall : public Metric {     // of what is positive, the share that was called so
public:
    explicit Recall(PrecisionConfig config = {});
};

// The best of one share at those thresholds where another is at least as large as wanted.
struct SensitivityAtSpecificityConfig {
    Required<double> specificity;
    int64_t num_thresholds = 200;
    std::optional<int64_t> class_id = {};
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<SensitivityAtSpecificityConfig>& s);
};
class CORNU_API SensitivityAtSpecificity : public Metric {
public:
    explicit SensitivityAtSpecificity(SensitivityAtSpecificityConfig config);
};

struct SpecificityAtSensitivityConfig {
    Required<double> sensitivity;
    int64_t num_thresholds = 200;
    std::optional<int64_t> class_id = {};
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<SpecificityAtSensitivityConfig>& s);
};
class CORNU_API SpecificityAtSensitivity : public Metric {
public:
    explicit SpecificityAtSensitivity(SpecificityAtSensitivityConfig config);
};

struct PrecisionAtRecallConfig {
    Required<double> recall;
    int64_t num_thresholds = 200;
    std::optional<int64_t> class_id = {};
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<PrecisionAtRecallConfig>& s);
};
class CORNU_API PrecisionAtRecall : public Metric {
public:
    explicit PrecisionAtRecall(PrecisionAtRecallConfig config);
};

struct RecallAtPrecisionConfig {
    Required<double> precision;
    int64_t num_thresholds = 200;
    std::optional<int64_t> class_id = {};
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<RecallAtPrecisionConfig>& s);
};
class CORNU_API RecallAtPrecision : public Metric {
public:
    explicit RecallAtPrecision(RecallAtPrecisionConfig config);
};

}  // namespace cornu::metrics
