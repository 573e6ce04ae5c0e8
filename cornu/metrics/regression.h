// Metrics of numbers.
#pragma once

#include "cornu/metrics/reduction.h"

namespace cornu::metrics {

class CORNU_API MeanSquaredError : public Metric {
public:
    explicit MeanSquaredError(MetricConfig config = {});
};
class CORNU_API RootMeanSquaredError : public Metric {
public:
    explicit RootMeanSquaredError(MetricConfig config = {});
};
class CORNU_API MeanAbsoluteError : public Metric {
public:
    explicit MeanAbsoluteError(MetricConfig config = {});
};
class CORNU_API MeanAbsolutePercentageError : public Metric {
public:
    explicit MeanAbsolutePercentageError(MetricConfig config = {});
};
class CORNU_API MeanSquaredLogarithmicError : public Metric {
public:
    explicit MeanSquaredLogarithmicError(MetricConfig config = {});
};
class CORNU_API LogCoshError : public Metric {
public:
    explicit LogCoshError(MetricConfig config = {});
};

struct CosineSimilarityConfig {
    std::string name = {};
    std::optional<DType> dtype = {};
    int64_t axis = -1;
    static void describe(Schema<CosineSimilarityConfig>& s);
};
class CORNU_API CosineSimilarity : public Metric {   // 1 for the same direction
public:
    explicit CosineSimilarity(CosineSimilarityConfig config = {});
};

struct R2ScoreConfig {
    std::optional<std::string> class_aggregation = "uniform_average";  // or "variance_weighted_average", or none
    int64_t num_regressors = 0;              // adjusts the score when not 0
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<R2ScoreConfig>& s);
};
class CORNU_API R2Score : public Metric {
public:
    explicit R2Score(R2ScoreConfig config = {});
};

}  // namespace cornu::metrics
