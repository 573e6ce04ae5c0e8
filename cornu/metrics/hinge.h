// The losses of margins as metrics.
#pragma once

#include "cornu/metrics/reduction.h"

namespace cornu::metrics {

class CORNU_API Hinge : public Metric {
public:
    explicit Hinge(MetricConfig config = {});
};
class CORNU_API SquaredHinge : public Metric {
public:
    explicit SquaredHinge(MetricConfig config = {});
};
class CORNU_API CategoricalHinge : public Metric {
public:
    explicit CategoricalHinge(MetricConfig config = {});
};

}  // namespace cornu::metrics
