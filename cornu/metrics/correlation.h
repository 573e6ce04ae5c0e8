// How far predictions follow targets along an axis: 1 for together, -1 for opposite, 0 for not at all.
#pragma once

#include "cornu/metrics/reduction.h"

namespace cornu::metrics {

CORNU_API Tensor pearson_correlation(const Tensor& y_true, const Tensor& y_pred, int64_t axis = -1);
// Scale and offset count too.
CORNU_API Tensor concordance_correlation(const Tensor& y_true, const Tensor& y_pred, int64_t axis = -1);

struct CorrelationConfig {
    std::string name = {};
    std::optional<DType> dtype = {};
    int64_t axis = -1;
    static void describe(Schema<CorrelationConfig>& s);
};
class CORNU_API PearsonCorrelation : public Metric {
public:
    explicit PearsonCorrelation(CorrelationConfig config = {});
};
class CORNU_API ConcordanceCorrelation : public Metric {
public:
    explicit ConcordanceCorrelation(CorrelationConfig config = {});
};

}  // namespace cornu::metrics
