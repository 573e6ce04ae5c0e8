// How often predictions are right. The functions give 1 or 0 for each sample.
#pragma once

#include "cornu/metrics/reduction.h"

namespace cornu::metrics {

CORNU_API Tensor accuracy(const Tensor& y_true, const Tensor& y_pred);   // equal values
CORNU_API Tensor binary_accuracy(const Tensor& y_true, const Tensor& y_pred, double threshold = 0.5);
CORNU_API Tensor categorical_accuracy(const Tensor& y_true, const Tensor& y_pred);          // one-hot targets
CORNU_API Tensor sparse_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred);   // class indices
CORNU_API Tensor top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, int64_t k = 5);
CORNU_API Tensor sparse_top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, int64_t k = 5);

class CORNU_API Accuracy : public Metric {
public:
    explicit Accuracy(MetricConfig config = {});
};

struct BinaryAccuracyConfig {
    std::string name = {};
    std::optional<DType> dtype = {};
    double threshold = 0.5;                  // above it a prediction is 1
    static void describe(Schema<BinaryAccuracyConfig>& s);
};
class CORNU_API BinaryAccuracy : public Metric {
public:
    explicit BinaryAccuracy(BinaryAccuracyConfig config = {});
};

class CORNU_API CategoricalAccuracy : public Metric {
public:
    explicit CategoricalAccuracy(MetricConfig config = {});
};
class CORNU_API SparseCategoricalAccuracy : public Metric {
public:
    explicit SparseCategoricalAccuracy(MetricConfig config = {});
};

struct TopKAccuracyConfig {
    int64_t k = 5;
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<TopKAccuracyConfig>& s);
};
class CORNU_API TopKCategoricalAccuracy : public Metric {
public:
    explicit TopKCategoricalAccuracy(TopKAccuracyConfig config = {});
};
class CORNU_API SparseTopKCategoricalAccuracy : public Metric {
public:
    explicit SparseTopKCategoricalAccuracy(TopKAccuracyConfig config = {});
};

}  // namespace cornu::metrics
