// Metrics of probabilities: the losses of the same names, averaged over all samples seen.
#pragma once

#include "cornu/metrics/reduction.h"

namespace cornu::metrics {

struct BinaryCrossentropyConfig {
    std::string name = {};
    std::optional<DType> dtype = {};
    bool from_logits = false;
    double label_smoothing = 0;
    static void describe(Schema<BinaryCrossentropyConfig>& s);
};
class CORNU_API BinaryCrossentropy : public Metric {
public:
    explicit BinaryCrossentropy(BinaryCrossentropyConfig config = {});
};

struct CategoricalCrossentropyConfig {
    std::string name = {};
    std::optional<DType> dtype = {};
    bool from_logits = false;
    double label_smoothing = 0;
    int64_t axis = -1;
    static void describe(Schema<CategoricalCrossentropyConfig>& s);
};
class CORNU_API CategoricalCrossentropy : public Metric {
public:
    explicit CategoricalCrossentropy(CategoricalCrossentropyConfig config = {});
};

struct SparseCategoricalCrossentropyConfig {
    std::string name = {};
    std::optional<DType> dtype = {};
    bool from_logits = false;
    std::optional<int64_t> ignore_class = {};
    int64_t axis = -1;
    static void describe(Schema<SparseCategoricalCrossentropyConfig>& s);
};
class CORNU_API SparseCategoricalCrossentropy : public Metric {
public:
    explicit SparseCategoricalCrossentropy(SparseCategoricalCrossentropyConfig config = {});
};

class CORNU_API KLDivergence : public Metric {
public:
    explicit KLDivergence(MetricConfig config = {});
};
class CORNU_API Poisson : public Metric {
public:
    explicit Poisson(MetricConfig config = {});
};

}  // namespace cornu::metrics
