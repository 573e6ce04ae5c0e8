// The harmonic mean of precision and recall, class by class. y_true and y_pred are of shape (batch,
// classes); the largest prediction of a row is positive, or all above a threshold if there is one.
#pragma once

#include "cornu/metrics/metric.h"

namespace cornu::metrics {

struct FBetaScoreConfig {
    // None: one score a class; "micro": of all classes' counts together; "macro": the classes' mean;
    // "weighted": the mean by how often a class occurs.
    std::optional<std::string> average = {};
    double beta = 1.0;                       // how much more recall counts than precision
    std::optional<double> threshold = {};
    std::string name = {};                   // "fbeta_score"
    std::optional<DType> dtype = {};
    static void describe(Schema<FBetaScoreConfig>& s);
};
class CORNU_API FBetaScore : public Metric {
public:
    explicit FBetaScore(FBetaScoreConfig config = {});
};

struct F1ScoreConfig {
    std::optional<std::string> average = {};
    std::optional<double> threshold = {};
    std::string name = {};                   // "f1_score"
    std::optional<DType> dtype = {};
    static void describe(Schema<F1ScoreConfig>& s);
};
class CORNU_API F1Score : public Metric {
public:
    explicit F1Score(F1ScoreConfig config = {});
};

}  // namespace cornu::metrics
